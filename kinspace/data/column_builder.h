#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin {

/// Memory of one column of a batch that is made value by value, row by row. A row of single values has one value, or
/// none where it is missing. Memory is kept from batch to batch.
class ColumnBuilder {
 public:
  ColumnBuilder(ColumnType type, Cells cells) : type_(type), cells_(cells) { clear(); }

  ColumnType type() const noexcept { return type_; }
  Cells cells() const noexcept { return cells_; }
  std::size_t rows() const noexcept { return rows_; }

  void clear() { truncate(0); }

  /// Drops the rows from `rows` on, and the values of a row that has not ended.
  void truncate(std::size_t rows);

  // A value of the next row, of the column's type. The bytes of a batch's strings must stay below 2^31.
  void add(std::int64_t value) {
    integers_.push_back(value);
    value_validity_.add(true);
  }
  void add(double value) {
    numbers_.push_back(value);
    value_validity_.add(true);
  }
  void add(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
    value_validity_.add(true);
  }
  void add_missing_value();

  void end_row();
  void end_missing_row();

  /// Borrows from the builder until it changes.
  Column column() const;

 private:
  class Bits {
   public:
    void add(bool set);
    void truncate(std::size_t size);
    std::size_t size() const noexcept { return size_; }
    const std::uint8_t* data() const noexcept { return unset_ > 0 ? bits_.data() : nullptr; }

   private:
    std::vector<std::uint8_t> bits_;
    std::size_t size_ = 0;
    std::size_t unset_ = 0;
  };

  ColumnType type_;
  Cells cells_;
  std::size_t rows_ = 0;
  std::vector<std::int64_t> integers_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> offsets_ = {0};
  std::vector<char> bytes_;
  std::vector<std::int32_t> list_offsets_ = {0};
  Bits validity_;        // of rows
  Bits value_validity_;  // of values; those of single cells are as their rows
};

}  // namespace kin
