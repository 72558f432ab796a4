#include "kinspace/profile/value_counts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr std::size_t kKept = 16384;

std::uint64_t hash_of(std::int64_t value) noexcept {
  return mix64(static_cast<std::uint64_t>(value));
}
std::uint64_t hash_of(std::string_view value) noexcept {
  return mix64(fnv1a64(value));
}

}  // namespace

template <class Key>
void ValueCounts::add_key(const Key& value, std::int64_t count) {
  total_ += count;
  if (sketch_) sketch_->add(hash_of(value));
  const std::uint32_t number = index_.insert(value);
  if (number == counts_.size()) counts_.push_back({evicted_, evicted_});
  counts_[number].most += count;
  if (sketch_ && counts_.size() >= 2 * kKept) evict();
}

void ValueCounts::add(std::int64_t value, std::int64_t count) {
  add_key(value, count);
}
void ValueCounts::add(std::string_view value, std::int64_t count) {
  add_key(value, count);
}

void ValueCounts::approximate() {
  if (sketch_) return;
  sketch_.emplace();
  const KeyList keys = index_.keys();
  for (std::int64_t i = 0; i < keys.size(); ++i) {
    sketch_->add(keys.integers() ? hash_of(keys.integer(i)) : hash_of(keys.string(i)));
  }
  if (counts_.size() > kKept) evict();
}

void ValueCounts::evict() {
  std::vector<std::int64_t> most;
  for (const Count& count : counts_) most.push_back(count.most);
  std::nth_element(most.begin(), most.begin() + kKept, most.end(), std::greater<>());
  evicted_ = most[kKept];
  const KeyList keys = index_.keys();
  KeyIndex kept(index_.integers());
  std::vector<Count> counts;
  for (std::int64_t i = 0; i < keys.size(); ++i) {
    const Count& count = counts_[static_cast<std::size_t>(i)];
    if (count.most <= evicted_) continue;
    if (keys.integers()) {
      kept.insert(keys.integer(i));
    } else {
      kept.insert(keys.string(i));
    }
    counts.push_back(count);
  }
  index_ = std::move(kept);
  counts_ = std::move(counts);
}

std::int64_t ValueCounts::distinct() const {
  if (!sketch_) return index_.size();
  return std::max(index_.size(), static_cast<std::int64_t>(std::llround(sketch_->estimate())));
}

std::uint64_t ValueCounts::memory() const noexcept {
  // A key with its places in the tables of KeyIndex, and its count.
  constexpr std::uint64_t kEntry = 16 + 23 + sizeof(Count);
  return static_cast<std::uint64_t>(index_.size()) * kEntry + index_.text_bytes();
}

void ValueCounts::each(FunctionRef<void(std::uint32_t number, std::int64_t count)> take) const {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    take(static_cast<std::uint32_t>(i), counts_[i].most - counts_[i].unseen);
  }
}

std::vector<std::pair<std::uint32_t, std::int64_t>> ValueCounts::top(std::size_t n) const {
  std::vector<std::pair<std::uint32_t, std::int64_t>> out;
  each([&](std::uint32_t number, std::int64_t count) { out.emplace_back(number, count); });
  n = std::min(n, out.size());
  std::partial_sort(
      out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n), out.end(),
      [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  out.resize(n);
  return out;
}

}  // namespace kin
