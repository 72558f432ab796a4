#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kin {

/// What is wrong with a row of JSON; `column` may be empty.
struct JsonComplaint {
  std::string column;
  std::string message;
  std::string fix;
};
using JsonCheck = std::optional<JsonComplaint>;

/// A value of a row that has been parsed; it lives until the next one is.
struct JsonValue {
  enum class Kind : std::uint8_t { kNull, kBoolean, kInteger, kLargeInteger, kNumber, kString, kList, kObject };

  Kind kind = Kind::kNull;
  std::int64_t integer = 0;      ///< kInteger; kBoolean: 1 or 0
  std::uint64_t large = 0;       ///< kLargeInteger, beyond std::int64_t
  double number = 0;             ///< kNumber
  std::string_view string = {};  ///< kString
  std::size_t node = 0;          ///< kList, kObject: for the parser

  /// null and "".
  bool missing() const noexcept { return kind == Kind::kNull || (kind == Kind::kString && string.empty()); }
};

/// Parses rows of JSON, each an object. (It hides simdjson.)
class JsonParser {
 public:
  using OnValue = std::function<JsonCheck(std::string_view path, const JsonValue& value)>;
  using OnItem = std::function<JsonCheck(const JsonValue& item)>;

  JsonParser();
  ~JsonParser();

  /// Calls `on_value` for every value of the row in order, those of objects in it by their path, a.b, until there is a
  /// complaint; only an empty object is itself a value. JsonLines::kPadding bytes behind the row must be readable.
  /// Errors   what is wrong with the row, as the result; kResourceLimit.
  JsonCheck parse(std::string_view row, const OnValue& on_value);

  JsonCheck for_each_item(const JsonValue& list, const OnItem& on_item);

  /// A string itself, true and false, numbers in their shortest decimal form, else JSON without blanks; `scratch` takes
  /// what is made.
  std::string_view text(const JsonValue& value, std::string& scratch) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "a list", "a number"...
std::string_view kind_name(const JsonValue& value) noexcept;

}  // namespace kin
