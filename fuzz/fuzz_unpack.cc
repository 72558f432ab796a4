#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/byte_source.h"

namespace {

// As much of the text as has been read before an error, at most 16 MiB of it.
std::string unpack(const std::string& bytes, std::size_t step, bool& failed) {
  constexpr std::size_t kMost = std::size_t{16} << 20;
  std::string text;
  std::vector<char> block(step);
  failed = false;
  try {
    const kin::ByteSource::Read read = kin::unpacked_source(kin::memory_source("fuzz", bytes)).start();
    while (text.size() < kMost) {
      const std::size_t got = read(block.data(), block.size());
      if (got > block.size()) std::abort();
      if (got == 0) break;
      text.append(block.data(), got);
    }
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kBadData && error.code() != kin::ErrorCode::kNotSupported) std::abort();
    failed = true;
  }
  return text;
}

}  // namespace

// What comes out does not depend on how much is asked for at a time, so far as there is no error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  bool whole_failed = false;
  bool parts_failed = false;
  const std::string whole = unpack(bytes, std::size_t{1} << 20, whole_failed);
  const std::string parts = unpack(bytes, std::size_t{256} + 64 * data[0], parts_failed);
  if (whole_failed != parts_failed) std::abort();
  const std::size_t common = std::min(whole.size(), parts.size());
  if (whole.substr(0, common) != parts.substr(0, common)) std::abort();
  return 0;
}
