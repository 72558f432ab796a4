#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/base/buffer.h"

namespace kin {

/// Distinct values of one key column, in some order: all integers or all strings, as the column is.
class KeyList {
 public:
  KeyList() : keys_(std::vector<std::int64_t>{}) {}
  explicit KeyList(std::vector<std::int64_t> integers) : keys_(std::move(integers)) {}
  explicit KeyList(std::vector<std::string> strings) : keys_(std::move(strings)) {}

  std::int64_t size() const noexcept;
  bool integers() const noexcept { return std::holds_alternative<std::vector<std::int64_t>>(keys_); }
  std::int64_t integer(std::int64_t i) const { return std::get<0>(keys_)[static_cast<std::size_t>(i)]; }
  const std::string& string(std::int64_t i) const { return std::get<1>(keys_)[static_cast<std::size_t>(i)]; }

  /// Those of the kind that it holds; of the other kind none.
  std::span<const std::int64_t> all_integers() const noexcept;
  std::span<const std::string> all_strings() const noexcept;

  /// The key as text: the decimal number or the string itself.
  std::string text(std::int64_t i) const;

  /// The number that stands for key i in hashes: the integer itself, or the FNV-1a of the string.
  std::uint64_t number(std::int64_t i) const;

  /// True if key i comes before key j: numbers by value, strings by their bytes.
  bool less(std::int64_t i, std::int64_t j) const;

 private:
  std::variant<std::vector<std::int64_t>, std::vector<std::string>> keys_;
};

/// What every group (user) did, in order: the compact cache that training, evaluation and the floors iterate over.
///
/// Shapes   G groups, E events, N distinct items. Group g has items[offsets[g] .. offsets[g + 1]) sorted by the order
///          columns, ties by row order. Items are numbered by rising key (so "the smaller item id" is the smaller
///          number). Groups are sorted by key too.
/// Memory   4 bytes an event, 8 a group, and the keys.
struct Histories {
  std::vector<std::int64_t> offsets;  ///< G + 1
  Buffer<std::uint32_t> items;        ///< E
  KeyList groups;                     ///< G
  KeyList item_keys;                  ///< N

  std::int64_t group_count() const noexcept { return static_cast<std::int64_t>(offsets.size()) - 1; }
  std::int64_t item_count() const noexcept { return item_keys.size(); }
  std::int64_t event_count() const noexcept { return static_cast<std::int64_t>(items.size()); }
  std::span<const std::uint32_t> group(std::int64_t g) const noexcept {
    return items.span().subspan(
        static_cast<std::size_t>(offsets[static_cast<std::size_t>(g)]),
        static_cast<std::size_t>(offsets[static_cast<std::size_t>(g) + 1] - offsets[static_cast<std::size_t>(g)]));
  }
};

}  // namespace kin
