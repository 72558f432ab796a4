#include "kinspace/features/internal/key_numbers.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace kin::internal {

void DirectKeys::insert(std::int64_t key, std::uint32_t number, std::int64_t count) {
  constexpr std::uint64_t kSmall = 1 << 8;
  constexpr std::uint64_t kPlacesPerKey = 64;
  const auto place = static_cast<std::uint64_t>(key);
  if (place >= numbers_.size()) {
    const std::uint64_t dense = std::max(kSmall, static_cast<std::uint64_t>(count) * kPlacesPerKey);
    if (place >= std::min(kMaxKeys, dense)) return;
    numbers_.resize(std::bit_ceil(place + 1));
  }
  numbers_[place] = number + 1;
}

void KeyCounter::number(const Values& values, std::span<std::int64_t> out) {
  if (values.integers) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int64_t key = values.numbers[i];
      const std::int64_t number = direct_.find(key);
      out[i] = number >= 0 ? number : memo_.get(short_key(key), [&] { return insert(key); });
    }
  } else {
    find_strings(values, memo_, out, [&](std::size_t i) { return std::int64_t{index_.insert(values.string(i))}; });
  }
  memo_.grow(index_.size());
  counts_.resize(static_cast<std::size_t>(index_.size()));
}

std::int64_t KeyCounter::insert(std::int64_t key) {
  const std::uint32_t number = index_.insert(key);
  direct_.insert(key, number, index_.size());
  return number;
}

}  // namespace kin::internal
