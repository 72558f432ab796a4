#include "kinspace/data/jsonl_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/column_builder.h"
#include "kinspace/data/json_lines.h"
#include "kinspace/data/json_parser.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

constexpr std::size_t kMaxNameBytes = 1000;
constexpr std::size_t kMaxColumns = 100'000;

using Complaint = JsonComplaint;
using Check = JsonCheck;
using Kind = JsonValue::Kind;

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
using Places = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

// Finds columns by their names, fastest when they come in the order of the columns.
class Lookup {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  explicit Lookup(const std::vector<Field>& fields) : fields_(fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) places_.emplace(fields[i].name, i);
  }

  void start_row() noexcept { next_ = 0; }

  std::size_t find(std::string_view name) {
    if (next_ < fields_.size() && fields_[next_].name == name) return next_++;
    const auto found = places_.find(name);
    if (found == places_.end()) return kNone;
    next_ = found->second + 1;
    return found->second;
  }

 private:
  const std::vector<Field>& fields_;
  Places places_;
  std::size_t next_ = 0;
};

// null, "" and {}: only empty objects come as values.
bool is_nothing(const JsonValue& value) noexcept {
  return value.missing() || value.kind == Kind::kObject;
}

// Appends values to the columns.
class Appender {
 public:
  explicit Appender(JsonParser& parser) : parser_(parser) {}

  // The next row of a column.
  Check add_row(ColumnBuilder& column, const Field& field, const std::optional<JsonValue>& value) {
    if (!value || is_nothing(*value)) {
      column.end_missing_row();
      return std::nullopt;
    }
    Check bad;
    if (value->kind == Kind::kList && column.cells() != Cells::kSingle) {
      bad = parser_.for_each_item(*value, [&](const JsonValue& item) -> Check {
        if (!item.missing()) return add_value(column, field, item);
        column.add_missing_value();
        return std::nullopt;
      });
    } else {
      // A list is text where that is what the caller wants, or the first rows have lists that no column can hold.
      const bool as_text = column.type() == ColumnType::kString && (!field.guessed || field.example.starts_with('['));
      if (value->kind == Kind::kList && !as_text) {
        return Complaint{field.name, "a list came; the first rows of the column have single values",
                         "write a list in one of the first rows, or leave the column out by data.select"};
      }
      bad = add_value(column, field, *value);
    }
    if (!bad) column.end_row();
    return bad;
  }

 private:
  // A value that is not missing, of a row or of its list.
  Check add_value(ColumnBuilder& column, const Field& field, const JsonValue& value) {
    switch (column.type()) {
      case ColumnType::kInteger:
        return add_integer(column, field, value);
      case ColumnType::kNumber:
        return add_number(column, field, value);
      case ColumnType::kString:
        break;
    }
    const std::string_view text = parser_.text(value, scratch_);
    if (text.find('\0') != std::string_view::npos) {
      return Complaint{field.name, "the string holds the character NUL, which no key may", ""};
    }
    column.add(text);
    return std::nullopt;
  }

  Check add_integer(ColumnBuilder& column, const Field& field, const JsonValue& value) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: integers up to it are no rounded ones
    std::int64_t parsed = 0;
    switch (value.kind) {
      case Kind::kInteger:
      case Kind::kBoolean:
        column.add(value.integer);
        return std::nullopt;
      case Kind::kLargeInteger:
        return Complaint{
            field.name, fmt::format("{} is beyond the 64-bit integers (-2^63 to 2^63 - 1)", value.large),
            fmt::format("set data.types.{} = \"string\" to take the column as text", toml_key(field.name))};
      case Kind::kNumber:
        if (field.guessed || value.number != std::trunc(value.number) || std::abs(value.number) > kExact) break;
        column.add(static_cast<std::int64_t>(value.number));
        return std::nullopt;
      case Kind::kString:
        if (field.guessed || parse_integer(value.string, parsed) > Parsed::kLeadingZero) break;
        column.add(parsed);
        return std::nullopt;
      default:
        break;
    }
    return no_value(field, value, "an integer");
  }

  Check add_number(ColumnBuilder& column, const Field& field, const JsonValue& value) {
    double parsed = 0;
    switch (value.kind) {
      case Kind::kInteger:
      case Kind::kBoolean:
        column.add(static_cast<double>(value.integer));
        return std::nullopt;
      case Kind::kLargeInteger:
        column.add(static_cast<double>(value.large));
        return std::nullopt;
      case Kind::kNumber:
        column.add(value.number);
        return std::nullopt;
      case Kind::kString:
        if (field.guessed || parse_number(value.string, parsed) != Parsed::kOk) break;
        column.add(parsed);
        return std::nullopt;
      default:
        break;
    }
    return no_value(field, value, "a number");
  }

  Complaint no_value(const Field& field, const JsonValue& value, std::string_view needed) {
    const bool inner = value.kind == Kind::kList || value.kind == Kind::kObject;
    const std::string came = inner ? fmt::format("{} came, which", kind_name(value))
                                   : fmt::format("the value {}", quoted(parser_.text(value, scratch_)));
    return {
        field.name,
        fmt::format("{} is not {}{}", came, needed, field.guessed ? ", as the first rows of the column are" : ""),
        fmt::format("correct it, or set data.types.{} = \"string\" to take the column as text", toml_key(field.name))};
  }

  JsonParser& parser_;
  std::string scratch_;
};

}  // namespace

// What the values of one key seen so far allow.
class JsonlReader::Guess {
 public:
  void see(const JsonValue& value, JsonParser& parser, std::int64_t line) {
    if (is_nothing(value)) return;
    if (value.kind != Kind::kList) {
      see_scalar(value, parser, line);
      return;
    }
    const Check nested = parser.for_each_item(value, [&](const JsonValue& item) -> Check {
      if (item.kind == Kind::kList || item.kind == Kind::kObject) return Complaint{};
      if (!item.missing()) see_scalar(item, parser, line);
      return std::nullopt;
    });
    if (nested && !nested_) decide(value, parser, line);
    (nested ? nested_ : list_) = true;
  }

  void put(Field& field) {
    field.type = text_ || nested_ || !(boolean_ || integer_ || number_) ? ColumnType::kString
                 : number_                                              ? ColumnType::kNumber
                                                                        : ColumnType::kInteger;
    field.cells = list_ && !nested_ ? Cells::kList : Cells::kSingle;
    field.example = std::move(example_);
    field.example_line = line_;
  }

  bool decided() const noexcept { return list_ || nested_ || text_ || boolean_ || integer_ || number_; }

 private:
  void see_scalar(const JsonValue& value, JsonParser& parser, std::int64_t line) {
    bool& kind = value.kind == Kind::kString    ? text_
                 : value.kind == Kind::kBoolean ? boolean_
                 : value.kind == Kind::kNumber  ? number_
                                                : integer_;
    const bool stronger = &kind == &text_ ? !text_ : !text_ && (&kind == &number_ ? !number_ : !decided());
    if (stronger && !nested_) decide(value, parser, line);
    kind = true;
  }

  void decide(const JsonValue& value, const JsonParser& parser, std::int64_t line) {
    std::string scratch;
    example_ = parser.text(value, scratch).substr(0, kMaxNameBytes);
    line_ = line;
  }

  bool boolean_ = false;
  bool integer_ = false;
  bool number_ = false;
  bool text_ = false;
  bool list_ = false;
  bool nested_ = false;  // a list holds lists or objects
  std::string example_;
  std::int64_t line_ = 0;
};

struct JsonlReader::State {
  State(const ByteSource& source, const CsvLimits& limits, const std::vector<Field>& all,
        std::vector<std::int64_t> some)
      : fields(all), lines(source, limits), lookup(all), wanted(std::move(some)) {
    slots.assign(fields.size(), -1);
    row_of.assign(fields.size(), 0);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto field = static_cast<std::size_t>(wanted[i]);
      slots[field] = static_cast<std::int32_t>(i);
      columns.emplace_back(fields[field].type, fields[field].cells);
    }
  }

  // Finds the values of a row.
  Check find_values(std::string_view text, bool only_known_keys) {
    ++row;
    lookup.start_row();
    values.assign(wanted.size(), std::nullopt);
    const auto take = [&](std::string_view name, const JsonValue& value) -> Check {
      const std::size_t field = lookup.find(name);
      if (field == Lookup::kNone) {
        if (only_known_keys || is_nothing(value)) return std::nullopt;
        return Complaint{
            "", fmt::format("the key {} is not in the first rows", quoted(name)),
            fmt::format("set data.types.{} to its type, or name the columns to take in data.select", toml_key(name))};
      }
      if (std::exchange(row_of[field], row) == row) {
        return Complaint{"", fmt::format("the key {} comes twice", quoted(name)), "give it one value"};
      }
      if (slots[field] >= 0) values[static_cast<std::size_t>(slots[field])] = value;
      return std::nullopt;
    };
    return parser.parse(text, take);
  }

  // Appends the row to the columns, whole or not at all.
  Check add(std::size_t rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Check bad = appender.add_row(columns[i], fields[static_cast<std::size_t>(wanted[i])], values[i]);
      if (!bad) continue;
      for (ColumnBuilder& column : columns) column.truncate(rows);
      return bad;
    }
    return std::nullopt;
  }

  const std::vector<Field>& fields;
  JsonLines lines;
  Lookup lookup;
  JsonParser parser;
  Appender appender{parser};
  std::vector<std::int64_t> wanted;
  std::vector<std::int32_t> slots;               // field -> place among the wanted ones, or -1
  std::vector<std::int64_t> row_of;              // field -> last row that has it
  std::int64_t row = 0;                          // rows looked at so far
  std::vector<std::optional<JsonValue>> values;  // of the wanted fields in the row
  std::vector<ColumnBuilder> columns;
  std::vector<std::int64_t> row_lines;  // of the rows of the batch
};

JsonlReader::JsonlReader(ByteSource source, JsonlOptions options)
    : source_(std::move(source)),
      options_(std::move(options)),
      bad_rows_(options_.bad_rows != nullptr ? options_.bad_rows : &strict_),
      fields_(options_.fields) {
  if (fields_.empty()) guess();
}

JsonlReader::~JsonlReader() = default;

void JsonlReader::guess() {
  JsonLines lines(source_, options_.limits);
  JsonParser parser;
  std::vector<Guess> guesses;
  std::vector<Field> found;
  Places places;
  std::int64_t line = 0;
  const auto see = [&](std::string_view name, const JsonValue& value) -> Check {
    auto place = places.find(name);
    if (place == places.end()) {
      if (name.size() > kMaxNameBytes) return Complaint{"", fmt::format("the key {} is too long", quoted(name)), ""};
      if (guesses.size() == kMaxColumns) {
        throw Error::bad_data(fmt::format("{}:{}: the rows have more than {} different keys", source_.name, line,
                                          with_thousands(kMaxColumns)),
                              "turn objects with ever new keys into lists");
      }
      place = places.emplace(name, guesses.size()).first;
      guesses.emplace_back();
      Field field;
      field.name = name;
      found.push_back(std::move(field));
    }
    guesses[place->second].see(value, parser, line);
    return std::nullopt;
  };

  std::int64_t seen = 0;
  std::int64_t scanned = 0;
  bool more = true;
  std::optional<BadRow> bad_row;  // the first one; they are counted when the rows are read
  while (seen < options_.guess_rows && (more = lines.next())) {
    scanned += static_cast<std::int64_t>(lines.rows());
    for (std::size_t i = 0; i < lines.rows() && seen < options_.guess_rows; ++i, ++seen) {
      line = lines.line(i);
      const Check bad = parser.parse(lines.row(i), see);
      if (!bad || bad_row) continue;
      bad_row = {fmt::format("{}:{}", source_.name, line), bad->message, bad->fix};
      if (bad_rows_->policy() == BadRows::Policy::kError) bad_rows_->add(*bad_row, lines.row(i));
    }
  }
  if (seen == 0) throw Error::bad_data(fmt::format("{} has no rows", source_.name), "is this the right file?");
  const auto text = static_cast<double>(estimate_text_bytes(source_, lines.bytes_read()));
  const auto scanned_text = static_cast<double>(std::max<std::uint64_t>(lines.bytes_scanned(), 1));
  estimated_rows_ = std::max(scanned, static_cast<std::int64_t>(static_cast<double>(scanned) * text / scanned_text));

  for (std::size_t i = 0; i < found.size(); ++i) {
    // A key that is null where it is no object stands for nothing.
    const std::string inside = found[i].name + ".";
    const bool object = !guesses[i].decided() && std::any_of(found.begin(), found.end(), [&](const Field& other) {
      return other.name.starts_with(inside);
    });
    if (object) continue;
    guesses[i].put(found[i]);
    fields_.push_back(std::move(found[i]));
  }
  if (fields_.empty() && options_.types.empty()) {
    if (bad_row) throw Error::bad_data(fmt::format("{}: {}", bad_row->place, bad_row->message), bad_row->fix);
    throw Error::bad_data(fmt::format("{}: the first rows have no keys", source_.name),
                          "write every row as {\"column\": value, ...}");
  }
  add_declared(!more);
}

// Gives the columns of `types` their types; those that the first rows do not have are taken as they are declared,
// unless a slip is more likely. `all_seen`: there are no other rows.
void JsonlReader::add_declared(bool all_seen) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(fields_.size(), 1000); ++i) names.push_back(fields_[i].name);
  for (const auto& entry : options_.types) {
    const std::string& name = entry.first;
    auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
    if (found == fields_.end()) {
      constexpr std::size_t kLongName = 4;  // shorter ones are often near to each other
      const bool slip = name.size() >= kLongName && !did_you_mean(name, names).empty();
      if (!options_.types_elsewhere && (all_seen || slip)) find_field(fields_, name, source_.name, options_.types_role);
      Field field;
      field.name = name;
      found = fields_.insert(fields_.end(), std::move(field));
    }
    found->type = entry.second;
    found->guessed = false;
  }
}

void JsonlReader::start(std::vector<std::int64_t> wanted) {
  state_ = std::make_unique<State>(source_, options_.limits, fields_, std::move(wanted));
}

bool JsonlReader::next(Batch& batch) {
  State& s = *state_;
  for (ColumnBuilder& column : s.columns) column.clear();
  s.row_lines.clear();
  while (s.row_lines.empty()) {
    if (!s.lines.next()) return false;
    for (std::size_t i = 0; i < s.lines.rows(); ++i) {
      Check bad = s.find_values(s.lines.row(i), options_.only_known_keys);
      if (!bad) bad = s.add(s.row_lines.size());
      if (!bad) {
        s.row_lines.push_back(s.lines.line(i));
        continue;
      }
      const std::string column = bad->column.empty() ? "" : fmt::format(", column {}", kin::quoted(bad->column));
      bad_rows_->add({fmt::format("{}:{}{}", source_.name, s.lines.line(i), column), bad->message, bad->fix},
                     s.lines.row(i));
    }
  }
  batch.rows = static_cast<std::int64_t>(s.row_lines.size());
  batch.columns.clear();
  for (const ColumnBuilder& column : s.columns) batch.columns.push_back(column.column());
  return true;
}

std::string JsonlReader::place(std::size_t row) const {
  return fmt::format("{}:{}", source_.name, state_->row_lines[row]);
}

std::uint64_t JsonlReader::bytes_read() const noexcept {
  return state_->lines.bytes_read();
}

std::string JsonlReader::digest() const {
  return state_->lines.digest();
}

}  // namespace kin
