#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/value_reader.h"

namespace kin::internal {

struct NumberOptions {
  std::string column;                ///< name of the feature column, for messages
  std::vector<std::size_t> sources;  ///< of the encoder's sources
  std::string split;
  std::string derive;
  std::string time_zone;
  std::int64_t size = 1;  ///< numbers a row, or a step of a sequence
  bool sequence = false;
};

/// Reads numbers, `size` a row; a missing one is NaN. Of sequences, `offsets` has the steps of each row and the last
/// one is filled with `padding`; missing values at the end of a row are none.
class NumberReader {
 public:
  /// Errors   kInvalidArgument: a size that is not the number of sources, settings that contradict each other.
  explicit NumberReader(NumberOptions options);
  NumberReader(const NumberReader& other)
      : o_(other.o_), values_(other.values_ ? other.values_->clone() : nullptr), lists_(other.lists_) {}

  /// Errors   kInvalidArgument: a source that has no numbers.
  void bind(const Binding& binding);

  /// Errors   kBadData naming row, column and value: another number of values than `size`, text that is no number.
  void read(const BatchRows& rows, std::vector<float>& out) { read_as(rows, out); }
  void read(const BatchRows& rows, std::vector<double>& out) { read_as(rows, out); }
  void read_sequence(const BatchRows& rows, double padding, std::vector<double>& out,
                     std::vector<std::int64_t>& offsets);

 private:
  template <class T>
  void read_as(const BatchRows& rows, std::vector<T>& out);
  template <class T>
  void read_single(const BatchRows& rows, std::size_t source, std::size_t place, std::vector<T>& out) const;
  double parse(const BatchRows& rows, std::size_t i, std::size_t j) const;
  template <class T>
  void read_lists(const BatchRows& rows, std::vector<T>& out);

  NumberOptions o_;
  std::unique_ptr<ValueReader> values_;  // where cells are split or times
  Values read_;
  bool lists_ = false;
};

/// Value j of a column of numbers or integers, NaN where it is missing.
template <class T>
T number_at(const Column& column, std::size_t j) noexcept {
  if (column.value_missing(j)) return std::numeric_limits<T>::quiet_NaN();
  return column.type == ColumnType::kInteger ? static_cast<T>(column.integers[j]) : static_cast<T>(column.numbers[j]);
}

}  // namespace kin::internal
