#include "apps/cli/users_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "kinspace/base/error.h"
#include "kinspace/data/read_histories.h"
#include "kinspace/data/table.h"
#include "kinspace/estimator/dataset.h"

namespace kin::cli {
namespace {

bool has_field(const Table& table, std::string_view name) {
  return std::any_of(table.fields().begin(), table.fields().end(),
                     [&](const Field& field) { return field.name == name; });
}

// Adds the rows of the keys in a text.
void add_keys(std::string_view text, const Vocabulary& vocabulary, std::vector<std::int64_t>& rows) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" ,;|", begin), text.size());
    if (end > begin) rows.push_back(vocabulary.find(text.substr(begin, end - begin)).value_or(-1));
    begin = end + 1;
  }
}

/// One row a user.
UserHistories read_rows(Table& table, const Vocabulary& vocabulary) {
  table.start({find_field(table.fields(), "user", table.name(), "--users"),
               find_field(table.fields(), "history", table.name(), "--users")});
  UserHistories out;
  for (Batch batch; table.next(batch);) {
    const Column& history = batch.columns[1];
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.rows); ++i) {
      out.users.emplace_back(batch.columns[0].string(i));
      auto& rows = out.rows.emplace_back();
      if (history.cells == Cells::kSingle) {
        if (!history.missing(i)) add_keys(history.string(i), vocabulary, rows);
        continue;
      }
      for (auto k = static_cast<std::size_t>(history.list_offsets[i]);
           k < static_cast<std::size_t>(history.list_offsets[i + 1]); ++k) {
        if (!history.value_missing(k)) rows.push_back(vocabulary.find(history.string(k)).value_or(-1));
      }
    }
  }
  return out;
}

/// One row an event, as in the training data.
UserHistories read_events(const DataOptions& data, const TableRequest& table, const Model& model, ThreadPool& pool,
                          std::uint64_t memory_limit) {
  HistoriesRequest request;
  request.item = item_source(model.spec());
  request.memory_limit = memory_limit;
  request.table = table;
  const Histories histories = read_histories(data, request, pool).histories;
  const std::vector<std::int32_t> row_of = model.vocabulary().rows_of(histories.item_keys, -1);
  UserHistories out;
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    out.users.push_back(histories.groups.text(g));
    auto& rows = out.rows.emplace_back();
    for (const std::uint32_t item : histories.group(g)) rows.push_back(row_of[item]);
  }
  return out;
}

}  // namespace

UserHistories read_users(const std::string& path, const Model& model, ThreadPool& pool, std::uint64_t memory_limit) {
  TableRequest request;
  request.types_role = "--users";
  // The table is opened twice, which a pipe is not.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) request.source = file_source(path);
  DataOptions events = model.spec().data;
  events.path = {path};
  events.query.clear();
  events.format = "auto";
  const auto one_row_a_user = [&] {
    if (!events.names.empty()) return false;
    DataOptions any;
    any.path = {path};
    any.encoding = events.encoding;
    const std::unique_ptr<Table> table = open_table(any, request);
    if (has_field(*table, "user") && has_field(*table, "history")) return true;
    const std::string& item = item_source(model.spec());
    const auto has_event_field = [&](const std::string& name) {
      return has_field(*table, name) || std::any_of(events.rename.begin(), events.rename.end(), [&](const auto& entry) {
               return entry.second == name && has_field(*table, entry.first);
             });
    };
    if (has_event_field(events.group_by) && has_event_field(item)) return false;
    throw Error::invalid_argument(
        fmt::format("{} has neither the columns user and history nor {} and {}", path, events.group_by, item),
        "write a header such as: user,history");
  };
  UserHistories out;
  if (one_row_a_user()) {
    DataOptions rows;
    rows.path = {path};
    rows.encoding = events.encoding;
    rows.types = {{"user", "string"}, {"history", "string"}};
    out = read_rows(*open_table(rows, request), model.vocabulary());
  } else {
    request.types_role = "data.types";
    out = read_events(events, request, model, pool, memory_limit);
  }
  for (const auto& rows : out.rows) out.unknown_items += std::count(rows.begin(), rows.end(), -1);
  return out;
}

}  // namespace kin::cli
