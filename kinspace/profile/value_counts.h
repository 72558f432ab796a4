#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/key_index.h"
#include "kinspace/profile/hyperloglog.h"

namespace kin {

/// A value as text and how often it occurs.
struct ValueCount {
  std::string value;
  std::int64_t count = 0;
};

/// Counts each value of a column: exactly, until approximate() is called to bound the memory.
///
/// Approximate  distinct() has a standard error of 0.8 % (HyperLogLog). Of the values the frequent ones are kept, at
///              least every one with more than 1/16384 of all; a count is what was seen for certain, at most that
///              share too small (Metwally et al., "Efficient computation of frequent and top-k elements", 2005, with
///              eviction in batches).
class ValueCounts {
 public:
  explicit ValueCounts(bool integers) : index_(integers) {}

  bool integers() const noexcept { return index_.integers(); }

  void add(std::int64_t value, std::int64_t count = 1);
  void add(std::string_view value, std::int64_t count = 1);

  bool exact() const noexcept { return !sketch_; }
  void approximate();

  std::int64_t total() const noexcept { return total_; }
  std::int64_t distinct() const;

  /// Values that are counted; all of them while exact().
  std::int64_t kept() const noexcept { return index_.size(); }
  std::uint64_t memory() const noexcept;

  /// Calls take(number of the value, its count) for each value that is kept, in the order in which they came.
  void each(FunctionRef<void(std::uint32_t number, std::int64_t count)> take) const;
  const KeyIndex& index() const noexcept { return index_; }

  /// The most frequent values, by falling count, then as they came; numbers of the index and counts.
  std::vector<std::pair<std::uint32_t, std::int64_t>> top(std::size_t n) const;

 private:
  struct Count {
    std::int64_t most = 0;    // the value occurs at most so often
    std::int64_t unseen = 0;  // of which so many may not have been
  };

  template <class Key>
  void add_key(const Key& value, std::int64_t count);
  void evict();

  KeyIndex index_;
  std::vector<Count> counts_;
  std::int64_t total_ = 0;
  std::int64_t evicted_ = 0;  // a value that is not kept occurs at most so often
  std::optional<HyperLogLog> sketch_;
};

}  // namespace kin
