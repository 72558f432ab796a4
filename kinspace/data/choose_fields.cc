#include "kinspace/data/choose_fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/csv_reader.h"

namespace kin {

ChosenFields choose_fields(std::vector<Field> all, const DataOptions& data, const std::string& table,
                           const std::string& types_role) {
  ChosenFields chosen;
  for (const std::string& name : data.select) {
    const auto column = static_cast<std::size_t>(find_field(all, name, table, "data.select"));
    if (std::find(chosen.columns.begin(), chosen.columns.end(), column) != chosen.columns.end()) {
      throw Error::invalid_argument(fmt::format("data.select names {} twice", quoted(name)));
    }
    chosen.columns.push_back(column);
  }
  if (data.select.empty()) {
    for (std::size_t i = 0; i < all.size(); ++i) chosen.columns.push_back(i);
  }
  std::vector<Field> renamed = all;
  const auto field = [&](const std::string& name, const std::string& role) -> Field& {
    return renamed[static_cast<std::size_t>(find_field(all, name, table, role))];
  };
  for (const auto& [name, type] : parse_column_types(data.types)) {
    Field& changed = field(name, types_role);
    if (changed.type != type) changed.unit = TimeUnit::kNone;
    changed.type = type;
    changed.guessed = false;
  }
  for (const auto& [name, here] : data.rename) field(name, "data.rename").name = here;
  std::set<std::string_view> names;
  for (const std::size_t column : chosen.columns) {
    if (!names.insert(renamed[column].name).second) {
      throw Error::invalid_argument(
          fmt::format("{} has two columns {} after data.rename", table, quoted(renamed[column].name)),
          "give every column a name of its own");
    }
    chosen.fields.push_back(renamed[column]);
  }
  return chosen;
}

}  // namespace kin
