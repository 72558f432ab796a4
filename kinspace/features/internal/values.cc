#include "kinspace/features/internal/values.h"

#include <algorithm>

#include "kinspace/base/text.h"

namespace kin::internal {

std::string Values::text(std::size_t i) const {
  return integers ? std::to_string(numbers[i]) : quoted(string(i));
}

std::size_t Values::row_of(std::size_t i) const noexcept {
  const auto next = std::upper_bound(offsets.begin(), offsets.end(), static_cast<std::int64_t>(i));
  return static_cast<std::size_t>(next - offsets.begin()) - 1;
}

}  // namespace kin::internal
