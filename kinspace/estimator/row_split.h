#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/split.h"
#include "kinspace/estimator/spec.h"

namespace kin {

/// Which rows of a table are trained on: what is learned from data (vocabularies, boundaries, means) is learned from
/// these alone.
///
/// group, column  rows by the value of data.group_by or split.column, as split_by_share() and split_by_fold() do
/// row            rows by their number in the table, likewise
/// value          rows whose split.column is at least split.test_from are tested on, else those at least
///                split.valid_from validated on; numbers compare as numbers, times with dates as
///                2001-12-31 or 2001-12-31T23:59:59, strings by their bytes
/// none           all rows
class RowSplit {
 public:
  /// Errors   kInvalidArgument for a split by time, which is one of histories; a column that is not there, holds lists
  ///          or (but for value) numbers with fractions; a bound that is no number where the column has numbers.
  RowSplit(const Spec& spec, std::span<const Field> fields, const std::string& file);

  /// Whether every row is trained on.
  bool all() const noexcept { return all_; }

  /// The field that decides, or -1.
  std::int64_t field() const noexcept { return field_; }

  /// The part of each row. `column` is the field above, if there is one; `first_row` the number of row 0 of the batch.
  void parts(std::int64_t rows, const Column* column, std::int64_t first_row, std::vector<Part>& out);

 private:
  void by_value(std::int64_t rows, const Column& column, std::vector<Part>& out) const;

  SplitOptions split_;
  double valid_from_ = 0;
  double test_from_ = 0;
  bool all_ = true;
  std::int64_t field_ = -1;
  std::vector<std::uint64_t> numbers_;
};

}  // namespace kin
