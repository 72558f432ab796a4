#include "kinspace/base/twins.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr std::size_t kBitsPerValue = 16;

std::uint64_t hash_of(std::int64_t value) {
  return mix64(static_cast<std::uint64_t>(value));
}
std::uint64_t hash_of(const std::string& value) {
  return fnv1a64(value);
}

class Bits {
 public:
  explicit Bits(std::size_t count) : words_((count + 63) / 64) {}
  bool has(std::uint64_t bit) const { return (words_[bit / 64] >> bit % 64 & 1) != 0; }
  void add(std::uint64_t bit) { words_[bit / 64] |= std::uint64_t{1} << bit % 64; }

 private:
  std::vector<std::uint64_t> words_;
};

/// `bit_of(value)` is a bit below `bits`, equal for equal values.
template <class Value, class BitOf>
std::optional<std::pair<std::size_t, std::size_t>> twins_of(std::span<const Value> values, std::size_t bits,
                                                            BitOf bit_of) {
  Bits seen(bits);
  Bits shared(bits);
  bool any = false;
  for (const Value& value : values) {
    const std::uint64_t bit = bit_of(value);
    if (seen.has(bit)) {
      shared.add(bit);
      any = true;
    }
    seen.add(bit);
  }
  if (!any) return std::nullopt;
  std::vector<std::size_t> suspects;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (shared.has(bit_of(values[i]))) suspects.push_back(i);
  }
  std::sort(suspects.begin(), suspects.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b] || (values[a] == values[b] && a < b); });
  std::optional<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t i = 0, first = 0; i < suspects.size(); ++i) {
    if (values[suspects[i]] != values[suspects[first]]) first = i;
    if (i > first && (!found || suspects[i] < found->second)) found.emplace(suspects[first], suspects[i]);
  }
  return found;
}

/// Bits of a filter by hash, a power of two.
std::size_t filter_bits(std::size_t values) {
  return std::bit_ceil(std::max<std::size_t>(values, 4) * kBitsPerValue);
}

}  // namespace

std::optional<std::pair<std::size_t, std::size_t>> find_twins(std::span<const std::int64_t> values) {
  if (values.empty()) return std::nullopt;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const auto from = static_cast<std::uint64_t>(*least);
  const std::uint64_t range = static_cast<std::uint64_t>(*most) - from;
  const std::size_t bits = filter_bits(values.size());
  // Numbers that lie close together have a bit each.
  if (range < bits) {
    return twins_of(values, bits, [&](std::int64_t value) { return static_cast<std::uint64_t>(value) - from; });
  }
  return twins_of(values, bits, [&](std::int64_t value) { return hash_of(value) & (bits - 1); });
}

std::optional<std::pair<std::size_t, std::size_t>> find_twins(std::span<const std::string> values) {
  const std::size_t bits = filter_bits(values.size());
  return twins_of(values, bits, [&](const std::string& value) { return hash_of(value) & (bits - 1); });
}

}  // namespace kin
