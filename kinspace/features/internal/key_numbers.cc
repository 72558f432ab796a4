#include "kinspace/features/internal/key_numbers.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace kin::internal {

void DirectKeys::insert(std::int64_t key, std::uint32_t number, std::int64_t count) {
  constexpr std::uint64_t kSmall = 1 << 12;
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
      std::int64_t number = direct_.find(key);
      if (number < 0) {
        number = index_.insert(key);
        direct_.insert(key, static_cast<std::uint32_t>(number), index_.size());
      }
      out[i] = number;
    }
  } else if (values.coded) {
    // A new key when it comes, not when its code does: another one may come before.
    cache_.follow(values);
    const auto insert = [&](std::string_view key) { return std::int64_t{index_.insert(key)}; };
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = cache_.one(static_cast<std::size_t>(values.codes[i]), values, insert);
    }
  } else {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = index_.insert(values.string(i));
  }
  counts_.resize(static_cast<std::size_t>(index_.size()));
}

}  // namespace kin::internal
