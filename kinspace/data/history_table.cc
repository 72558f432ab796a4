#include "kinspace/data/history_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::string_view kGroupRole = "data.group_by";
constexpr std::string_view kItemRole = "the item column";
constexpr std::string_view kOrderRole = "data.order_by";
constexpr std::string_view kSplitRole = "split.column";

CsvOptions csv_options(const DataOptions& data, const HistoriesRequest& request) {
  if (data.path.empty()) throw Error::invalid_argument("data.path is missing", "name a CSV or TSV file");
  if (data.group_by.empty()) {
    throw Error::invalid_argument("data.group_by is missing", "name the column whose equal values form one history");
  }
  CsvOptions options;
  options.separator = csv_separator(data.separator, data.path);
  options.types = parse_column_types(data.types);
  options.limits = request.limits;
  return options;
}

}  // namespace

HistoryTable::HistoryTable(const DataOptions& data, const HistoriesRequest& request)
    : request_(request),
      reader_(file_source(data.path), csv_options(data, request)),
      filter_(data.where, reader_.fields(), data.path),
      filters_(!data.where.empty()),
      wanted_(filter_.columns()) {
  group_ = key_column(data.group_by, kGroupRole);
  item_ = key_column(request.item, kItemRole);
  if (group_ == item_) {
    throw Error::invalid_argument(fmt::format("data.group_by and the item column are both {}", quoted(request.item)),
                                  "group by who chose; predict what was chosen");
  }
  for (const std::string& name : data.order_by) {
    const std::size_t column = want(find_field(reader_.fields(), name, reader_.name(), kOrderRole));
    // The group's own key orders nothing inside it.
    if (column != group_ && std::find(orders_.begin(), orders_.end(), column) == orders_.end())
      orders_.push_back(column);
  }
  if (!request.split_column.empty()) split_ = key_column(request.split_column, kSplitRole);
}

void HistoryTable::start(int pass) {
  reader_.start(wanted_);
  pass_ = pass;
  rows_ = 0;
}

bool HistoryTable::next(std::vector<std::uint32_t>& kept) {
  if (!reader_.next(batch_)) return false;
  rows_ += batch_.rows;
  filter_.select(batch_, kept);
  require(group_, kGroupRole, kept);
  require(item_, kItemRole, kept);
  for (const std::size_t column : orders_) require(column, kOrderRole, kept);
  if (split_) require(*split_, kSplitRole, kept);
  if (request_.progress) request_.progress({pass_, 2, reader_.bytes_read(), reader_.size()});
  return true;
}

std::size_t HistoryTable::want(std::int64_t field) {
  const auto found = std::find(wanted_.begin(), wanted_.end(), field);
  const auto at = static_cast<std::size_t>(found - wanted_.begin());
  if (found == wanted_.end()) wanted_.push_back(field);
  return at;
}

std::size_t HistoryTable::key_column(const std::string& name, std::string_view role) {
  const std::int64_t at = find_field(reader_.fields(), name, reader_.name(), role);
  const Field& found = reader_.fields()[static_cast<std::size_t>(at)];
  if (found.type == ColumnType::kNumber) {
    std::string example;
    if (found.guessed) example = fmt::format(" such as {} on line {}", quoted(found.example), found.example_line);
    throw Error::invalid_argument(
        fmt::format("{}: column {} of {} holds numbers{}; keys are integers or strings", role, quoted(name),
                    reader_.name(), example),
        fmt::format("set data.types.{} = \"string\" to take the values as they are written", toml_key(name)));
  }
  return want(at);
}

void HistoryTable::require(std::size_t column, std::string_view role, const std::vector<std::uint32_t>& kept) const {
  if (batch_.columns[column].validity == nullptr) return;
  for (const std::uint32_t row : kept) {
    if (!batch_.columns[column].missing(row)) continue;
    const std::string& name = field(column).name;
    throw Error::bad_data(fmt::format("{} line {}, column {}: the cell is empty; {} needs a value in every row",
                                      reader_.name(), reader_.line(row), quoted(name), role),
                          fmt::format("fill it, or leave such rows out: data.where = \"{}`{}` is not missing\"",
                                      filters_ ? "(...) and " : "", name));
  }
}

}  // namespace kin
