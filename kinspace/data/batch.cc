#include "kinspace/data/batch.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {

std::string_view column_type_name(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kNumber:
      return "number";
    case ColumnType::kString:
      break;
  }
  return "string";
}

std::string no_such_field(std::span<const Field> fields, std::string_view name, const std::string& file) {
  constexpr std::size_t kListed = 20;
  constexpr std::size_t kSuggested = 1000;
  std::vector<std::string> names;
  std::string list;
  for (std::size_t i = 0; i < std::min(fields.size(), kSuggested); ++i) {
    names.push_back(fields[i].name);
    if (i < kListed) list += fmt::format("{}{}", i == 0 ? "" : ", ", fields[i].name);
  }
  if (fields.size() > kListed) list += fmt::format(" and {} more", fields.size() - kListed);
  const std::string guess = did_you_mean(name, names);
  return fmt::format("{} has no column {}{} Its columns are: {}", file, quoted(name), guess.empty() ? "." : guess,
                     list);
}

std::int64_t find_field(std::span<const Field> fields, std::string_view name, const std::string& file,
                        std::string_view role) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  if (found != fields.end()) return found - fields.begin();
  throw Error::invalid_argument(
      fmt::format("{}: {}", role, no_such_field(fields, name, file)),
      fields.size() == 1 ? "the header holds a single name: check data.separator" : "name one of its columns");
}

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
  return bare ? std::string(name) : fmt::format("\"{}\"", name);
}

}  // namespace kin
