#include "kinspace/data/read_names.h"

#include <fmt/core.h>

#include <memory>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/key_index.h"

namespace kin {

std::vector<std::string> read_names(const std::string& path, const std::string& key_column,
                                    const std::string& label_column, const KeyList& wanted,
                                    const TableRequest& request) {
  if (key_column == label_column) {
    throw Error::invalid_argument(fmt::format("names.key and names.label are both {}", quoted(key_column)),
                                  "name the column of the titles in names.label");
  }
  KeyIndex rows(wanted.integers());
  for (std::int64_t i = 0; i < wanted.size(); ++i) {
    if (wanted.integers()) {
      rows.insert(wanted.integer(i));
    } else {
      rows.insert(wanted.string(i));
    }
  }
  DataOptions data;
  data.path = {path};
  data.types = {{key_column, wanted.integers() ? "integer" : "string"}, {label_column, "string"}};
  TableRequest own = request;
  own.types_role = "names";
  const std::unique_ptr<Table> table = open_table(data, own);
  table->start({find_field(table->fields(), key_column, table->name(), "names.key"),
                find_field(table->fields(), label_column, table->name(), "names.label")});

  std::vector<std::string> labels(static_cast<std::size_t>(wanted.size()));
  bool found = false;
  for (Batch batch; table->next(batch);) {
    const Column& keys = batch.columns[0];
    for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
      if (keys.missing(row)) continue;
      const std::int64_t at = wanted.integers() ? rows.find(keys.integers[row]) : rows.find(keys.string(row));
      if (at < 0) continue;
      found = true;
      std::string& label = labels[static_cast<std::size_t>(at)];
      if (label.empty()) label = batch.columns[1].string(row);
    }
  }
  if (!found && wanted.size() > 0) {
    throw Error::bad_data(fmt::format("column {} of {} holds none of the {} keys, such as {}", quoted(key_column), path,
                                      with_thousands(wanted.size()), quoted(wanted.text(0))),
                          "check names.path and names.key");
  }
  return labels;
}

}  // namespace kin
