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
#include "kinspace/data/csv_convert.h"
#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/table.h"

namespace kin {

struct CsvOptions : CsvDialect {
  std::vector<std::string> names = {};  ///< of the columns; none: the first row has them. A last "name..." takes the
                                        ///< rest of a row as a list
  char decimal = '.';                   ///< between a number and its fraction
  std::map<std::string, ColumnType> types = {};            ///< columns whose type is not guessed
  std::string types_role = "data.types";                   ///< how errors call `types`
  std::map<std::string, ColumnType> types_elsewhere = {};  ///< guessed from other files of the same table
  std::int64_t guess_rows = 1000;                          ///< rows that the types are guessed from
  BadRows* bad_rows = nullptr;  ///< takes the rows that cannot be read; its owner restarts and finishes it, and it
                                ///< outlives the reader. Null: the first such row is an error
  CsvLimits limits = {};
  ThreadPool* pool = nullptr;  ///< shares the columns of a batch among threads, and finds the cells of the next one
                               ///< beside what is done with this one, unless a pipe may keep it waiting; outlives the
                               ///< reader
};

/// A table from a CSV text, as typed batches. What a text may hold is described at CsvScanner.
///
/// Types    are guessed from the first rows: integer if every cell is one, number if every cell is a number, else
///          string. Empty cells, "nan" and "inf" do not decide; nor does a cell of zeros before other digits make an
///          integer (02139 is a code). A column without any deciding cell is a string.
/// Missing  an empty cell, quoted or not; for integers and numbers one of blanks too.
/// Lists    the column "name..." is called `name`; its values are the cells behind the columns before it. A row that
///          ends there, or has one empty cell there, has an empty list.
/// Numbers  as parse_integer() and parse_number() read them. NaN, infinities and values out of range are refused.
/// Errors   of the constructor: kBadData (empty text, a header with a repeated or an empty name, no rows, and whatever
///          the scanner finds in the first rows), kInvalidArgument (`types` names a column that is not there, a
///          separator that cannot be one).
/// Bad rows with `bad_rows` of another policy than kError, rows that the scanner or a wanted column refuses are left
///          out and given to it in the order of the text.
class CsvReader final : public Table {
 public:
  CsvReader(ByteSource source, CsvOptions options);

  const std::string& name() const noexcept override { return source_.name; }
  std::uint64_t size() const noexcept override { return source_.size; }
  const std::vector<Field>& fields() const noexcept override { return fields_; }

  /// From the size and the first rows; exact for a short text.
  std::int64_t estimated_rows() const noexcept override { return estimated_rows_; }

  /// Cells of fields that are not wanted are counted and otherwise not looked at.
  void start(std::vector<std::int64_t> wanted) override;

  /// Errors   kBadData naming file, line, column and value.
  bool next(Batch& batch) override;

  std::string place(std::size_t row) const override;

  /// Line of a row of the last batch, from 1.
  std::int64_t line(std::size_t row) const noexcept {
    return lines_.empty() ? first_line_ + static_cast<std::int64_t>(row) : lines_[row];
  }

  std::uint64_t bytes_read() const noexcept override { return source_.taken->load(); }
  std::string digest() const override { return scanner_->digest(); }
  const BadRows& bad_rows() const noexcept override;

 private:
  // A cell of a wanted column that cannot be its value.
  struct Refusal {
    std::size_t row = 0;
    std::size_t column = 0;  // of the wanted ones
    Parsed why = Parsed::kOther;
    std::string value;
  };

  bool tolerant() const noexcept;
  void open();
  std::vector<std::string> header();
  void read_names();
  void expect();
  void guess_types();
  bool scan();
  void scan_ahead();
  void keep_lines();
  void convert(Batch& batch);
  bool is_list(std::size_t i) const noexcept;
  CsvCells cells_of(std::size_t i);
  void read_values(std::size_t i, const CsvCells& cells, std::size_t begin, std::size_t end);
  void add_refusals(std::size_t i);
  void leave_out();
  const Field& field_of(const Refusal& refusal) const;
  Error error_of(const Refusal& refusal, const std::string& place) const;

  ByteSource source_;
  CsvOptions options_;
  const kernels::Table& kernels_ = kernels::active();
  bool rest_ = false;  // the last field takes the rest of a row
  std::vector<Field> fields_;
  std::int64_t estimated_rows_ = 0;
  std::unique_ptr<CsvScanner> scanner_;
  std::vector<std::int64_t> wanted_;
  std::vector<CsvValues> values_;
  std::vector<std::int32_t> list_offsets_;
  std::vector<std::vector<BadCell>> bad_cells_;  // parallel to wanted_
  std::vector<Refusal> refusals_;
  std::int64_t first_line_ = 0;      // of the last batch; row i is on line first_line_ + i
  std::vector<std::int64_t> lines_;  // unless it is on this one
  bool scanned_ = false;             // what scanner_->next() gave, by ahead_
  std::optional<SideTask> ahead_;    // last: its work uses the scanner
};

/// ',' or what the options say: 1 to 4 characters in `separator` ("\\t" is a tab), else a tab for a path that ends in
/// ".tsv" or ".tab".
/// Errors   kInvalidArgument.
std::string csv_separator(const std::string& separator, const std::string& path);

/// Errors   kInvalidArgument naming the column when a type is none of "integer", "number", "string".
std::map<std::string, ColumnType> parse_column_types(const std::map<std::string, std::string>& types);

}  // namespace kin
