#include "kinspace/data/sniff.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

constexpr std::size_t kSample = std::size_t{256} << 10;
constexpr std::size_t kRows = 2000;
constexpr std::size_t kLongCell = std::size_t{64} << 10;  // a quote that does not end in as many bytes is none
constexpr double kAgreeing = 0.8;                         // share of rows with one number of cells that makes a table
constexpr std::string_view kSeparators[] = {",", "\t", ";", "|", "::", " "};  // earlier ones win ties
constexpr std::string_view kBlanks = " \t\r\n";

using Row = std::vector<std::string_view>;

// What is to be read, and how.
struct Sample {
  std::string_view text;
  bool complete = true;  // nothing follows
  std::string_view comment;
  std::string_view separator;
  bool quotes = true;
};

struct Cells {
  std::vector<Row> rows;
  bool well_quoted = true;
};

struct Line {
  std::string_view text;  // without its end
  std::size_t next = 0;   // where the following one begins
};

Line line_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  const std::size_t stop = std::min(end, text.size());
  Line line{text.substr(at, stop - at), std::min(stop + 1, text.size())};
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  return line;
}

std::string_view without_comments(std::string_view text, std::string_view comment) {
  while (!comment.empty() && text.starts_with(comment)) text.remove_prefix(line_at(text, 0).next);
  return text;
}

// A quoted cell that begins at `at`: sets `at` behind its closing quote; nothing if it does not end.
std::optional<std::string_view> quoted_cell(std::string_view text, std::size_t& at) {
  const std::size_t begin = at + 1;
  for (std::size_t p = begin;; p += 2) {
    p = text.find('"', p);
    if (p == std::string_view::npos) return std::nullopt;
    if (p + 1 < text.size() && text[p + 1] == '"') continue;
    at = p + 1;
    return text.substr(begin, p - begin);
  }
}

// Reads the row at `at` and moves behind its end; false if the text ends before the row does.
bool read_row(const Sample& sample, std::size_t& at, Row& row, bool& well_quoted) {
  const std::string_view text = sample.text;
  row.clear();
  for (;;) {
    std::optional<std::string_view> quoted;
    if (sample.quotes && at < text.size() && text[at] == '"') {
      quoted = quoted_cell(text, at);
      if (!quoted) {
        well_quoted = well_quoted && !sample.complete && text.size() - at < kLongCell;
        at = text.size();
        return false;
      }
    }
    const std::string_view line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
    const std::size_t stop = line.find(sample.separator);
    std::string_view rest = line.substr(0, stop);
    const bool row_ends = stop == std::string_view::npos;
    if (row_ends && rest.ends_with('\r')) rest.remove_suffix(1);
    if (quoted && !rest.empty()) well_quoted = false;
    row.push_back(quoted ? *quoted : rest);
    if (!row_ends) {
      at += stop + sample.separator.size();
      continue;
    }
    at += line.size();
    const bool ended = at < text.size();
    if (ended) ++at;
    return ended;
  }
}

// The cells of the rows, as far as they are whole.
Cells cells_of(const Sample& sample) {
  Cells out;
  Row row;
  for (std::size_t at = 0; at < sample.text.size() && out.rows.size() < kRows;) {
    if (!sample.comment.empty() && sample.text.substr(at).starts_with(sample.comment)) {
      at = line_at(sample.text, at).next;
      continue;
    }
    const bool ended = read_row(sample, at, row, out.well_quoted);
    if (!ended && !sample.complete && !out.rows.empty()) break;
    if (row.size() > 1 || (row.size() == 1 && !row[0].empty())) out.rows.push_back(row);
  }
  return out;
}

bool is_number(std::string_view cell) {
  std::int64_t whole = 0;
  double real = 0;
  const Parsed as_integer = parse_integer(cell, whole);
  if (as_integer != Parsed::kOther) return as_integer != Parsed::kEmpty;
  return parse_number(cell, real) != Parsed::kOther;
}

bool has_digit(std::string_view cell) {
  return cell.find_first_of("0123456789") != std::string_view::npos;
}

// "12,5", which is a number where a comma stands before the fraction.
bool is_comma_number(std::string_view cell) {
  const std::size_t comma = cell.find(',');
  if (comma == std::string_view::npos || comma == 0 || comma + 1 == cell.size()) return false;
  return is_number(cell.substr(0, comma)) && cell.find_first_not_of("0123456789", comma + 1) == std::string_view::npos;
}

// How much the cell looks as if another separator had been meant, from 0 to 1. Bars and semicolons also stand between
// the values of one cell.
double torn(std::string_view cell, std::string_view separator) {
  constexpr double kOfList = 0.25;
  if (is_comma_number(cell)) return 0;
  double most = 0;
  for (const std::string_view other : kSeparators) {
    if (other == separator || other == " " || cell.find(other) == std::string_view::npos) continue;
    most = std::max(most, other == "," || other == "\t" ? 1 : kOfList);
  }
  return most;
}

// One way to read the text.
struct Reading {
  std::string separator = ",";
  bool quotes = true;
  std::vector<Row> rows;
  std::size_t width = 1;  // cells of most rows
  double agreeing = 0;    // share of rows that have as many
  double score = 0;
};

Reading read_as(Sample sample) {
  Reading out;
  out.separator = sample.separator;
  Cells cells = cells_of(sample);
  if (!cells.well_quoted) {
    sample.quotes = out.quotes = false;
    cells = cells_of(sample);
  }
  out.rows = std::move(cells.rows);
  std::map<std::size_t, std::size_t> widths;
  for (const Row& row : out.rows) ++widths[row.size()];
  std::size_t most = 0;
  for (const auto& [width, count] : widths) {
    if (count <= most) continue;
    most = count;
    out.width = width;
  }
  if (out.rows.empty() || out.width < 2) return out;
  out.agreeing = static_cast<double>(most) / static_cast<double>(out.rows.size());
  if (out.agreeing < kAgreeing) return out;
  double all_torn = 0;
  for (const Row& row : out.rows) {
    if (row.size() != out.width) continue;
    for (const std::string_view cell : row) all_torn += torn(cell, sample.separator);
  }
  out.score = out.agreeing * (1 - 0.5 * all_torn / static_cast<double>(most * out.width));
  if (!out.quotes) out.score *= 0.99;
  if (sample.separator == " ") out.score *= 0.9;  // blanks are in all kinds of texts
  return out;
}

// Rows of keys, `user item item ...`: of different number, none empty, each with a digit.
bool is_list_of_keys(const Reading& reading) {
  bool several = false;
  for (const Row& row : reading.rows) {
    several = several || row.size() > 2;
    const bool keys = std::all_of(row.begin(), row.end(), [&](std::string_view cell) {
      return has_digit(cell) && torn(cell, reading.separator) == 0 &&
             cell.find_first_of(kBlanks) == std::string_view::npos;
    });
    if (!keys) return false;
  }
  return several && reading.agreeing < 1;
}

bool first_row_is_header(const std::vector<Row>& rows, std::size_t width) {
  const Row& first = rows.front();
  if (std::any_of(first.begin(), first.end(), is_number)) return false;
  // pandas leaves the first name empty; other empty cells are values that are missing
  if (std::any_of(first.begin() + 1, first.end(), [](std::string_view cell) { return cell.empty(); })) return false;
  bool unlike = false;
  bool again = false;
  for (std::size_t i = 0; i < std::min(width, first.size()); ++i) {
    std::size_t filled = 0;
    std::size_t digits = 0;
    std::size_t same = 0;
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (i >= rows[row].size() || rows[row][i].empty()) continue;
      ++filled;
      digits += has_digit(rows[row][i]) ? 1 : 0;
      same += rows[row][i] == first[i] ? 1 : 0;
    }
    unlike = unlike || (filled > 0 && digits * 10 >= filled * 9 && !has_digit(first[i]));
    again = again || same > 0;
  }
  return unlike || !again;
}

bool has_comma_numbers(const std::vector<Row>& rows) {
  bool any = false;
  for (const Row& row : rows) {
    for (const std::string_view cell : row) {
      const bool comma = is_comma_number(cell);
      any = any || comma;
      std::int64_t whole = 0;
      if (!comma && is_number(cell) && parse_integer(cell, whole) == Parsed::kOther) return false;  // 12.5
    }
  }
  return any;
}

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  const std::size_t second = text.find_first_not_of(kBlanks, first + 1);
  if (second == std::string_view::npos) return false;
  return text[first] == '{' ? text[second] == '"' || text[second] == '}' : text[second] == '{' || text[second] == ']';
}

// "#" or "%" where the text begins with lines that are none of the table.
std::string_view comment_of(std::string_view text) {
  for (const std::string_view mark : {"#", "%"}) {
    if (!text.starts_with(mark)) continue;
    const Line first = line_at(text, 0);
    const std::string_view second = text.substr(first.next);
    // "#user,item" is a header
    const bool sentence = first.text.size() < 2 || first.text[1] == ' ' || first.text[1] == mark[0];
    if (second.starts_with(mark) || sentence) return mark;
  }
  return {};
}

std::vector<std::string> column_names(std::size_t width) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= width; ++i) names.push_back(fmt::format("column{}", i));
  return names;
}

// The bytes of a character that the end of the text cuts off.
std::string_view whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if (c >= 0xC0) return text.substr(0, text.size() - back);
    if (c < 0x80) break;
  }
  return text;
}

Sniffed sniff_text(std::string_view text, bool complete, std::span<const std::string_view> separators) {
  Sniffed out;
  if (text.starts_with("PAR1")) {
    out.format = "parquet";
    return out;
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (is_json(text)) {
    out.format = "jsonl";
    return out;
  }
  if (!is_utf8(complete ? text : whole_characters(text))) out.encoding = "latin-1";
  out.comment = comment_of(text);
  text = without_comments(text, out.comment);

  std::optional<Reading> best;
  std::optional<Reading> list;
  for (const std::string_view separator : separators) {
    Reading reading = read_as({text, complete, out.comment, separator, true});
    if (!list && is_list_of_keys(reading)) list = reading;
    if (!best || reading.score > best->score) best = std::move(reading);
  }
  if (best->agreeing < 1 && list) {
    out.separator = list->separator;
    out.header = false;
    out.names = {"column1", "column2..."};
    return out;
  }
  out.separator = best->separator;
  out.quotes = best->quotes;
  if (best->rows.empty()) return out;
  out.header = first_row_is_header(best->rows, best->width);
  if (!out.header) out.names = column_names(best->width);
  if (out.separator != "," && has_comma_numbers(best->rows)) out.decimal = ",";
  return out;
}

}  // namespace

Sniffed sniff(std::string_view text, bool complete) {
  return sniff_text(text, complete, kSeparators);
}

Sniffed sniff_source(const ByteSource& source) {
  std::string text(kSample, '\0');
  const ByteSource::Read read = source.start();
  std::size_t got = 0;
  bool complete = false;
  while (got < text.size() && !complete) {
    const std::size_t more = read(text.data() + got, text.size() - got);
    complete = more == 0;
    got += more;
  }
  text.resize(got);
  const std::string name = unpacked_name(source.name);
  if (!name.ends_with(".tsv") && !name.ends_with(".tab")) return sniff(text, complete);
  constexpr std::string_view kTab[] = {"\t"};
  return sniff_text(text, complete, kTab);
}

std::string unpacked_name(const std::string& name) {
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (lower.ends_with(packed)) return lower.substr(0, lower.size() - packed.size());
  }
  return lower;
}

}  // namespace kin
