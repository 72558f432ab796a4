#include <algorithm>
#include <nlohmann/json.hpp>

#include "kinspace/base/error.h"
#include "kinspace/features/testing/golden_columns.h"

namespace kin::testing {
namespace {

ColumnType type_of(const TfTensor& t) {
  return t.is_string() ? ColumnType::kString : t.is_float() ? ColumnType::kNumber : ColumnType::kInteger;
}

std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t first, std::size_t last) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < last; ++i) n *= shape[i];
  return n;
}

}  // namespace

TfFeatures::TfFeatures(const nlohmann::json& input, bool inner_rows) : inner_rows_(inner_rows) {
  for (const auto& [key, json] : input.items()) tensors_[key] = tf_tensor(json);
}

const std::string& TfFeatures::column(const std::string& key) {
  return has(key) ? column(key, "", tensor(key)) : names_.emplace(key, key).first->second;
}

const std::string& TfFeatures::column(const std::string& key, const std::string& how, const TfTensor& t) {
  const auto [place, fresh] = names_.emplace(key + " " + how, key);
  if (!fresh) return place->second;
  const auto taken = [&](const Field& field) { return field.name == key; };
  if (std::any_of(fields_.begin(), fields_.end(), taken)) place->second = key + " " + how;
  const std::string& name = place->second;
  if (t.rank() == 0) throw Error::invalid_argument("a table has rows; feature " + key + " has rank 0");
  auto storage = std::make_unique<Storage>();
  storage->offsets.push_back(0);
  const std::size_t outer = inner_rows_ && t.rank() == 3 ? 2 : 1;
  const std::int64_t rows = product(t.shape, 0, outer);
  if (rows_ < 0) rows_ = rows;
  if (t.sparse) {
    fill_sparse(t, *storage);
  } else {
    fill_dense(t, *storage);
  }
  Field field;
  field.name = name;
  field.type = type_of(t);
  field.cells = t.sparse ? Cells::kList : product(t.shape, outer, t.rank()) == 1 ? Cells::kSingle : Cells::kFixed;
  Column& column = storage->column;
  column.type = field.type;
  column.cells = field.cells;
  column.integers = storage->integers;
  column.numbers = storage->numbers;
  column.offsets = storage->offsets;
  column.bytes = storage->bytes.data();
  if (field.cells != Cells::kSingle) {
    column.list_offsets = storage->list_offsets;
    if (t.sparse) column.value_validity = storage->validity.data();
  }
  fields_.push_back(field);
  storage_.push_back(std::move(storage));
  return place->second;
}

void TfFeatures::add_value(const TfTensor& t, std::size_t i, Storage& s) {
  const std::size_t bit = s.integers.size() + s.numbers.size() + s.offsets.size() - 1;
  if (t.is_string()) {
    s.bytes += t.strings[i];
    s.offsets.push_back(static_cast<std::int32_t>(s.bytes.size()));
  } else if (t.is_float()) {
    s.numbers.push_back(t.numbers[i]);
  } else {
    s.integers.push_back(t.integers[i]);
  }
  s.validity.resize(bit / 8 + 1);
  s.validity[bit / 8] = static_cast<std::uint8_t>(s.validity[bit / 8] | 1U << (bit % 8));
}

void TfFeatures::fill_dense(const TfTensor& t, Storage& s) const {
  const std::size_t outer = inner_rows_ && t.rank() == 3 ? 2 : 1;
  const std::int64_t width = product(t.shape, outer, t.rank());
  for (std::size_t i = 0; i < t.size(); ++i) add_value(t, i, s);
  for (std::int64_t row = 0; row <= product(t.shape, 0, outer); ++row) {
    s.list_offsets.push_back(static_cast<std::int32_t>(row * width));
  }
}

void TfFeatures::fill_sparse(const TfTensor& t, Storage& s) const {
  TfTensor gap;  // what stands in a place without a value
  gap.dtype = t.dtype;
  gap.integers = {-7};
  gap.numbers = {-7};
  gap.strings = {"gap"};
  const bool deep = t.rank() == 3;
  const std::int64_t depth = deep ? t.shape[2] : 1;
  const std::int64_t rows = product(t.shape, 0, inner_rows_ && deep ? 2 : 1);
  std::size_t next = 0;
  std::int32_t count = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    s.list_offsets.push_back(count);
    const std::int32_t begin = count;
    for (; next < t.rows.size(); ++next) {
      const bool inner = inner_rows_ && deep;
      if ((inner ? t.rows[next] * t.shape[1] + t.cols[next] : t.rows[next]) != row) break;
      const std::int64_t place = inner ? t.depths[next] : deep ? t.cols[next] * depth + t.depths[next] : t.cols[next];
      for (; count - begin < place; ++count) {
        add_value(gap, 0, s);
        s.validity[static_cast<std::size_t>(count) / 8] &= static_cast<std::uint8_t>(~(1U << (count % 8)));
      }
      add_value(t, next, s);
      ++count;
    }
  }
  s.list_offsets.push_back(count);
  s.validity.resize(static_cast<std::size_t>(count) / 8 + 1);
}

Batch TfFeatures::batch(const std::vector<std::int64_t>& positions) const {
  Batch batch;
  batch.rows = std::max<std::int64_t>(rows_, 0);
  for (const std::int64_t i : positions) batch.columns.push_back(storage_[static_cast<std::size_t>(i)]->column);
  return batch;
}

}  // namespace kin::testing
