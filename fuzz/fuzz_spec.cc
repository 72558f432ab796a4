// Any text is either refused with one of the errors that the reader promises, or gives a spec that survives being
// written and read again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/estimator/spec_io.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void round_trip(const kin::Spec& spec) {
  const std::string json = kin::canonical_json(spec);
  must(kin::canonical_json(kin::spec_from_json(json)) == json);
  must(kin::canonical_json(kin::parse_spec(kin::to_toml(spec), "printed")) == json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    round_trip(kin::parse_spec(text, "input"));
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kInvalidArgument || error.code() == kin::ErrorCode::kResourceLimit);
  }
  try {
    round_trip(kin::spec_from_json(text));
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported);
  }
  return 0;
}
