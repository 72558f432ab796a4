#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "apps/cli/stream.h"

namespace kin::cli {

enum class Format { kTable, kPlain, kJson, kJsonl, kCsv, kMarkdown };

/// Text that is JSON already.
struct Json {
  std::string text;
};

/// A value of a result; monostate is an absent one.
using Cell =
    std::variant<std::monostate, bool, std::int64_t, float, double, std::string, std::vector<std::string>, Json>;

struct Column {
  std::string name;
  int decimals = -1;    ///< places shown to people; -1: as many as needed. Machines always get the shortest exact form.
  bool detail = false;  ///< left out of what people see
};

/// The result of a command: single fields, rows of a table, or both.
struct Report {
  std::string schema;  ///< such as "kin.similar/1"
  std::vector<std::pair<std::string, Cell>> fields;
  std::vector<Column> columns;  ///< none: the fields are all there is
  std::vector<std::vector<Cell>> rows;
};

/// Prints a report.
///
///   table   rows aligned in columns under a header; a report of fields alone as two columns
///   plain   the same separated by tabs, without a header
///   json    one object: schema, fields, and the rows as objects in an array "rows"
///   jsonl   each row as an object in a line; a report of fields alone as one object
///   csv     RFC 4180 with a header; md the table of GitHub's Markdown. Both as `table` as to what they hold, but csv
///   has
///           the details too.
///
/// Control characters, which a terminal would obey, are shown as escapes.
void print(const Report& report, Format format, const Terminal& terminal, Sink& out);

/// Prints rows one by one as csv or jsonl, for results too large to be held.
class RowWriter {
 public:
  /// `format` is kCsv, kJsonl or kPlain.
  RowWriter(Format format, std::vector<Column> columns, Sink& out);
  void write(const std::vector<Cell>& row);

 private:
  Format format_;
  std::vector<Column> columns_;
  Sink& out_;
};

/// A cell as JSON. A number that is not finite is null.
std::string cell_json(const Cell& cell);

/// `text` as a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

/// `{"schema":...}` with the fields, without a line end.
std::string fields_json(const Report& report);

}  // namespace kin::cli
