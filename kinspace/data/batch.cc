#include "kinspace/data/batch.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {

std::string_view column_type_name(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::kInteger: return "integer";
    case ColumnType::kNumber: return "number";
    case ColumnType::kString: break;
  }
  return "string";
}

std::int64_t find_field(std::span<const Field> fields, std::string_view name, const std::string& file,
                        std::string_view role) {
  constexpr std::size_t kListed = 20;
  std::vector<std::string> names;
  std::string list;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<std::int64_t>(i);
    if (i < 1000) names.push_back(fields[i].name);
    if (i < kListed) list += fmt::format("{}{}", i == 0 ? "" : ", ", fields[i].name);
  }
  if (fields.size() > kListed) list += fmt::format(" and {} more", fields.size() - kListed);
  throw Error::invalid_argument(
      fmt::format("{}: {} has no column {}{} Its columns are: {}", role, file, quoted(name),
                  nearest_word(name, names) ? did_you_mean(name, names) : ".", list),
      fields.size() == 1 ? "the header holds a single name: check data.separator" : "name one of its columns");
}

std::string toml_key(std::string_view name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
  return bare ? std::string(name) : fmt::format("\"{}\"", name);
}

}  // namespace kin
