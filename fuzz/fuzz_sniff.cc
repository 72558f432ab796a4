#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kinspace/data/sniff.h"

// The first byte says whether the text is complete; any text has an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  kin::sniff({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] % 2 == 0);
  return 0;
}
