#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kin {

/// One evaluation: a metric's value at a step.
struct MetricRow {
  std::int64_t step = 0;
  double value = 0;

  friend bool operator==(const MetricRow&, const MetricRow&) = default;
};

/// When evaluations end a training.
struct StoppingRule {
  enum class Kind : std::uint8_t {
    kNoDecrease,  ///< the smallest value is at least `max_steps` steps old
    kNoIncrease,  ///< the largest is
    kLower,       ///< a value below `threshold`
    kHigher,      ///< a value above it
  };
  Kind kind = Kind::kNoDecrease;
  double threshold = 0;        ///< kLower, kHigher; a value equal to it does not count
  std::int64_t max_steps = 0;  ///< kNoDecrease, kNoIncrease: at least 1
  std::int64_t min_steps = 0;  ///< evaluations at earlier steps are as if they were not there
};

/// Why training should stop.
struct StopReason {
  std::int64_t step = 0;  ///< of the first evaluation that says so
  MetricRow best = {};    ///< kNoDecrease, kNoIncrease: the best until then; else the value that crossed the threshold
  std::string text = {};  ///< one sentence for a log; `metric` begins it
};

/// Whether one of the evaluations asks to stop; the first that does.
///
/// Ties     an equal value is no improvement: of equal values the first is the best.
/// Clock    only evaluations move it: with max_steps = 25 and evaluations every 10 steps, training ends 30 after the
/// best. NaN      is better than nothing and crosses no threshold; it is never the best, but its step counts as time
/// without an
///          improvement.
/// Empty    no reason.
/// Errors   kInvalidArgument for max_steps < 1 where it is used, a threshold that is NaN, min_steps < 0, and
/// evaluations
///          whose steps do not rise.
/// Cost     O(evaluations).
/// Source   stop_if_no_decrease_hook and its siblings of TensorFlow's Estimators.
std::optional<StopReason> reason_to_stop(std::span<const MetricRow> evaluations, const StoppingRule& rule,
                                         const std::string& metric = "the metric");

}  // namespace kin
