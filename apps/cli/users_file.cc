#include "apps/cli/users_file.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/data/csv_reader.h"
#include "kinspace/data/read_histories.h"

namespace kin::cli {
namespace {

bool has_field(const CsvReader& reader, std::string_view name) {
  return std::any_of(reader.fields().begin(), reader.fields().end(),
                     [&](const Field& field) { return field.name == name; });
}

/// One line a user.
UserHistories read_lines(CsvReader& reader, const Vocabulary& vocabulary) {
  const std::string& name = reader.name();
  reader.start(
      {find_field(reader.fields(), "user", name, "--users"), find_field(reader.fields(), "history", name, "--users")});
  UserHistories out;
  for (Batch batch; reader.next(batch);) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.rows); ++i) {
      out.users.emplace_back(batch.columns[0].string(i));
      auto& rows = out.rows.emplace_back();
      const std::string_view text = batch.columns[1].missing(i) ? std::string_view() : batch.columns[1].string(i);
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" ,;|", begin), text.size());
        if (end > begin) rows.push_back(vocabulary.find(text.substr(begin, end - begin)).value_or(-1));
        begin = end + 1;
      }
    }
  }
  return out;
}

/// One line an event, as in the training data.
UserHistories read_events(const std::string& path, const Model& model, ThreadPool& pool, std::uint64_t memory_limit) {
  DataOptions data = model.spec().data;
  data.path = path;
  HistoriesRequest request;
  request.item = model.spec().columns.at(model.spec().head.target).source;
  request.memory_limit = memory_limit;
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
  const DataOptions& data = model.spec().data;
  CsvOptions options;
  options.separator = csv_separator(data.separator, path);
  const bool lines = [&] {
    const CsvReader reader(file_source(path), options);
    if (has_field(reader, "user") && has_field(reader, "history")) return true;
    const std::string& item = model.spec().columns.at(model.spec().head.target).source;
    if (has_field(reader, data.group_by) && has_field(reader, item)) return false;
    throw Error::invalid_argument(
        fmt::format("{} has neither the columns user and history nor {} and {}", path, data.group_by, item),
        "write a header such as: user,history");
  }();
  UserHistories out;
  if (lines) {
    options.types = {{"user", ColumnType::kString}, {"history", ColumnType::kString}};
    options.types_role = "--users";
    CsvReader reader(file_source(path), options);
    out = read_lines(reader, model.vocabulary());
  } else {
    out = read_events(path, model, pool, memory_limit);
  }
  for (const auto& rows : out.rows) out.unknown_items += std::count(rows.begin(), rows.end(), -1);
  return out;
}

}  // namespace kin::cli
