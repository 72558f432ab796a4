#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/key_index.h"
#include "kinspace/estimator/encode_table.h"

namespace kin {

/// The columns of one entry of eval.slice: "country", or "country,hour" for every combination of their values.
/// Errors   kInvalidArgument for an empty name, or the same one twice.
std::vector<std::string> slice_columns(std::string_view entry);

/// Sees to it that the columns of eval.slice are there, and reads none of them.
class SliceNames final : public RowWatcher {
 public:
  explicit SliceNames(const std::vector<std::string>& entries);

  /// Errors   kInvalidArgument: a column that is not there, or holds lists.
  std::vector<std::int64_t> fields(std::span<const Field> all, const std::string& table) override;
  void take(const Batch& /*batch*/, std::span<const std::uint32_t> /*kept*/) override {}

 private:
  std::vector<std::vector<std::string>> entries_;
};

/// Values of one column by number, in the order in which they come; number 0 is a missing one.
class SliceValues {
 public:
  explicit SliceValues(const Field& field);

  std::uint32_t number(const Column& column, std::size_t row);

  /// As people write it: strings as they are, dates as 2001-12-31. Absent: missing.
  std::optional<std::string> text(std::uint32_t number) const;

  /// By value, a missing one first; strings by their bytes.
  bool less(std::uint32_t a, std::uint32_t b) const;

 private:
  ColumnType type_;
  TimeUnit unit_;
  KeyIndex keys_;  // of value number + 1; of numbers their bits
};

/// To which slices the rows of a table belong, found while the table is encoded: a slice for every value of a column,
/// or for every combination of values of several that occurs.
///
/// Memory   4 bytes a row and entry, and the values.
class RowSlices final : public RowWatcher {
 public:
  /// Errors   those of slice_columns().
  explicit RowSlices(const std::vector<std::string>& entries);

  /// Errors   as SliceNames.
  std::vector<std::int64_t> fields(std::span<const Field> all, const std::string& table) override;
  void take(const Batch& batch, std::span<const std::uint32_t> kept) override;

  std::size_t size() const noexcept { return entries_.size(); }
  const std::vector<std::string>& columns(std::size_t entry) const { return entries_[entry].columns; }

  struct Slice {
    std::vector<std::optional<std::string>> values;  ///< parallel to columns(); absent: missing
    std::vector<std::int64_t> rows;                  ///< rising
  };
  struct Largest {
    std::vector<Slice> slices;
    std::int64_t left_out = 0;       ///< slices that are not among them
    std::int64_t left_out_rows = 0;  ///< and their rows
  };

  /// The largest `most` (0: all) slices of an entry among those rows of the table (rising), by falling number of rows,
  /// then by value.
  Largest largest(std::size_t entry, std::span<const std::int64_t> rows, std::int64_t most) const;

 private:
  struct Entry {
    std::vector<std::string> columns;
    std::vector<std::size_t> places = {};    // into values_
    std::vector<KeyIndex> pairs = {};        // slice of the columns before, number in this one -> slice
    std::vector<std::uint32_t> of_row = {};  // slice
  };

  /// Numbers of the values of a slice, by column.
  std::vector<std::uint32_t> numbers(const Entry& entry, std::uint32_t slice) const;

  std::vector<Entry> entries_;
  std::vector<SliceValues> values_;
};

}  // namespace kin
