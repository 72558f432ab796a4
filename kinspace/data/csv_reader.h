#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/data/csv_scanner.h"

namespace kin {

struct CsvOptions {
  char separator = ',';
  std::map<std::string, ColumnType> types;  ///< columns whose type is not guessed
  std::string types_role = "data.types";    ///< how errors call `types`
  std::int64_t guess_rows = 1000;           ///< rows that the types are guessed from
  CsvLimits limits;
};

/// A table from a CSV text with a header, as typed batches. What a text may hold is described at CsvScanner.
///
/// Types    are guessed from the first rows: integer if every cell is one, number if every cell is a number, else
/// string.
///          Empty cells, "nan" and "inf" do not decide; nor does a cell of zeros before other digits make an integer
///          (02139 is a code). A column without any deciding cell is a string.
/// Missing  an empty cell, quoted or not; for integers and numbers one of blanks too.
/// Numbers  as parse_integer() and parse_number() read them. NaN, infinities and values out of range are refused.
/// Errors   of the constructor: kBadData (empty text, a header with a repeated or an empty name, no rows, and whatever
/// the
///          scanner finds in the first rows), kInvalidArgument (`types` names a column that is not there, a separator
///          that cannot be one).
class CsvReader {
 public:
  CsvReader(ByteSource source, CsvOptions options);

  const std::string& name() const noexcept { return source_.name; }
  std::uint64_t size() const noexcept { return source_.size; }
  const std::vector<Field>& fields() const noexcept { return fields_; }

  /// Estimate of the number of rows from the size and the first rows; exact for a short text.
  std::int64_t estimated_rows() const noexcept { return estimated_rows_; }

  /// Starts (again) at the first row. Batches will hold the fields at `wanted` (different ones), in that order; cells
  /// of other fields are counted and otherwise not looked at.
  void start(std::vector<std::int64_t> wanted);

  /// The next rows, at least one; false at the end. What the batch borrows lives until the next call.
  /// Errors   kBadData naming file, line, column and value.
  bool next(Batch& batch);

  /// Line of a row of the last batch, from 1.
  std::int64_t line(std::size_t row) const noexcept { return scanner_->line(row); }

  std::uint64_t bytes_read() const noexcept { return scanner_->bytes_read(); }

  /// Checksum of the text, once next() has returned false.
  std::string digest() const { return scanner_->digest(); }

 private:
  // Memory of one column of a batch.
  struct Store {
    std::vector<std::int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::int32_t> offsets;
    std::vector<char> bytes;
    std::vector<std::uint8_t> validity;
  };
  struct BadCell;

  void read_header();
  void guess_types();
  void open();
  std::optional<BadCell> convert(std::size_t i, Store& store, Column& column);
  template <class Value, class Parse>
  std::optional<BadCell> convert_values(std::size_t i, bool zeros_matter, std::vector<Value>& values, Store& store,
                                        Column& column, Parse parse);
  std::optional<BadCell> convert_strings(std::size_t i, Store& store, Column& column);
  [[noreturn]] void refuse(const Field& field, const BadCell& bad) const;

  ByteSource source_;
  CsvOptions options_;
  std::vector<Field> fields_;
  std::int64_t estimated_rows_ = 0;
  std::unique_ptr<CsvScanner> scanner_;
  std::vector<std::int64_t> wanted_;
  std::vector<Store> stores_;
};

/// ',' or what the options say: one character in `separator`, else a tab for a path that ends in ".tsv" or ".tab".
/// Errors   kInvalidArgument.
char csv_separator(const std::string& separator, const std::string& path);

/// Errors   kInvalidArgument naming the column when a type is none of "integer", "number", "string".
std::map<std::string, ColumnType> parse_column_types(const std::map<std::string, std::string>& types);

}  // namespace kin
