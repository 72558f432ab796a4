// Any text is either refused as damaged or unsupported, or is a manifest that says the same when it is written again.
// Each text is tried as it is and as the body of a manifest whose checksum is right.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/formats/manifest.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void parse(const std::string& text) {
  try {
    const kin::Manifest manifest = kin::parse_manifest(text, "model.json");
    for (const kin::FileRecord& record : manifest.files) must(kin::check_model_path(record.path).empty());
    const std::string again = kin::render_manifest(manifest);
    must(kin::render_manifest(kin::parse_manifest(again, "again")) == again);
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  parse(text);
  const auto tail = text.rfind(" \"xxh3\"");
  const std::string body = text.substr(0, tail);
  parse(body + " \"xxh3\": \"" + kin::checksum_hex(body) + "\"\n}\n");
  return 0;
}
