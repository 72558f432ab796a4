#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// A value of TOML or JSON that remembers where it stood, so that messages can point at it.
struct SpecValue {
  enum class Kind { kBool, kInteger, kNumber, kString, kList, kTable, kOther };

  Kind kind = Kind::kTable;
  bool truth = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;              ///< of a string
  std::vector<SpecValue> items;  ///< of a list or, parallel to `keys`, of a table
  std::vector<std::string> keys;
  std::vector<std::string> key_places;  ///< parallel to `keys`: where each one stood
  std::string place;                    ///< such as "movies.toml:3:18"

  /// The value of a key of a table; null if it has none.
  const SpecValue* find(std::string_view key) const noexcept;
  SpecValue* find(std::string_view key) noexcept;

  void add(std::string key, std::string key_place, SpecValue value);

  /// Takes a key out of a table; false if it has none.
  bool remove(std::string_view key);

  /// For messages: "the string 'many'", "1.5", "a list".
  std::string shown() const;
};

/// Reads TOML 1.0; `name` stands for the text in places. Errors: kInvalidArgument with the place; nesting is limited.
SpecValue parse_toml(std::string_view text, const std::string& name);

/// Reads JSON; every place is `name`. Errors: kInvalidArgument; nesting is limited.
SpecValue parse_json(std::string_view text, const std::string& name);

}  // namespace kin
