#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/expression_program.h"
#include "kinspace/data/parse_number.h"

namespace kin::expression {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20;
constexpr int kMaxDepth = 200;

enum class TokenKind : std::uint8_t { kEnd, kNumber, kString, kName, kWord, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t at = 0;    // byte where it starts
  std::string_view raw;  // as written
  std::string text;      // kString, kName: without quotes; kWord: in lower case; kSymbol: in its usual spelling
};

// A text with its errors: each shows the line of the text and a caret below the place.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  std::string_view text() const noexcept { return text_; }

  [[noreturn]] void fail(std::size_t at, const std::string& what, std::string fix) const {
    constexpr std::size_t kShown = 70;
    std::size_t first = at > kShown / 2 && text_.size() > kShown ? std::min(at - kShown / 2, text_.size() - kShown) : 0;
    while (first > 0 && continues(first)) --first;
    std::size_t last = std::min(text_.size(), first + kShown);
    while (last < text_.size() && continues(last)) ++last;
    std::string shown(text_.substr(first, last - first));
    for (char& c : shown) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    }
    throw Error::invalid_argument(fmt::format("data.where, column {}: {}\n  {}\n  {}^", characters(0, at) + 1, what,
                                              shown, std::string(characters(first, at), ' ')),
                                  std::move(fix));
  }

 private:
  bool continues(std::size_t i) const noexcept { return (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80; }
  std::size_t characters(std::size_t from, std::size_t to) const noexcept {
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) count += continues(i) ? 0 : 1;
    return count;
  }

  std::string_view text_;
};

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool in_name(char c) noexcept {
  return starts_name(c) || is_digit(c) || c == '.';
}

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  Token next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    Token token;
    token.at = at_;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    const bool negative = c == '-' && at_ + 1 < text_.size() && (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '.');
    if (c == '\'' || c == '"') {
      token.kind = TokenKind::kString;
      token.text = quoted_until(c, "string");
    } else if (c == '`') {
      token.kind = TokenKind::kName;
      token.text = quoted_until(c, "column name");
    } else if (is_digit(c) || c == '.' || negative) {
      token.kind = TokenKind::kNumber;
      skip_number();
    } else if (starts_name(c)) {
      while (at_ < text_.size() && in_name(text_[at_])) ++at_;
      token.text = text_.substr(token.at, at_ - token.at);
      token.kind = keyword(token.text) ? TokenKind::kWord : TokenKind::kName;
    } else {
      token.kind = TokenKind::kSymbol;
      token.text = symbol();
      if (token.text == "and" || token.text == "or" || token.text == "not") token.kind = TokenKind::kWord;
    }
    token.raw = text_.substr(token.at, at_ - token.at);
    return token;
  }

 private:
  // Takes "1e-5" and also "1x", which parse_number() refuses later with the whole of it.
  void skip_number() {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const char before = text_[at_ - 1];
      if (!in_name(c) && !((c == '-' || c == '+') && (before == 'e' || before == 'E'))) return;
      ++at_;
    }
  }

  // A doubled quote stands for itself.
  std::string quoted_until(char quote, const char* what) {
    const std::size_t start = at_++;
    std::string inside;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        if (at_ == text_.size() || text_[at_] != quote) return inside;
      }
      inside.push_back(text_[at_]);
    }
    source_.fail(start, fmt::format("the {} that starts here does not end", what),
                 fmt::format("close it with {}", quote));
  }

  static bool keyword(std::string& word) {
    std::string lower = word;
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    const bool found =
        lower == "and" || lower == "or" || lower == "not" || lower == "in" || lower == "is" || lower == "missing";
    if (found) word = lower;
    return found;
  }

  std::string symbol() {
    struct Spelling {
      std::string_view written;
      const char* means;
    };
    constexpr Spelling kSpellings[] = {{"==", "="},  {"!=", "!="}, {"<=", "<="}, {">=", ">="}, {"&&", "and"},
                                       {"||", "or"}, {"=", "="},   {"<", "<"},   {">", ">"},   {"!", "not"},
                                       {"(", "("},   {")", ")"},   {",", ","}};
    for (const Spelling& spelling : kSpellings) {
      if (text_.substr(at_).starts_with(spelling.written)) {
        at_ += spelling.written.size();
        return spelling.means;
      }
    }
    source_.fail(at_, fmt::format("{} has no meaning here", quoted(text_.substr(at_, 1))),
                 "write column names with such characters in `backquotes`");
  }

  const Source& source_;
  std::string_view text_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  Parser(const Source& source, std::span<const Field> fields, const std::string& file)
      : source_(source), lexer_(source), fields_(fields), file_(file), token_(lexer_.next()) {
    for (std::size_t i = 0; i < fields.size(); ++i) field_of_name_.emplace(fields[i].name, i);
  }

  Program run() {
    parse_or(0);
    if (token_.kind != TokenKind::kEnd) {
      const bool chained = comparison().has_value();
      expected(chained ? "'and' or 'or' (comparisons do not chain)" : "'and', 'or' or the end");
    }
    return std::move(program_);
  }

 private:
  struct Side {
    Operand operand;
    Token token;
  };

  void parse_or(int depth) {
    parse_and(depth);
    while (accept_word("or")) {
      parse_and(depth);
      program_.ops.emplace_back(Or{});
    }
  }

  void parse_and(int depth) {
    parse_not(depth);
    while (accept_word("and")) {
      parse_not(depth);
      program_.ops.emplace_back(And{});
    }
  }

  void parse_not(int depth) {
    bool negate = false;
    while (accept_word("not")) negate = !negate;
    if (is_symbol("(")) {
      if (depth == kMaxDepth) {
        source_.fail(token_.at, fmt::format("parentheses nest more than {} deep", kMaxDepth), "simplify the condition");
      }
      advance();
      parse_or(depth + 1);
      expect_symbol(")");
    } else {
      parse_comparison();
    }
    if (negate) program_.ops.emplace_back(Not{});
  }

  void parse_comparison() {
    const Side left = side();
    const bool negate = accept_word("not");
    if (accept_word("in")) {
      parse_in(left);
      if (negate) program_.ops.emplace_back(Not{});
      return;
    }
    if (negate) expected("'in'");
    if (accept_word("is")) {
      const bool present = accept_word("not");
      if (!accept_word("missing")) expected("'missing' or 'not missing'");
      program_.ops.emplace_back(Missing{column_of(left)});
      if (present) program_.ops.emplace_back(Not{});
      return;
    }
    const auto accept = comparison();
    if (!accept) expected("a comparison such as =, !=, <, <=, >, >=, 'in' or 'is missing'");
    advance();
    const Side right = side();
    if (!std::holds_alternative<ColumnRef>(left.operand) && !std::holds_alternative<ColumnRef>(right.operand)) {
      source_.fail(left.token.at, "this compares two constants",
                   "name a column on one side; constant strings stand in quotes, columns do not");
    }
    check_types(left, right);
    check_types(right, left);
    program_.ops.emplace_back(Compare{left.operand, right.operand, *accept});
  }

  void parse_in(const Side& left) {
    In in;
    in.slot = column_of(left);
    const ColumnType type = field_of(left).type;
    expect_symbol("(");
    do {
      const Side value = side();
      if (std::holds_alternative<ColumnRef>(value.operand)) {
        source_.fail(value.token.at, "a list holds numbers or strings, this is a column", "quote it if it is a string");
      }
      check_types(left, value);
      if (const auto* text = std::get_if<std::string>(&value.operand)) {
        in.strings.push_back(*text);
      } else {
        add_number(value.operand, type, in);
      }
    } while (accept_symbol(","));
    expect_symbol(")");
    std::sort(in.integers.begin(), in.integers.end());
    std::sort(in.numbers.begin(), in.numbers.end());
    std::sort(in.strings.begin(), in.strings.end());
    program_.ops.emplace_back(std::move(in));
  }

  // A value that the column's type cannot have is left out: it never matches.
  static void add_number(const Operand& value, ColumnType type, In& in) {
    const auto* integer = std::get_if<std::int64_t>(&value);
    const double number = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
    const bool in_range = number >= -0x1p63 && number < 0x1p63;
    if (type == ColumnType::kInteger) {
      if (integer != nullptr) {
        in.integers.push_back(*integer);
      } else if (in_range && std::trunc(number) == number) {
        in.integers.push_back(static_cast<std::int64_t>(number));
      }
    } else if (integer == nullptr || (in_range && static_cast<std::int64_t>(number) == *integer)) {
      in.numbers.push_back(number);
    }
  }

  Side side() {
    Side result;
    result.token = token_;
    switch (token_.kind) {
      case TokenKind::kNumber:
        result.operand = number();
        break;
      case TokenKind::kString:
        result.operand = token_.text;
        break;
      case TokenKind::kName:
        result.operand = ColumnRef{slot(token_)};
        break;
      default:
        expected("a column, a number or a string");
    }
    advance();
    return result;
  }

  Operand number() const {
    std::int64_t integer = 0;
    const Parsed as_integer = parse_integer(token_.raw, integer);
    if (as_integer == Parsed::kOk || as_integer == Parsed::kLeadingZero) return integer;
    double value = 0;
    const Parsed parsed = parse_number(token_.raw, value);
    if (parsed == Parsed::kOverflow)
      source_.fail(token_.at, fmt::format("{} is out of range", token_.raw), "use a number within 1e308");
    if (parsed != Parsed::kOk) {
      source_.fail(token_.at, fmt::format("{} is not a number", quoted(token_.raw)),
                   "quote a string; write a column name that starts with a digit in `backquotes`");
    }
    return value;
  }

  std::size_t slot(const Token& token) {
    const auto found = field_of_name_.find(token.text);
    if (found == field_of_name_.end()) {
      source_.fail(token.at, no_such_field(fields_, token.text, file_),
                   "name one of its columns; strings stand in quotes");
    }
    if (fields_[found->second].cells != Cells::kSingle) {
      source_.fail(token.at, fmt::format("column {} holds lists, which do not compare", quoted(token.text)),
                   "use columns of single values");
    }
    const auto [known, added] = slot_of_field_.emplace(found->second, program_.columns.size());
    if (added) program_.columns.push_back(static_cast<std::int64_t>(found->second));
    return known->second;
  }

  std::size_t column_of(const Side& side) const {
    const auto* column = std::get_if<ColumnRef>(&side.operand);
    if (column == nullptr) source_.fail(side.token.at, "a column is needed here", "column names stand without quotes");
    return column->slot;
  }

  const Field& field_of(const Side& side) const {
    return fields_[static_cast<std::size_t>(program_.columns[std::get<ColumnRef>(side.operand).slot])];
  }

  // Fails when `left` is a column that does not compare with `right`.
  void check_types(const Side& left, const Side& right) const {
    if (!std::holds_alternative<ColumnRef>(left.operand)) return;
    const Field& field = field_of(left);
    const bool string = field.type == ColumnType::kString;
    if (std::holds_alternative<ColumnRef>(right.operand)) {
      const Field& other = field_of(right);
      if (string == (other.type == ColumnType::kString)) return;
      source_.fail(left.token.at,
                   fmt::format("column {} is {}, column {} is {}", quoted(field.name), described(field),
                               quoted(other.name), described(other)),
                   fmt::format("set data.types.{} = \"{}\"", toml_key(field.name), string ? "number" : "string"));
    }
    if (string == std::holds_alternative<std::string>(right.operand)) return;
    const std::string value(right.token.raw.substr(0, 40));
    if (string) {
      source_.fail(left.token.at,
                   fmt::format("column {} is {}, {} is a number", quoted(field.name), described(field), value),
                   fmt::format("compare with a string such as '{}', or set data.types.{} = \"number\"", value,
                               toml_key(field.name)));
    }
    source_.fail(
        left.token.at, fmt::format("column {} is {}, {} is a string", quoted(field.name), described(field), value),
        fmt::format("write the number without quotes, or set data.types.{} = \"string\"", toml_key(field.name)));
  }

  static std::string described(const Field& field) {
    std::string text = fmt::format("of type {}", column_type_name(field.type));
    if (field.guessed && field.example_line > 0) {
      text += fmt::format(" (line {} holds {})", field.example_line, quoted(field.example));
    }
    return text;
  }

  std::optional<std::array<bool, 3>> comparison() const {
    struct Meaning {
      std::string_view symbol;
      std::array<bool, 3> accept;
    };
    constexpr Meaning kMeanings[] = {{"=", {false, true, false}}, {"!=", {true, false, true}},
                                     {"<", {true, false, false}}, {"<=", {true, true, false}},
                                     {">", {false, false, true}}, {">=", {false, true, true}}};
    if (token_.kind != TokenKind::kSymbol) return std::nullopt;
    for (const Meaning& meaning : kMeanings) {
      if (token_.text == meaning.symbol) return meaning.accept;
    }
    return std::nullopt;
  }

  void advance() { token_ = lexer_.next(); }
  bool is_symbol(std::string_view symbol) const { return token_.kind == TokenKind::kSymbol && token_.text == symbol; }

  bool accept_word(std::string_view word) {
    if (token_.kind != TokenKind::kWord || token_.text != word) return false;
    advance();
    return true;
  }

  bool accept_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    advance();
    return true;
  }

  void expect_symbol(std::string_view symbol) {
    if (!accept_symbol(symbol)) expected(fmt::format("'{}'", symbol));
  }

  [[noreturn]] void expected(const std::string& what) const {
    const std::string came = token_.kind == TokenKind::kEnd ? "the end" : quoted(token_.raw);
    source_.fail(token_.at, fmt::format("{} came where {} is needed", came, what),
                 "an example: rating >= 4 and not genre = 'Drama'");
  }

  const Source& source_;
  Lexer lexer_;
  std::span<const Field> fields_;
  const std::string& file_;
  std::unordered_map<std::string_view, std::size_t> field_of_name_;
  std::unordered_map<std::size_t, std::size_t> slot_of_field_;
  Token token_;
  Program program_;
};

}  // namespace

Program parse(std::string_view text, std::span<const Field> fields, const std::string& file) {
  if (text.size() > kMaxText) {
    throw Error::invalid_argument(
        fmt::format("data.where is {} long; at most {} are allowed", human_bytes(text.size()), human_bytes(kMaxText)),
        "prepare the file with another tool");
  }
  if (!is_utf8(text)) throw Error::invalid_argument("data.where is not UTF-8", "save the spec as UTF-8");
  if (trim(text).empty()) return {};
  const Source source(text);
  return Parser(source, fields, file).run();
}

}  // namespace kin::expression
