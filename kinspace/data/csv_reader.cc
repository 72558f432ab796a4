#include "kinspace/data/csv_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

constexpr std::size_t kGroupColumns = 5;  // that a thread reads together
constexpr std::size_t kMaxNameBytes = 1000;
constexpr std::string_view kRest = "...";

// What the cells of a column seen so far allow.
struct Guess {
  bool integer = false;
  bool number = false;
  bool text = false;
  std::string example;
  std::int64_t line = 0;

  // True when the cell is the example from now on.
  bool see(std::string_view cell, char decimal) {
    if (text) return false;
    std::int64_t whole = 0;
    double real = 0;
    bool decides = false;
    const Parsed as_integer = parse_integer(cell, whole);
    if (as_integer == Parsed::kEmpty || as_integer == Parsed::kNotFinite) return false;
    if (as_integer == Parsed::kOk || as_integer == Parsed::kOverflow) {
      decides = !integer && !number;
      integer = true;
    } else {
      const Parsed as_number = as_integer == Parsed::kLeadingZero ? Parsed::kOther : parse_number(cell, real, decimal);
      if (as_number == Parsed::kNotFinite) return false;
      bool& kind = as_number == Parsed::kOther ? text : number;
      decides = !kind;
      kind = true;
    }
    if (decides) example.assign(cell.substr(0, kMaxNameBytes));
    return decides;
  }

  ColumnType type() const noexcept {
    if (text || (!integer && !number)) return ColumnType::kString;
    return number ? ColumnType::kNumber : ColumnType::kInteger;
  }
};

}  // namespace

CsvReader::CsvReader(ByteSource source, CsvOptions options) : source_(std::move(source)), options_(std::move(options)) {
  open();
  read_names();
  guess_types();
  if (options_.pool != nullptr && source_.size > 0) ahead_.emplace(*options_.pool);
}

bool CsvReader::tolerant() const noexcept {
  return options_.bad_rows != nullptr && options_.bad_rows->policy() != BadRows::Policy::kError;
}

const BadRows& CsvReader::bad_rows() const noexcept {
  static const BadRows kNone;
  return options_.bad_rows != nullptr ? *options_.bad_rows : kNone;
}

void CsvReader::open() {
  if (ahead_) ahead_->drop();
  scanner_ = std::make_unique<CsvScanner>(source_, options_, options_.limits);
}

// Names of the columns by the text or by the options, and the scanner behind its header.
std::vector<std::string> CsvReader::header() {
  std::vector<std::string> names = options_.names.empty() ? scanner_->read_header() : options_.names;
  for (std::string& name : names) name = trim(name);
  const std::string_view last = names.back();
  if (!options_.names.empty() && last.ends_with(kRest)) names.back().resize(last.size() - kRest.size());
  return names;
}

void CsvReader::read_names() {
  const std::vector<std::string> names = header();
  const bool given = !options_.names.empty();
  rest_ = given && trim(options_.names.back()).ends_with(kRest);
  const std::string place =
      given ? std::string("data.names") : fmt::format("{} line {}: the header", source_.name, scanner_->line(0));
  const auto bad = [&](std::string message, std::string fix) {
    return given ? Error::invalid_argument(std::move(message), std::move(fix))
                 : Error::bad_data(std::move(message), std::move(fix));
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    if (name.empty()) {
      throw bad(fmt::format("{} gives column {} no name", place, i + 1),
                given ? "name every column" : "name it (pandas writes such a column unless told index=False)");
    }
    if (name.size() > kMaxNameBytes) {
      throw bad(fmt::format("{} gives column {} a name of {} bytes, at most {} are allowed: {}", place, i + 1,
                            name.size(), kMaxNameBytes, quoted(name)),
                given ? "shorten it" : "is the first line a header?");
    }
    Field field;
    field.name = name;
    fields_.push_back(std::move(field));
  }
  if (rest_) fields_.back().cells = Cells::kList;
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twin = std::adjacent_find(sorted.begin(), sorted.end());
  if (twin != sorted.end()) {
    throw bad(fmt::format("{} names column {} twice", place, quoted(*twin)), "give every column a name of its own");
  }
}

void CsvReader::expect() {
  scanner_->expect({fields_.size(), rest_, tolerant(), options_.names.empty()});
}

void CsvReader::guess_types() {
  const std::uint64_t header_end = scanner_->bytes_scanned();
  expect();
  std::vector<Guess> guesses(fields_.size());
  std::string scratch;
  std::string first_bad;
  std::vector<std::int32_t> offsets;
  std::int64_t seen = 0;
  while (seen < options_.guess_rows && scanner_->next()) {
    const auto rows = std::min(scanner_->rows(), static_cast<std::size_t>(options_.guess_rows - seen));
    const auto& bad = scanner_->bad_rows();
    if (first_bad.empty() && !bad.empty()) first_bad = fmt::format("line {}: {}", bad[0].line, bad[0].message);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const bool list = rest_ && i + 1 == fields_.size();
      const CsvCells cells = list ? scanner_->rest(offsets) : scanner_->column(i);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t begin = list ? static_cast<std::size_t>(offsets[row]) : row;
        const std::size_t end = list ? static_cast<std::size_t>(offsets[row + 1]) : row + 1;
        for (std::size_t cell = begin; cell < end; ++cell) {
          if (guesses[i].see(cells.cell(cell, scratch), options_.decimal)) guesses[i].line = scanner_->line(row);
        }
      }
    }
    seen += static_cast<std::int64_t>(rows);
  }
  if (seen == 0) {
    throw first_bad.empty() ? Error::bad_data(fmt::format("{} has {} rows", source_.name,
                                                          options_.names.empty() ? "a header but no" : "no"),
                                              "is this the right file?")
                            : Error::bad_data(fmt::format("no row of {} can be read; {}", source_.name, first_bad),
                                              "check data.separator and data.names");
  }
  const double rows_scanned = static_cast<double>(scanner_->rows_so_far());
  const double bytes_scanned = static_cast<double>(scanner_->bytes_scanned() - header_end);
  const double bytes =
      static_cast<double>(std::max(estimate_text_bytes(source_, scanner_->bytes_read()), header_end) - header_end);
  estimated_rows_ = static_cast<std::int64_t>(std::max(rows_scanned, rows_scanned / bytes_scanned * bytes));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    fields_[i].type = guesses[i].type();
    fields_[i].example = std::move(guesses[i].example);
    fields_[i].example_line = guesses[i].line;
  }
  for (const auto& [name, type] : options_.types_elsewhere) {
    fields_[static_cast<std::size_t>(find_field(fields_, name, source_.name, options_.types_role))].type = type;
  }
  for (const auto& [name, type] : options_.types) {
    Field& field = fields_[static_cast<std::size_t>(find_field(fields_, name, source_.name, options_.types_role))];
    field.type = type;
    field.guessed = false;
  }
}

void CsvReader::start(std::vector<std::int64_t> wanted) {
  open();
  const std::vector<std::string> names = header();
  const bool same = std::equal(names.begin(), names.end(), fields_.begin(), fields_.end(),
                               [](const std::string& name, const Field& field) { return name == field.name; });
  if (!same)
    throw Error::bad_data(fmt::format("{} changed while it was read", source_.name), "run again when it is complete");
  expect();
  wanted_ = std::move(wanted);
  values_ = std::vector<CsvValues>(wanted_.size());
}

bool CsvReader::next(Batch& batch) {
  do {
    if (!scan()) return false;
    refusals_.clear();
    convert(batch);
    if (refusals_.empty() && scanner_->bad_rows().empty()) break;
    leave_out();
    if (!refusals_.empty()) convert(batch);
  } while (scanner_->rows() == 0);
  batch.rows = static_cast<std::int64_t>(scanner_->rows());
  keep_lines();
  scan_ahead();
  return true;
}

bool CsvReader::scan() {
  if (!ahead_ || !ahead_->started()) return scanner_->next();
  ahead_->finish();
  return scanned_;
}

// What a batch holds is a copy, so the scanner may go on while it is used.
void CsvReader::scan_ahead() {
  if (ahead_) ahead_->start([this] { scanned_ = scanner_->next(); });
}

void CsvReader::keep_lines() {
  first_line_ = scanner_->line(0);
  lines_.clear();
  if (scanner_->one_line_each()) return;
  for (std::size_t row = 0; row < scanner_->rows(); ++row) lines_.push_back(scanner_->line(row));
}

void CsvReader::convert(Batch& batch) {
  batch.columns.assign(wanted_.size(), Column{});
  bad_cells_.resize(wanted_.size());
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    const CsvCells cells = cells_of(i);
    const Field& field = fields_[static_cast<std::size_t>(wanted_[i])];
    bad_cells_[i].clear();
    values_[i].start(cells.count, {field.type, field.guessed, options_.decimal});
    // The places of the cells of rows of different lengths are gone when another column asks for its own.
    if (rest_) read_values(i, cells, 0, cells.count);
  }
  // Some columns of some rows, then of the next ones: their text stays in the nearest cache.
  const std::size_t rows = rest_ ? 0 : scanner_->rows();
  const auto groups = static_cast<std::int64_t>((wanted_.size() + kGroupColumns - 1) / kGroupColumns);
  run(options_.pool, groups, [&](std::int64_t group) {
    const std::size_t begin = static_cast<std::size_t>(group) * kGroupColumns;
    const std::size_t end = std::min(begin + kGroupColumns, wanted_.size());
    for (std::size_t first = 0; first < rows; first += CsvValues::kAtOnce) {
      for (std::size_t i = begin; i < end; ++i) {
        read_values(i, cells_of(i), first, std::min(first + CsvValues::kAtOnce, rows));
      }
    }
  });
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    values_[i].lend(batch.columns[i], is_list(i) ? &list_offsets_ : nullptr);
    if (!bad_cells_[i].empty()) add_refusals(i);
  }
}

bool CsvReader::is_list(std::size_t i) const noexcept {
  return rest_ && static_cast<std::size_t>(wanted_[i]) + 1 == fields_.size();
}

CsvCells CsvReader::cells_of(std::size_t i) {
  return is_list(i) ? scanner_->rest(list_offsets_) : scanner_->column(static_cast<std::size_t>(wanted_[i]));
}

void CsvReader::read_values(std::size_t i, const CsvCells& cells, std::size_t begin, std::size_t end) {
  for (std::size_t first = begin; first < end; first += CsvValues::kAtOnce) {
    values_[i].read(cells, first, kernels_, bad_cells_[i]);
  }
}

void CsvReader::add_refusals(std::size_t i) {
  const CsvCells cells = cells_of(i);
  std::string scratch;
  for (const BadCell& bad : bad_cells_[i]) {
    std::size_t row = bad.cell;
    if (is_list(i)) {
      const auto next =
          std::upper_bound(list_offsets_.begin(), list_offsets_.end(), static_cast<std::int32_t>(bad.cell));
      row = static_cast<std::size_t>(next - list_offsets_.begin() - 1);
    }
    refusals_.push_back({row, i, bad.why, std::string(cells.cell(bad.cell, scratch).substr(0, kMaxNameBytes))});
  }
}

// Takes the bad rows out of the last ones; of several bad cells of a row, the first wanted one is named.
void CsvReader::leave_out() {
  std::stable_sort(refusals_.begin(), refusals_.end(),
                   [](const Refusal& a, const Refusal& b) { return a.row < b.row; });
  if (!tolerant()) {
    const Refusal& first = refusals_.front();
    const Field& field = field_of(first);
    throw error_of(first,
                   fmt::format("{} line {}, column {}", source_.name, scanner_->line(first.row), quoted(field.name)));
  }
  std::vector<bool> drop(scanner_->rows());
  auto scanned = scanner_->bad_rows().begin();
  const auto add_scanned = [&](std::size_t before) {
    for (; scanned != scanner_->bad_rows().end() && scanned->rows_before <= before; ++scanned) {
      options_.bad_rows->add({fmt::format("{}:{}", source_.name, scanned->line), scanned->message, {}}, scanned->text);
    }
  };
  for (const Refusal& refusal : refusals_) {
    if (drop[refusal.row]) continue;
    drop[refusal.row] = true;
    add_scanned(refusal.row);
    const std::string where =
        fmt::format("{}:{}, column {}", source_.name, scanner_->line(refusal.row), field_of(refusal).name);
    const Error error = error_of(refusal, "");
    options_.bad_rows->add({where, error.message(), error.fix()}, scanner_->row_text(refusal.row));
  }
  add_scanned(drop.size());
  if (!refusals_.empty()) scanner_->drop(drop);
}

const Field& CsvReader::field_of(const Refusal& refusal) const {
  return fields_[static_cast<std::size_t>(wanted_[refusal.column])];
}

// What is wrong with a cell; `place` says where it stands, or is empty.
Error CsvReader::error_of(const Refusal& refusal, const std::string& place) const {
  const Field& field = field_of(refusal);
  const std::string what = fmt::format("{}{}{}", place, place.empty() ? "" : ": ", quoted(refusal.value));
  const std::string_view type = column_type_name(field.type);
  const std::string key = "data.types." + toml_key(field.name);
  const std::string as_string = fmt::format("correct the cell, or set {} = \"string\" to take the column as text", key);
  switch (refusal.why) {
    case Parsed::kLeadingZero:
      return Error::bad_data(fmt::format("{} starts with a zero, which the integers of this column would lose", what),
                             fmt::format("set {0} = \"string\" to keep it, or {0} = \"integer\" to lose it", key));
    case Parsed::kOverflow:
      return Error::bad_data(field.type == ColumnType::kInteger
                                 ? fmt::format("{} is beyond the 64-bit integers (-2^63 to 2^63 - 1)", what)
                                 : fmt::format("{} is beyond the range of 64-bit floating-point numbers", what),
                             as_string);
    case Parsed::kNotFinite:
      return Error::bad_data(fmt::format("{} cannot be compared or ordered; a finite {} is needed", what, type),
                             fmt::format("leave the cell empty if the value is missing, or set {} = \"string\"", key));
    case Parsed::kOk:
    case Parsed::kEmpty:
    case Parsed::kOther:
      break;
  }
  return Error::bad_data(fmt::format("{} is not {} {}{}", what, field.type == ColumnType::kInteger ? "an" : "a", type,
                                     field.guessed ? ", as the first rows of the column are" : ""),
                         as_string);
}

std::string CsvReader::place(std::size_t row) const {
  return fmt::format("{}:{}", source_.name, line(row));
}

std::string csv_separator(const std::string& separator, const std::string& path) {
  if (separator.empty()) return path.ends_with(".tsv") || path.ends_with(".tab") ? "\t" : ",";
  if (separator == "\\t") return "\t";
  return separator;
}

std::map<std::string, ColumnType> parse_column_types(const std::map<std::string, std::string>& types) {
  const std::vector<std::string> names = {"integer", "number", "string"};
  std::map<std::string, ColumnType> parsed;
  for (const auto& [column, name] : types) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw Error::invalid_argument(
          fmt::format("data.types.{} is {}{}", toml_key(column), quoted(name), did_you_mean(name, names)),
          "choose \"integer\", \"number\" or \"string\"");
    }
    parsed[column] = static_cast<ColumnType>(found - names.begin());
  }
  return parsed;
}

}  // namespace kin
