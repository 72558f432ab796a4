#include "kinspace/estimator/checkpoint_list.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/run_directory.h"

namespace kin {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxList = std::uint64_t{64} << 20;

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

CheckpointList::CheckpointList(std::string directory, const CheckpointOptions& options, bool metric_rises,
                               std::int64_t resumed_at, Clock clock)
    : path_(directory + "/checkpoints.json"),
      directory_(std::move(directory)),
      rule_{options.keep, options.keep_best, metric_rises, options.every_hours, 0},
      several_(options.keep != 1 || options.keep_best > 0 || options.every_hours > 0),
      clock_(clock ? std::move(clock) : system_seconds) {
  rule_.start = clock_();
  if (several_ && resumed_at > 0) load(resumed_at);
}

void CheckpointList::load(std::int64_t resumed_at) {
  if (!file_exists(path_)) return;
  const json value = json::parse(read_file(path_, kMaxList), nullptr, /*allow_exceptions=*/false);
  const std::vector<std::int64_t> there = kept_checkpoints(directory_);
  std::vector<CheckpointRow> rows;
  try {
    for (const json& row : value.at("checkpoints")) {
      CheckpointRow& added = rows.emplace_back();
      row.at("step").get_to(added.step);
      row.at("time").get_to(added.time);
      if (row.contains("metric")) added.metric = row["metric"].get<double>();
      // Written before their checkpoints: an interrupted run may have left rows of some that never came.
      const bool gone = added.step > resumed_at || !std::binary_search(there.begin(), there.end(), added.step);
      const bool rises =
          rows.size() < 2 || (added.step > rows[rows.size() - 2].step && added.time >= rows[rows.size() - 2].time);
      if (gone || !rises) rows.pop_back();
    }
    rule_.start = value.at("start").get<double>();
  } catch (const json::exception&) {
    return;
  }
  rows_ = std::move(rows);
}

std::vector<std::int64_t> CheckpointList::add(std::int64_t step, std::optional<double> metric) {
  if (!several_) return {};
  std::erase_if(rows_, [&](const CheckpointRow& row) { return row.step >= step; });
  if (metric && std::isnan(*metric)) metric.reset();
  // A clock that was set back must not make times fall.
  rows_.push_back({step, std::max(clock_(), rows_.empty() ? rule_.start : rows_.back().time), metric});
  std::vector<std::int64_t> keep = checkpoints_to_keep(rows_, rule_);
  std::erase_if(rows_,
                [&](const CheckpointRow& row) { return !std::binary_search(keep.begin(), keep.end(), row.step); });
  save();
  return keep;
}

void CheckpointList::save() const {
  json rows = json::array();
  for (const CheckpointRow& row : rows_) {
    json& added = rows.emplace_back(json{{"step", row.step}, {"time", row.time}});
    if (row.metric) added["metric"] = *row.metric;
  }
  write_file_atomically(path_, json{{"start", rule_.start}, {"checkpoints", rows}}.dump() + "\n");
}

}  // namespace kin
