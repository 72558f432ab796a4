#include "kinspace/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {

double rate_factor(const ScheduleOptions& options, std::int64_t done, std::int64_t total) {
  if (done < options.warmup_steps) return double(done + 1) / double(options.warmup_steps);
  const std::int64_t after = done - options.warmup_steps;
  const std::int64_t steps =
      std::max<std::int64_t>(1, options.decay_steps > 0 ? options.decay_steps : total - options.warmup_steps);
  const double x = std::min(1.0, double(after) / double(steps));
  const double end = options.end_factor;
  if (options.kind == "constant") return 1.0;
  if (options.kind == "linear") return (1 - end) * (1 - x) + end;
  if (options.kind == "cosine") return (1 - end) * 0.5 * (1 + std::cos(std::numbers::pi * x)) + end;
  if (options.kind == "exponential") {
    const double times = double(after) / double(steps);
    return std::max(end, std::pow(double(options.decay_rate), options.staircase ? std::floor(times) : times));
  }
  throw Error::invalid_argument("[schedule] kind = " + quoted(options.kind) +
                                " is none of constant, linear, cosine, exponential");
}

}  // namespace kin
