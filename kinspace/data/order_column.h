#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/base/buffer.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/key_index.h"

namespace kin {

/// Values of a column that orders events, kept as unsigned integers of the same order, in 4 bytes where they span less
/// than 2^32 and else in 8. They are seen twice: to learn their range, then to be kept. The item column needs no
/// memory: item numbers have the order of the keys.
class OrderColumn {
 public:
  OrderColumn(ColumnType type, bool is_item)
      : is_item_(is_item), is_string_(type == ColumnType::kString), ranks_(false) {}

  /// First pass; no row of `rows`, which may repeat, may be missing.
  void see(const Column& column, std::span<const std::uint32_t> rows);

  /// Ends the first pass.
  void fix_width();

  void allocate(std::size_t events);

  /// Keeps the value of rows[i] for event places[i]; false if one was not there in the first pass.
  bool put(const Column& column, std::span<const std::uint32_t> rows, std::span<const std::int64_t> places);

  bool is_item() const noexcept { return is_item_; }
  std::int64_t bytes_per_event() const noexcept { return is_item_ ? 0 : wide_ ? 8 : 4; }
  const KeyIndex& ranks() const noexcept { return ranks_; }  ///< the different strings

  std::uint64_t value(std::size_t event) const noexcept { return wide_ ? wide_values_[event] : values_[event]; }

 private:
  template <class F>
  bool for_each_value(const Column& column, std::span<const std::uint32_t> rows, F f);

  bool is_item_;
  bool is_string_;
  bool wide_ = false;
  std::uint64_t smallest_ = ~std::uint64_t{0};
  std::uint64_t largest_ = 0;
  KeyIndex ranks_;
  Buffer<std::uint32_t> values_;  // minus smallest_
  Buffer<std::uint64_t> wide_values_;
};

/// Sorts the events of one group at a time by some order columns, the first one first; ties keep their order.
class HistorySorter {
 public:
  HistorySorter(std::span<const OrderColumn> orders, std::span<std::uint32_t> items) : orders_(orders), items_(items) {}

  void sort(std::int64_t begin, std::int64_t end);

 private:
  struct Entry {
    std::uint64_t value;  // of the first order column
    std::uint32_t event;  // counted from the group's first
    std::uint32_t item;
  };

  bool before(const Entry& a, const Entry& b, std::size_t first) const noexcept;

  std::span<const OrderColumn> orders_;
  std::span<std::uint32_t> items_;
  std::vector<Entry> entries_;
};

}  // namespace kin
