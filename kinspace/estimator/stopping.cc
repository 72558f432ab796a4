#include "kinspace/estimator/stopping.h"

#include <fmt/format.h>

#include <cmath>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using Kind = StoppingRule::Kind;

bool has_threshold(Kind kind) noexcept {
  return kind == Kind::kLower || kind == Kind::kHigher;
}

bool is_better(Kind kind, double value, double than) noexcept {
  return kind == Kind::kNoDecrease || kind == Kind::kLower ? value < than : value > than;
}

void check(std::span<const MetricRow> evaluations, const StoppingRule& rule) {
  if (!has_threshold(rule.kind) && rule.max_steps < 1) {
    throw Error::invalid_argument(fmt::format("[early stopping] max_steps {}; it must be at least 1", rule.max_steps));
  }
  if (has_threshold(rule.kind) && std::isnan(rule.threshold)) {
    throw Error::invalid_argument("[early stopping] threshold NaN; it must be a number");
  }
  if (rule.min_steps < 0) {
    throw Error::invalid_argument(fmt::format("[early stopping] min_steps {}; it must be at least 0", rule.min_steps));
  }
  for (std::size_t i = 1; i < evaluations.size(); ++i) {
    if (evaluations[i].step > evaluations[i - 1].step) continue;
    throw Error::invalid_argument(
        fmt::format("[early stopping] an evaluation at step {} after one at step {}; steps must "
                    "rise",
                    evaluations[i].step, evaluations[i - 1].step));
  }
}

std::optional<StopReason> crossed(std::span<const MetricRow> rows, const StoppingRule& rule,
                                  const std::string& metric) {
  for (const MetricRow& row : rows) {
    if (!is_better(rule.kind, row.value, rule.threshold)) continue;
    return StopReason{row.step, row,
                      fmt::format("{} is {:g} at step {}, {} {:g}", metric, row.value, row.step,
                                  rule.kind == Kind::kLower ? "below" : "above", rule.threshold)};
  }
  return std::nullopt;
}

std::optional<StopReason> stalled(std::span<const MetricRow> rows, const StoppingRule& rule,
                                  const std::string& metric) {
  if (rows.empty()) return std::nullopt;
  MetricRow best = rows.front();
  for (const MetricRow& row : rows) {
    if (is_better(rule.kind, row.value, best.value) || (std::isnan(best.value) && !std::isnan(row.value))) best = row;
    if (row.step - best.step < rule.max_steps) continue;
    return StopReason{row.step, best,
                      fmt::format("{} did not {} for {} steps: {:g} at step {} was the best", metric,
                                  rule.kind == Kind::kNoDecrease ? "decrease" : "increase", row.step - best.step,
                                  best.value, best.step)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<StopReason> reason_to_stop(std::span<const MetricRow> evaluations, const StoppingRule& rule,
                                         const std::string& metric) {
  check(evaluations, rule);
  std::size_t first = 0;
  while (first < evaluations.size() && evaluations[first].step < rule.min_steps) ++first;
  const auto rows = evaluations.subspan(first);
  return has_threshold(rule.kind) ? crossed(rows, rule, metric) : stalled(rows, rule, metric);
}

}  // namespace kin
