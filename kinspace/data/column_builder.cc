#include "kinspace/data/column_builder.h"

#include <algorithm>

namespace kin {

void ColumnBuilder::Bits::add(bool set) {
  if (size_ / 8 == bits_.size()) bits_.push_back(0);
  const auto bit = static_cast<std::uint8_t>(1U << (size_ % 8));
  if (set) {
    bits_[size_ / 8] = static_cast<std::uint8_t>(bits_[size_ / 8] | bit);
  } else {
    bits_[size_ / 8] = static_cast<std::uint8_t>(bits_[size_ / 8] & ~bit);
    ++unset_;
  }
  ++size_;
}

void ColumnBuilder::Bits::truncate(std::size_t size) {
  for (; size_ > size && unset_ > 0; --size_) {
    const std::size_t last = size_ - 1;
    unset_ -= (bits_[last / 8] >> (last % 8) & 1) == 0 ? 1 : 0;
  }
  size_ = size;
}

void ColumnBuilder::truncate(std::size_t rows) {
  rows = std::min(rows, rows_);
  rows_ = rows;
  list_offsets_.resize(cells_ == Cells::kSingle ? 1 : rows + 1);
  const std::size_t values = cells_ == Cells::kSingle ? rows : static_cast<std::size_t>(list_offsets_.back());
  if (type_ == ColumnType::kInteger) integers_.resize(values);
  if (type_ == ColumnType::kNumber) numbers_.resize(values);
  if (type_ == ColumnType::kString) {
    offsets_.resize(values + 1);
    bytes_.resize(static_cast<std::size_t>(offsets_.back()));
  }
  validity_.truncate(rows);
  value_validity_.truncate(values);
}

void ColumnBuilder::add_missing_value() {
  if (type_ == ColumnType::kInteger) integers_.push_back(0);
  if (type_ == ColumnType::kNumber) numbers_.push_back(0);
  if (type_ == ColumnType::kString) offsets_.push_back(offsets_.back());
  value_validity_.add(false);
}

void ColumnBuilder::end_row() {
  if (cells_ != Cells::kSingle) list_offsets_.push_back(static_cast<std::int32_t>(value_validity_.size()));
  validity_.add(true);
  ++rows_;
}

void ColumnBuilder::end_missing_row() {
  if (cells_ == Cells::kSingle) {
    add_missing_value();
  } else {
    list_offsets_.push_back(list_offsets_.back());
  }
  validity_.add(false);
  ++rows_;
}

Column ColumnBuilder::column() const {
  Column out;
  out.type = type_;
  out.cells = cells_;
  if (type_ == ColumnType::kInteger) out.integers = integers_;
  if (type_ == ColumnType::kNumber) out.numbers = numbers_;
  if (type_ == ColumnType::kString) {
    out.offsets = offsets_;
    out.bytes = bytes_.data();
  }
  out.validity = validity_.data();
  if (cells_ != Cells::kSingle) {
    out.list_offsets = list_offsets_;
    out.value_validity = value_validity_.data();
  }
  return out;
}

}  // namespace kin
