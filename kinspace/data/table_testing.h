#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/table.h"

namespace kin {

/// The value of a column as text: 5, 2.5, "x", or - where it is missing.
inline std::string value_text(const Column& column, std::size_t value) {
  if (column.value_missing(value)) return "-";
  switch (column.type) {
    case ColumnType::kInteger:
      return fmt::format("{}", column.integers[value]);
    case ColumnType::kNumber:
      return fmt::format("{}", column.numbers[value]);
    case ColumnType::kString:
      return fmt::format("\"{}\"", column.string(value));
  }
  return "?";
}

/// A cell of a batch as text; lists as [1 2 -].
inline std::string cell_text(const Column& column, std::size_t row) {
  if (column.missing(row)) return "-";
  if (column.cells == Cells::kSingle) return value_text(column, row);
  std::string text = "[";
  for (auto i = column.list_offsets[row]; i < column.list_offsets[row + 1]; ++i) {
    if (text.size() > 1) text += " ";
    text += value_text(column, static_cast<std::size_t>(i));
  }
  return text + "]";
}

inline std::vector<std::int64_t> all_fields(const Table& table) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < table.fields().size(); ++i) all.push_back(static_cast<std::int64_t>(i));
  return all;
}

/// The rows of a table, from the first, cells with " | " between them.
inline std::vector<std::string> row_texts(Table& table, std::vector<std::int64_t> wanted) {
  std::vector<std::string> rows;
  table.start(std::move(wanted));
  for (Batch batch; table.next(batch);) {
    for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
      std::string& text = rows.emplace_back();
      for (const Column& column : batch.columns) text += (text.empty() ? "" : " | ") + cell_text(column, row);
    }
  }
  return rows;
}
inline std::vector<std::string> row_texts(Table& table) {
  return row_texts(table, all_fields(table));
}

/// "name type" of each column, "name types" of one of lists.
inline std::vector<std::string> field_texts(const Table& table) {
  std::vector<std::string> out;
  for (const Field& field : table.fields()) {
    out.push_back(
        fmt::format("{} {}{}", field.name, column_type_name(field.type), field.cells == Cells::kSingle ? "" : "s"));
  }
  return out;
}

/// "message | fix" of the error of kind `code` that f throws.
template <class F>
std::string refused_with(ErrorCode code, F f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace kin
