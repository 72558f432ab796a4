#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/duckdb_api.h"
#include "kinspace/data/foreign_column.h"

namespace kin::duckdb {

/// How a column of DuckDB becomes one of a table.
///
///   integer   booleans (0 and 1), integers of any width and decimals without a fraction, all within 64 bits; dates and
///             times, with their unit (a time of day counts from midnight)
///   number    FLOAT, DOUBLE, DECIMAL
///   string    VARCHAR, ENUM, UUID, BIT; BLOB when it holds UTF-8; a column of nothing but NULL
///   lists     LIST and ARRAY of these
struct ColumnPlan {
  ColumnType type = ColumnType::kString;
  Cells cells = Cells::kSingle;
  TimeUnit unit = TimeUnit::kNone;
  std::string cast;      ///< SQL type that the values must be cast to before they are fetched; empty: none
  std::string suffix;    ///< of the SQL type of such values in such cells: "", "[]" or "[3]"
  bool varchar = false;  ///< single strings as they are
  std::string refused;   ///< why it cannot be read, such as "a STRUCT"; empty: it can
};

ColumnPlan plan_column(const Api& api, LogicalType type);

/// Makes columns of batches from vectors of one type.
class VectorReader {
 public:
  /// `type`: one that plan_column() takes without a cast. The values become `target`.
  VectorReader(const Api& api, LogicalType type, ColumnType target);

  /// The column of `rows` rows, which borrows from the vector and from this reader until the next call; the rows that
  /// cannot be taken are added to `bad`, with `value` the row.
  Column read(Vector vector, std::size_t rows, std::vector<BadValue>& bad);

 private:
  void read_values(Vector vector, std::size_t count, Column& column, std::vector<BadValue>& bad);
  void read_decimals(const void* data, std::size_t count, Column& column);
  void read_strings(const String* strings, std::size_t count, Column& column);

  const Api& api_;
  ColumnType target_;
  Cells cells_ = Cells::kSingle;
  std::size_t array_size_ = 0;
  Type type_ = Type::kInvalid;  // of a value; of decimals the type that they are stored as
  int scale_ = -1;              // of decimals
  ColumnMemory memory_;
  std::vector<ListRange> ranges_;
  std::vector<BadValue> bad_values_;
};

}  // namespace kin::duckdb
