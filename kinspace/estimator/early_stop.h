#pragma once

#include <optional>
#include <span>
#include <string>

#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/stopping.h"

namespace kin {

/// Why the evaluations so far end a training, as train.early_stop of its spec says: one sentence that begins with the
/// metric's name; nothing while none of the rules asks for it. The rules are those of reason_to_stop(), and patience:
/// that many evaluations after the best one, the first of equal ones. A function of the evaluations alone, so a run
/// that was interrupted stops where it would have stopped.
/// Errors   those of reason_to_stop().
std::optional<std::string> early_stop_reason(const EarlyStopOptions& options, bool metric_rises,
                                             std::span<const MetricRow> evaluations);

/// Whether a value is strictly better than the best so far; anything but NaN is better than NaN.
bool is_better(double value, double best, bool metric_rises) noexcept;

}  // namespace kin
