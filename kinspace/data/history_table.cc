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

std::unique_ptr<Table> open(const DataOptions& data, const HistoriesRequest& request) {
  if (data.group_by.empty()) {
    throw Error::invalid_argument("data.group_by is missing", "name the column whose equal values form one history");
  }
  return open_table(data, request.table);
}

}  // namespace

HistoryTable::HistoryTable(const DataOptions& data, const HistoriesRequest& request)
    : request_(request),
      table_(open(data, request)),
      filter_(data.where, table_->fields(), table_->name()),
      filters_(!data.where.empty()),
      wanted_(filter_.columns()) {
  group_ = key_column(data.group_by, kGroupRole);
  item_ = key_column(request.item, kItemRole);
  require_single(group_, kGroupRole);
  if (group_ == item_) {
    throw Error::invalid_argument(fmt::format("data.group_by and the item column are both {}", quoted(request.item)),
                                  "group by who chose; predict what was chosen");
  }
  for (const std::string& name : data.order_by) {
    const std::size_t column = want(find_field(table_->fields(), name, table_->name(), kOrderRole));
    if (column != item_) require_single(column, kOrderRole);
    // The group's own key orders nothing inside it.
    if (column != group_ && std::find(orders_.begin(), orders_.end(), column) == orders_.end())
      orders_.push_back(column);
  }
  if (!request.split_column.empty()) {
    split_ = key_column(request.split_column, kSplitRole);
    require_single(*split_, kSplitRole);
  }
}

void HistoryTable::start(int pass) {
  table_->start(wanted_);
  pass_ = pass;
  rows_ = 0;
}

bool HistoryTable::next(BatchEvents& events) {
  if (!table_->next(batch_)) return false;
  rows_ += batch_.rows;
  filter_.select(batch_, kept_);
  require(group_, kGroupRole);
  if (batch_.columns[item_].cells == Cells::kSingle) require(item_, kItemRole);
  for (const std::size_t column : orders_) {
    if (column != item_) require(column, kOrderRole);
  }
  if (split_) require(*split_, kSplitRole);
  find_events(events);
  if (request_.progress) request_.progress({pass_, 2, table_->bytes_read(), table_->size()});
  return true;
}

void HistoryTable::find_events(BatchEvents& events) const {
  const Column& items = batch_.columns[item_];
  if (items.cells == Cells::kSingle) {
    events.rows = kept_;
    events.items = kept_;
    return;
  }
  events.rows.clear();
  events.items.clear();
  for (const std::uint32_t row : kept_) {
    for (std::int32_t i = items.list_offsets[row]; i < items.list_offsets[row + 1]; ++i) {
      if (items.value_missing(static_cast<std::size_t>(i))) continue;
      events.rows.push_back(row);
      events.items.push_back(static_cast<std::uint32_t>(i));
    }
  }
}

std::size_t HistoryTable::want(std::int64_t field) {
  const auto found = std::find(wanted_.begin(), wanted_.end(), field);
  const auto at = static_cast<std::size_t>(found - wanted_.begin());
  if (found == wanted_.end()) wanted_.push_back(field);
  return at;
}

std::size_t HistoryTable::key_column(const std::string& name, std::string_view role) {
  const std::int64_t at = find_field(table_->fields(), name, table_->name(), role);
  const Field& found = table_->fields()[static_cast<std::size_t>(at)];
  if (found.type == ColumnType::kNumber) {
    std::string example;
    if (found.guessed) example = fmt::format(" such as {} on line {}", quoted(found.example), found.example_line);
    throw Error::invalid_argument(
        fmt::format("{}: column {} of {} holds numbers{}; keys are integers or strings", role, quoted(name),
                    table_->name(), example),
        fmt::format("set data.types.{} = \"string\" to take the values as they are written", toml_key(name)));
  }
  return want(at);
}

void HistoryTable::require_single(std::size_t column, std::string_view role) const {
  if (field(column).cells == Cells::kSingle) return;
  throw Error::invalid_argument(fmt::format("{}: column {} of {} holds lists; a value for every row is needed", role,
                                            quoted(field(column).name), table_->name()),
                                "name another column; only items may come in lists");
}

void HistoryTable::require(std::size_t column, std::string_view role) const {
  if (batch_.columns[column].validity == nullptr) return;
  for (const std::uint32_t row : kept_) {
    if (!batch_.columns[column].missing(row)) continue;
    const std::string& name = field(column).name;
    throw Error::bad_data(fmt::format("{}, column {}: the cell is empty; {} needs a value in every row",
                                      table_->place(row), quoted(name), role),
                          fmt::format("fill it, or leave such rows out: data.where = \"{}`{}` is not missing\"",
                                      filters_ ? "(...) and " : "", name));
  }
}

}  // namespace kin
