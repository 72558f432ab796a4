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

constexpr std::size_t kMaxNameBytes = 1000;

// What the cells of a column seen so far allow.
struct Guess {
  bool integer = false;
  bool number = false;
  bool text = false;
  std::string example;
  std::int64_t line = 0;

  void see(std::string_view cell, std::int64_t at) {
    if (text) return;
    std::int64_t whole = 0;
    double real = 0;
    bool decides = false;
    const Parsed as_integer = parse_integer(cell, whole);
    if (as_integer == Parsed::kEmpty || as_integer == Parsed::kNotFinite) return;
    if (as_integer == Parsed::kOk || as_integer == Parsed::kOverflow) {
      decides = !integer && !number;
      integer = true;
    } else {
      const Parsed as_number = as_integer == Parsed::kLeadingZero ? Parsed::kOther : parse_number(cell, real);
      if (as_number == Parsed::kNotFinite) return;
      bool& kind = as_number == Parsed::kOther ? text : number;
      decides = !kind;
      kind = true;
    }
    if (decides) {
      example.assign(cell.substr(0, kMaxNameBytes));
      line = at;
    }
  }

  ColumnType type() const noexcept {
    if (text || (!integer && !number)) return ColumnType::kString;
    return number ? ColumnType::kNumber : ColumnType::kInteger;
  }
};

void check_name(std::string_view name, std::size_t i, const std::string& file) {
  if (name.empty()) {
    throw Error::bad_data(fmt::format("{} line 1: column {} of the header has no name", file, i + 1),
                          "name it (pandas writes such a column unless told index=False)");
  }
  if (name.size() > kMaxNameBytes) {
    throw Error::bad_data(fmt::format("{} line 1: the name of column {} has {} bytes, at most {} are allowed: {}", file,
                                      i + 1, name.size(), kMaxNameBytes, quoted(name)),
                          "is the first line a header?");
  }
}

}  // namespace

struct CsvReader::BadCell {
  std::size_t row = 0;
  Parsed why = Parsed::kOther;
  std::string value;
};

CsvReader::CsvReader(ByteSource source, CsvOptions options) : source_(std::move(source)), options_(std::move(options)) {
  const auto separator = static_cast<unsigned char>(options_.separator);
  if (separator == 0 || separator >= 0x80 || options_.separator == '"' || options_.separator == '\n' ||
      options_.separator == '\r') {
    throw Error::invalid_argument(
        fmt::format("data.separator {} cannot separate cells", quoted({&options_.separator, 1})),
        "use an ASCII character other than the quote and the line ends, such as , or ;");
  }
  read_header();
  guess_types();
}

void CsvReader::open() {
  scanner_ = std::make_unique<CsvScanner>(source_, options_.separator, options_.limits);
}

void CsvReader::read_header() {
  open();
  for (const std::string& name : scanner_->read_header()) {
    const std::string_view trimmed = trim(name);
    check_name(trimmed, fields_.size(), source_.name);
    Field field;
    field.name = trimmed;
    fields_.push_back(std::move(field));
  }
  std::vector<std::string_view> names;
  names.reserve(fields_.size());
  for (const Field& field : fields_) names.emplace_back(field.name);
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin != names.end()) {
    throw Error::bad_data(fmt::format("{} line 1: the header names column {} twice", source_.name, quoted(*twin)),
                          "give every column a name of its own");
  }
}

void CsvReader::guess_types() {
  std::vector<std::int64_t> all(fields_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const std::uint64_t header_end = scanner_->bytes_scanned();
  scanner_->select(all.size(), all);
  std::vector<Guess> guesses(fields_.size());
  std::string scratch;
  std::int64_t seen = 0;
  while (seen < options_.guess_rows && scanner_->next()) {
    for (std::size_t row = 0; row < scanner_->rows() && seen < options_.guess_rows; ++row, ++seen) {
      for (std::size_t i = 0; i < all.size(); ++i) guesses[i].see(scanner_->cell(row, i, scratch), scanner_->line(row));
    }
  }
  if (seen == 0) {
    throw Error::bad_data(fmt::format("{} has a header but no rows", source_.name), "is this the right file?");
  }
  const double rows_scanned = static_cast<double>(scanner_->rows_so_far());
  const double bytes_scanned = static_cast<double>(scanner_->bytes_scanned() - header_end);
  const double bytes = static_cast<double>(std::max(source_.size, header_end) - header_end);
  estimated_rows_ = static_cast<std::int64_t>(std::max(rows_scanned, rows_scanned / bytes_scanned * bytes));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    fields_[i].type = guesses[i].type();
    fields_[i].example = std::move(guesses[i].example);
    fields_[i].example_line = guesses[i].line;
  }
  for (const auto& [name, type] : options_.types) {
    Field& field = fields_[static_cast<std::size_t>(find_field(fields_, name, source_.name, options_.types_role))];
    field.type = type;
    field.guessed = false;
  }
}

void CsvReader::start(std::vector<std::int64_t> wanted) {
  open();
  const std::vector<std::string> names = scanner_->read_header();
  const bool same = names.size() == fields_.size() &&
                    std::equal(names.begin(), names.end(), fields_.begin(),
                               [](const std::string& name, const Field& field) { return trim(name) == field.name; });
  if (!same)
    throw Error::bad_data(fmt::format("{} changed while it was read", source_.name), "run again when it is complete");
  scanner_->select(fields_.size(), wanted);
  wanted_ = std::move(wanted);
  stores_ = std::vector<Store>(wanted_.size());
}

bool CsvReader::next(Batch& batch) {
  if (!scanner_->next()) return false;
  batch.rows = static_cast<std::int64_t>(scanner_->rows());
  batch.columns.assign(wanted_.size(), Column{});
  // Of several bad cells the one in the first row is named, whatever the size of the block.
  std::optional<BadCell> first;
  std::size_t first_column = 0;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    std::optional<BadCell> bad = convert(i, stores_[i], batch.columns[i]);
    if (bad && (!first || bad->row < first->row)) {
      first = std::move(bad);
      first_column = i;
    }
  }
  if (first) refuse(fields_[static_cast<std::size_t>(wanted_[first_column])], *first);
  return true;
}

std::optional<CsvReader::BadCell> CsvReader::convert(std::size_t i, Store& store, Column& column) {
  const Field& field = fields_[static_cast<std::size_t>(wanted_[i])];
  column.type = field.type;
  store.validity.clear();
  std::optional<BadCell> bad;
  switch (field.type) {
    case ColumnType::kInteger:
      bad = convert_values(i, field.guessed, store.integers, store, column, parse_integer);
      column.integers = {store.integers.data(), scanner_->rows()};
      break;
    case ColumnType::kNumber:
      bad = convert_values(i, false, store.numbers, store, column, parse_number);
      column.numbers = {store.numbers.data(), scanner_->rows()};
      break;
    case ColumnType::kString:
      bad = convert_strings(i, store, column);
      break;
  }
  return bad;
}

namespace {

void mark_missing(std::vector<std::uint8_t>& validity, std::size_t rows, std::size_t row) {
  if (validity.empty()) validity.assign((rows + 7) / 8, 0xFF);
  validity[row / 8] = static_cast<std::uint8_t>(validity[row / 8] & ~(1U << (row % 8)));
}

}  // namespace

template <class Value, class Parse>
std::optional<CsvReader::BadCell> CsvReader::convert_values(std::size_t i, bool zeros_matter,
                                                            std::vector<Value>& values, Store& store, Column& column,
                                                            Parse parse) {
  const std::size_t rows = scanner_->rows();
  if (values.size() < rows) values.resize(rows);
  std::string scratch;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string_view cell = scanner_->cell(row, i, scratch);
    const Parsed parsed = parse(cell, values[row]);
    if (parsed == Parsed::kOk) continue;
    if (parsed == Parsed::kEmpty) {
      values[row] = 0;
      mark_missing(store.validity, rows, row);
    } else if (parsed != Parsed::kLeadingZero || zeros_matter) {
      return BadCell{row, parsed, std::string(cell)};
    }
  }
  if (!store.validity.empty()) column.validity = store.validity.data();
  return std::nullopt;
}

std::optional<CsvReader::BadCell> CsvReader::convert_strings(std::size_t i, Store& store, Column& column) {
  const std::size_t rows = scanner_->rows();
  if (store.offsets.size() < rows + 1) store.offsets.resize(rows + 1);
  std::string scratch;
  std::size_t used = 0;
  store.offsets[0] = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string_view cell = scanner_->cell(row, i, scratch);
    if (cell.empty()) {
      mark_missing(store.validity, rows, row);
    } else {
      if (store.bytes.size() < used + cell.size())
        store.bytes.resize(std::max(used + cell.size(), 2 * store.bytes.size()));
      std::memcpy(store.bytes.data() + used, cell.data(), cell.size());
      used += cell.size();
    }
    store.offsets[row + 1] = static_cast<std::int32_t>(used);
  }
  column.offsets = {store.offsets.data(), rows + 1};
  column.bytes = store.bytes.data();
  if (!store.validity.empty()) column.validity = store.validity.data();
  return std::nullopt;
}

void CsvReader::refuse(const Field& field, const BadCell& bad) const {
  const std::string place = fmt::format("{} line {}, column {}: {}", source_.name, scanner_->line(bad.row),
                                        quoted(field.name), quoted(bad.value));
  const std::string_view type = column_type_name(field.type);
  const std::string key = "data.types." + toml_key(field.name);
  const std::string as_string = fmt::format("correct the cell, or set {} = \"string\" to take the column as text", key);
  switch (bad.why) {
    case Parsed::kLeadingZero:
      throw Error::bad_data(fmt::format("{} starts with a zero, which the integers of this column would lose", place),
                            fmt::format("set {0} = \"string\" to keep it, or {0} = \"integer\" to lose it", key));
    case Parsed::kOverflow:
      throw Error::bad_data(field.type == ColumnType::kInteger
                                ? fmt::format("{} is beyond the 64-bit integers (-2^63 to 2^63 - 1)", place)
                                : fmt::format("{} is beyond the range of 64-bit floating-point numbers", place),
                            as_string);
    case Parsed::kNotFinite:
      throw Error::bad_data(fmt::format("{} cannot be compared or ordered; a finite {} is needed", place, type),
                            fmt::format("leave the cell empty if the value is missing, or set {} = \"string\"", key));
    case Parsed::kOk:
    case Parsed::kEmpty:
    case Parsed::kOther:
      break;
  }
  throw Error::bad_data(fmt::format("{} is not {} {}{}", place, field.type == ColumnType::kInteger ? "an" : "a", type,
                                    field.guessed ? ", as the first rows of the column are" : ""),
                        as_string);
}

char csv_separator(const std::string& separator, const std::string& path) {
  if (separator.empty()) return path.ends_with(".tsv") || path.ends_with(".tab") ? '\t' : ',';
  if (separator == "\\t") return '\t';
  if (separator.size() == 1) return separator[0];
  throw Error::invalid_argument(fmt::format("data.separator is {}; one character is needed", quoted(separator)),
                                "use \",\", \";\", \"|\" or \"\\t\"");
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
