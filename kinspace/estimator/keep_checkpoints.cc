#include "kinspace/estimator/keep_checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kinspace/base/error.h"

namespace kin {
namespace {

void check(std::span<const CheckpointRow> rows, const KeepRule& rule) {
  if (rule.last < 0 || rule.best < 0) {
    throw Error::invalid_argument(
        fmt::format("[keep checkpoints] last {}, best {}; both must be at least 0", rule.last, rule.best));
  }
  if (!(rule.every_hours >= 0) || !std::isfinite(rule.start)) {
    throw Error::invalid_argument(
        fmt::format("[keep checkpoints] every {} hours from {}; both must be numbers, the hours at "
                    "least 0",
                    rule.every_hours, rule.start));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool rises = i == 0 || (rows[i].step > rows[i - 1].step && rows[i].time >= rows[i - 1].time);
    if (rises && std::isfinite(rows[i].time)) continue;
    throw Error::invalid_argument(
        fmt::format("[keep checkpoints] step {} at {} seconds; steps and times must rise", rows[i].step, rows[i].time));
  }
}

void mark_best(std::span<const CheckpointRow> rows, const KeepRule& rule, std::vector<bool>& keep) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].metric && !std::isnan(*rows[i].metric)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rule.metric_rises ? *rows[a].metric > *rows[b].metric : *rows[a].metric < *rows[b].metric;
  });
  if (order.size() > static_cast<std::uint64_t>(rule.best)) order.resize(static_cast<std::size_t>(rule.best));
  for (const std::size_t i : order) keep[i] = true;
}

void mark_hours(std::span<const CheckpointRow> rows, const KeepRule& rule, std::vector<bool>& keep) {
  double before = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double period = std::floor((rows[i].time - rule.start) / (rule.every_hours * 3600));
    if (period > before) {
      keep[i] = true;
      before = period;
    }
  }
}

}  // namespace

std::vector<std::int64_t> checkpoints_to_keep(std::span<const CheckpointRow> checkpoints, const KeepRule& rule) {
  check(checkpoints, rule);
  const std::size_t n = checkpoints.size();
  const bool all = rule.last == 0 || static_cast<std::uint64_t>(rule.last) >= n;
  std::vector<bool> keep(n, false);
  for (std::size_t i = all ? 0 : n - static_cast<std::size_t>(rule.last); i < n; ++i) keep[i] = true;
  if (rule.best > 0) mark_best(checkpoints, rule, keep);
  if (rule.every_hours > 0) mark_hours(checkpoints, rule, keep);
  std::vector<std::int64_t> steps;
  for (std::size_t i = 0; i < n; ++i) {
    if (keep[i]) steps.push_back(checkpoints[i].step);
  }
  return steps;
}

}  // namespace kin
