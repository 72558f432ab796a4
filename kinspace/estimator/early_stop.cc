#include "kinspace/estimator/early_stop.h"

#include <fmt/format.h>

#include <cmath>

namespace kin {
namespace {

std::optional<std::string> out_of_patience(const EarlyStopOptions& options, bool rises,
                                           std::span<const MetricRow> evaluations) {
  const MetricRow* best = nullptr;
  std::int64_t since = 0;
  for (const MetricRow& row : evaluations) {
    if (row.step < options.min_steps) continue;
    const bool better = best == nullptr || is_better(row.value, best->value, rises);
    if (better) best = &row;
    since = better ? 0 : since + 1;
    if (since < options.patience) continue;
    return fmt::format("{} was not better in {} evaluations: {:g} at step {} was the best", options.metric, since,
                       best->value, best->step);
  }
  return std::nullopt;
}

}  // namespace

bool is_better(double value, double best, bool metric_rises) noexcept {
  if (std::isnan(value) || std::isnan(best)) return std::isnan(best) && !std::isnan(value);
  return metric_rises ? value > best : value < best;
}

std::optional<std::string> early_stop_reason(const EarlyStopOptions& options, bool metric_rises,
                                             std::span<const MetricRow> evaluations) {
  if (options.patience > 0) {
    if (auto reason = out_of_patience(options, metric_rises, evaluations)) return reason;
  }
  const auto ask = [&](const StoppingRule& rule) -> std::optional<std::string> {
    auto reason = reason_to_stop(evaluations, rule, options.metric);
    return reason ? std::optional(std::move(reason->text)) : std::nullopt;
  };
  using Kind = StoppingRule::Kind;
  if (options.no_improvement_steps > 0) {
    if (auto reason = ask({.kind = metric_rises ? Kind::kNoIncrease : Kind::kNoDecrease,
                           .max_steps = options.no_improvement_steps,
                           .min_steps = options.min_steps})) {
      return reason;
    }
  }
  for (const double threshold : options.above) {
    if (auto reason = ask({.kind = Kind::kHigher, .threshold = threshold, .min_steps = options.min_steps}))
      return reason;
  }
  for (const double threshold : options.below) {
    if (auto reason = ask({.kind = Kind::kLower, .threshold = threshold, .min_steps = options.min_steps}))
      return reason;
  }
  return std::nullopt;
}

}  // namespace kin
