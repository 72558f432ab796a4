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

// The number of a small key that direct_ does not know, which often comes again at once; -1 for others.
std::int64_t KeyCounter::small_number(std::int64_t key) {
  if (static_cast<std::uint64_t>(key) >= DirectKeys::kMaxKeys) return -1;
  if (const std::int64_t* const remembered = memo_.find(short_key(key))) return *remembered;
  const std::uint32_t number = index_.insert(key);
  direct_.insert(key, number, index_.size());
  memo_.put(short_key(key), number);
  return number;
}

void KeyCounter::number(const Values& values, std::span<std::int64_t> out) {
  if (values.integers) {
    find_integers(
        values.numbers, memo_, unknown_integers_, out,
        [&](std::int64_t key) {
          const std::int64_t known = direct_.find(key);
          return known >= 0 ? known : small_number(key);
        },
        [&](std::span<const std::int64_t> keys, std::span<std::int64_t> numbers) { index_.insert(keys, numbers); });
  } else {
    find_strings(
        values, memo_, unknown_strings_, out,
        [&](std::size_t i) { return std::int64_t{index_.insert(values.string(i))}; },
        [&](std::span<const std::string_view> keys, std::span<std::int64_t> numbers) { index_.insert(keys, numbers); });
  }
  memo_.grow(index_.size());
  counts_.resize(static_cast<std::size_t>(index_.size()));
}

}  // namespace kin::internal
