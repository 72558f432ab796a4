// A text is a time of the years 1 to 9999 or none, and every part of it is in its range.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kinspace/features/time_part.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const kin::TimeZone kZone("-09:30");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = kin::parse_time(text)) {
    if (time->seconds < -62135596800 || time->seconds > 253402300800) std::abort();
  }
  for (int i = 0; i <= static_cast<int>(kin::TimePart::kEpoch); ++i) {
    const auto part = static_cast<kin::TimePart>(i);
    const std::int64_t values = kin::time_part_size(part);
    const auto value = kin::TimeDeriver(part, kZone).of(text);
    if (value && values != 0 && (*value < 0 || *value >= values)) std::abort();
  }
  return 0;
}
