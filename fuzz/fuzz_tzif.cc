// An entry of the tz database either gives rules or is refused with a typed error; rules answer for every second.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/features/tz_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1 << 20) return 0;
  try {
    const auto rules = kin::TzRules::parse({reinterpret_cast<const char*>(data), size}, "zone");
    for (const std::int64_t at :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1} << 40, std::int64_t{0}, std::int64_t{1} << 31,
          std::int64_t{1} << 36, std::int64_t{1} << 50, std::numeric_limits<std::int64_t>::max()}) {
      for (const std::int64_t offset : {rules.offset_at(at), rules.offset_of_local(at)}) {
        if (offset < -26 * 3600 || offset > 26 * 3600) std::abort();
      }
    }
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kCorruption && error.code() != kin::ErrorCode::kNotSupported) throw;
  }
  return 0;
}
