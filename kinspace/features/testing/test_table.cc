#include "kinspace/features/testing/test_table.h"

#include <type_traits>

namespace kin::testing {
namespace {

void set_bit(std::vector<std::uint8_t>& bits, std::size_t i, bool value) {
  if (bits.size() <= i / 8) bits.resize(i / 8 + 1);
  if (value) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | 1U << (i % 8));
}

template <class T>
constexpr ColumnType type_of() {
  return std::is_same_v<T, std::string> ? ColumnType::kString
         : std::is_same_v<T, double>    ? ColumnType::kNumber
                                        : ColumnType::kInteger;
}

template <class Storage, class T>
void put(Storage& s, const std::optional<T>& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    s.bytes += value.value_or("hidden");
    s.offsets.push_back(static_cast<std::int32_t>(s.bytes.size()));
  } else if constexpr (std::is_same_v<T, double>) {
    s.numbers.push_back(value.value_or(-77));
  } else {
    s.integers.push_back(value.value_or(-77));
  }
}

}  // namespace

TestTable::Storage& TestTable::add(const std::string& name, ColumnType type, kin::Cells cells, std::size_t rows) {
  Field field;
  field.name = name;
  field.type = type;
  field.cells = cells;
  fields_.push_back(field);
  storage_.push_back(std::make_unique<Storage>());
  if (fields_.size() == 1) rows_ = rows;
  return *storage_.back();
}

template <class T>
TestTable& TestTable::single(const std::string& name, const Cells<T>& values) {
  Storage& s = add(name, type_of<T>(), kin::Cells::kSingle, values.size());
  bool missing = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    put(s, values[i]);
    set_bit(s.validity, i, values[i].has_value());
    missing |= !values[i].has_value();
  }
  if (!missing) s.validity.clear();
  return *this;
}

template <class T>
TestTable& TestTable::lists(const std::string& name, const Lists<T>& rows) {
  Storage& s = add(name, type_of<T>(), kin::Cells::kList, rows.size());
  std::size_t count = 0;
  s.list_offsets.push_back(0);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    set_bit(s.validity, row, rows[row].has_value());
    for (const auto& value : rows[row].value_or(Cells<T>())) {
      put(s, value);
      set_bit(s.value_validity, count++, value.has_value());
    }
    s.list_offsets.push_back(static_cast<std::int32_t>(count));
  }
  return *this;
}

TestTable& TestTable::strings(const std::string& name, const Cells<std::string>& values) {
  return single(name, values);
}
TestTable& TestTable::integers(const std::string& name, const Cells<std::int64_t>& values) {
  return single(name, values);
}
TestTable& TestTable::numbers(const std::string& name, const Cells<double>& values) {
  return single(name, values);
}
TestTable& TestTable::string_lists(const std::string& name, const Lists<std::string>& rows) {
  return lists(name, rows);
}
TestTable& TestTable::integer_lists(const std::string& name, const Lists<std::int64_t>& rows) {
  return lists(name, rows);
}
TestTable& TestTable::number_lists(const std::string& name, const Lists<double>& rows) {
  return lists(name, rows);
}

TestTable& TestTable::fixed() {
  fields_.back().cells = kin::Cells::kFixed;
  return *this;
}

Batch TestTable::batch(const std::vector<std::int64_t>& positions) const {
  Batch batch;
  batch.rows = static_cast<std::int64_t>(rows_);
  for (const std::int64_t position : positions) {
    const auto i = static_cast<std::size_t>(position);
    const Storage& s = *storage_[i];
    Column column;
    column.type = fields_[i].type;
    column.cells = fields_[i].cells;
    column.integers = s.integers;
    column.numbers = s.numbers;
    column.offsets = s.offsets;
    column.bytes = s.bytes.data();
    if (column.cells != kin::Cells::kSingle) {
      column.list_offsets = s.list_offsets;
      if (!s.value_validity.empty()) column.value_validity = s.value_validity.data();
    }
    if (!s.validity.empty()) column.validity = s.validity.data();
    batch.columns.push_back(column);
  }
  return batch;
}

Encoder TestTable::fit(const FeatureColumns& columns) const {
  Encoder encoder(columns);
  const Batch rows = batch(encoder.bind(fields_, "table"));
  if (!encoder.fitted()) {
    encoder.learn(rows);
    encoder.finish_learning();
  }
  return encoder;
}

EncodedBatch TestTable::encode(const FeatureColumns& columns) const {
  Encoder encoder = fit(columns);
  EncodedBatch out;
  encoder.encode(batch(encoder.bind(fields_, "table")), out);
  return out;
}

EncodedColumn TestTable::encode_one(const FeatureColumn& column) const {
  return encode({{"x", column}}).columns.at(0);
}

}  // namespace kin::testing
