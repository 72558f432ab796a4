#pragma once

#include <cstdint>
#include <string>

#include "kinspace/base/options.h"

namespace kin {

/// How the learning rate moves over a run.
struct ScheduleOptions {
  std::string kind = "cosine";    ///< constant | linear | cosine | exponential
  std::int64_t warmup_steps = 0;  ///< first steps, in which the rate grows evenly to its full value
  std::int64_t decay_steps = 0;   ///< steps after the warm-up until the decay ends; 0: the rest of the run
  float decay_rate = 0.5F;        ///< exponential: factor over decay_steps
  float end_factor = 0.0F;        ///< share of the rate at the end; the rate does not fall below it
  bool staircase = false;         ///< exponential: in whole steps of decay_steps
};

template <class Visitor>
void describe(ScheduleOptions& o, Visitor& v) {
  v.option("kind", o.kind, "how the learning rate falls", one_of({"constant", "linear", "cosine", "exponential"}));
  v.option("warmup_steps", o.warmup_steps, "first steps, in which the rate grows evenly to its full value",
           at_least(0));
  v.option("decay_steps", o.decay_steps, "steps after the warm-up until the decay ends; 0: the rest of the run",
           at_least(0));
  v.option("decay_rate", o.decay_rate, "exponential: factor over decay_steps", above(0));
  v.option("end_factor", o.end_factor, "share of the rate that is left at the end", within(0, 1));
  v.option("staircase", o.staircase, "exponential: fall in steps of decay_steps, not evenly");
}

/// Factor of the learning rate for the step that follows `done` finished ones, in a run of `total` steps.
///
/// With s = done - warmup_steps, d = decay_steps (or total - warmup_steps), x = min(s / d, 1), e = end_factor:
///
///   warm-up       (done + 1) / warmup_steps  while done < warmup_steps
///   linear        (1 - e) (1 - x) + e                       TensorFlow's polynomial_decay of power 1
///   cosine        (1 - e) (1 + cos(pi x)) / 2 + e           TensorFlow's cosine_decay
///   exponential   max(e, decay_rate ^ (s / d))              TensorFlow's exponential_decay; s / d rounded down by
///   staircase
///
/// Errors: kInvalidArgument for an unknown kind.
double rate_factor(const ScheduleOptions& options, std::int64_t done, std::int64_t total);

}  // namespace kin
