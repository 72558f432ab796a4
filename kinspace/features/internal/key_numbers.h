#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/data/key_index.h"
#include "kinspace/features/internal/key_memo.h"
#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// Small integer keys by place: a table that is read instead of a KeyIndex's where keys are dense enough.
class DirectKeys {
 public:
  static constexpr std::uint64_t kMaxKeys = std::uint64_t{1} << 22;

  /// The number of a key, or -1 where this table does not know.
  std::int64_t find(std::int64_t key) const noexcept {
    const auto place = static_cast<std::uint64_t>(key);
    return place < numbers_.size() ? std::int64_t{numbers_[place]} - 1 : -1;
  }

  /// Remembers a number if the table stays dense: `count` keys are known in all.
  void insert(std::int64_t key, std::uint32_t number, std::int64_t count);

 private:
  std::vector<std::uint32_t> numbers_;  // plus one; 0: unknown
};

/// Numbers the values of a column by order of arrival, and counts them.
class KeyCounter {
 public:
  explicit KeyCounter(bool integers) : index_(integers) {}

  /// The number of each value, new ones for new values.
  void number(const Values& values, std::span<std::int64_t> out);

  /// Counts a number that number() gave.
  void count(std::int64_t number) { ++counts_[static_cast<std::size_t>(number)]; }

  const KeyIndex& index() const noexcept { return index_; }
  const std::vector<std::int64_t>& counts() const noexcept { return counts_; }

 private:
  std::int64_t small_number(std::int64_t key);

  KeyIndex index_;
  DirectKeys direct_;
  KeyMemo memo_;
  Unknown<std::int64_t> unknown_integers_;
  Unknown<std::string_view> unknown_strings_;
  std::vector<std::int64_t> counts_;
};

}  // namespace kin::internal
