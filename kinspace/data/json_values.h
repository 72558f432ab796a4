#pragma once

// Internal to the reader of JSON Lines: the only header that includes simdjson.

#include <simdjson.h>

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

/// "a list", "a number"...
std::string_view json_kind(simdjson::dom::element value) noexcept;

/// A string itself, true and false, numbers in their shortest decimal form, else JSON without blanks; `scratch` takes
/// what is made.
std::string_view json_text(simdjson::dom::element value, std::string& scratch);

/// null and "".
bool is_missing_json(simdjson::dom::element value) noexcept;

/// These and {}.
bool is_empty_json(simdjson::dom::element value) noexcept;

/// A row parsed: an object. Errors   what is wrong with it, kResourceLimit.
JsonCheck parse_json_row(simdjson::dom::parser& parser, std::string_view row, simdjson::dom::object& object);

/// Calls f(path, value) for every value of an object, those of objects in it by their path, a.b, until f returns a
/// complaint. `path` is scratch, and empty at first.
template <class F>
JsonCheck for_each_json_value(simdjson::dom::object object, std::string& path, F& f) {
  const std::size_t above = path.size();
  for (const simdjson::dom::key_value_pair pair : object) {
    if (above > 0) path += '.';
    path += pair.key;
    const bool nested = pair.value.is_object() && !is_empty_json(pair.value);
    JsonCheck bad = nested ? for_each_json_value(pair.value.get_object().value_unsafe(), path, f)
                           : f(std::string_view(path), pair.value);
    path.resize(above);
    if (bad) return bad;
  }
  return std::nullopt;
}

}  // namespace kin
