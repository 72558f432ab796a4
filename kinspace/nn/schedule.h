#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/options.h"

namespace kin {

/// How the learning rate moves over a run; that of ftrl falls by itself (Optimizer) and does not listen.
struct ScheduleOptions {
  std::string kind = "auto";      ///< see rate_factor(); auto: cosine, or constant where an ftrl has TensorFlow's form
  std::int64_t warmup_steps = 0;  ///< first steps, in which the rate grows evenly to its full value
  std::int64_t decay_steps = 0;   ///< steps after the warm-up until the decay ends; 0: the rest of the run
  float decay_rate = 0.5F;        ///< exponential: factor over decay_steps; inverse_time, natural_exp: speed
  float end_factor = 0.0F;        ///< share of the rate at the end; the rate does not fall below it
  bool staircase = false;         ///< exponential, inverse_time, natural_exp: in whole steps of decay_steps
  float warmup_start = -1.0F;     ///< share of the rate in the first step; -1: 1 / warmup_steps
  float power = 1.0F;             ///< polynomial: of the share of steps that is left
  bool cycle = false;             ///< polynomial: begins anew, over ever more steps, when the decay has ended
  float t_mul = 2.0F;             ///< cosine_restarts: each period is so many times as long as the last
  float m_mul = 1.0F;             ///< cosine_restarts: each period starts from so much of the last one's start
  float num_periods = 0.5F;       ///< linear_cosine: waves of the cosine
  float alpha = 0.0F;             ///< linear_cosine: added to the falling line
  std::vector<std::int64_t> boundaries = {};  ///< piecewise_constant: the last steps of all factors but one
  std::vector<double> factors = {};           ///< piecewise_constant: shares of the rate
};

template <class Visitor>
void describe(ScheduleOptions& o, Visitor& v) {
  v.option(
      "kind", o.kind,
      "how the learning rate falls, but for that of ftrl, which falls by itself; auto: cosine, or constant where an "
      "ftrl has compat = tf1 or keras, whose rate a schedule moves",
      one_of({"auto", "constant", "linear", "cosine", "exponential", "inverse_time", "natural_exp", "polynomial",
              "cosine_restarts", "linear_cosine", "piecewise_constant"}));
  v.option("warmup_steps", o.warmup_steps, "first steps, in which the rate grows evenly to its full value",
           at_least(0));
  v.option("decay_steps", o.decay_steps,
           "steps after the warm-up until the decay ends, or of the first period; 0: the rest of the run", at_least(0));
  v.option("decay_rate", o.decay_rate, "exponential: factor over decay_steps; inverse_time, natural_exp: speed",
           above(0));
  v.option("end_factor", o.end_factor, "share of the rate that is left at the end", within(0, 1));
  v.option("staircase", o.staircase,
           "exponential, inverse_time, natural_exp: fall in steps of decay_steps, not evenly");
  v.option("warmup_start", o.warmup_start, "share of the rate in the first step; -1: 1 / warmup_steps", at_least(-1));
  v.option("power", o.power, "polynomial: power of the share of steps that is left", above(0));
  v.option("cycle", o.cycle, "polynomial: begins anew, over ever more steps, when the decay has ended");
  v.option("t_mul", o.t_mul, "cosine_restarts: each period is so many times as long as the last", at_least(1));
  v.option("m_mul", o.m_mul, "cosine_restarts: each period starts from so much of the last one's start", at_least(0));
  v.option("num_periods", o.num_periods, "linear_cosine: waves of the cosine", at_least(0));
  v.option("alpha", o.alpha, "linear_cosine: added to the falling line", at_least(0));
  v.option("boundaries", o.boundaries, "piecewise_constant: last step of each factor but the final one", at_least(0));
  v.option("factors", o.factors, "piecewise_constant: shares of the rate, one more than boundaries", at_least(0));
}

/// Errors: kInvalidArgument for an unknown kind, or settings that do not fit together.
void check_schedule(const ScheduleOptions& options);

/// Factor of the learning rate for the step that follows `done` finished ones, in a run of `total` steps.
///
/// With s = done - warmup_steps, d = decay_steps (or total - warmup_steps), x = min(s / d, 1), e = end_factor, and
/// p = s / d, which `staircase` rounds down:
///
///   warm-up             while done < warmup_steps: (done + 1) / warmup_steps, or with warmup_start = w
///                       w + (1 - w) done / warmup_steps     (warmup_target of TensorFlow's CosineDecay, whose rate is
///                                                            then ours at the end of the warm-up)
///   constant            1
///   linear              (1 - e) (1 - x) + e                 TensorFlow's polynomial_decay of power 1
///   polynomial          (1 - e) (1 - x)^power + e           polynomial_decay; `cycle`: d grows to the next multiple
///                                                           of d that is not below s
///   cosine              (1 - e) (1 + cos(pi x)) / 2 + e     cosine_decay
///   cosine_restarts     (1 - e) m_mul^i (1 + cos(pi y)) / 2 + e   cosine_decay_restarts: y is the share of period i,
///                                                           which is d t_mul^i long, that has passed
///   linear_cosine       (alpha + 1 - x) (1 + cos(2 pi num_periods x)) / 2 + e   linear_cosine_decay, beta = e
///   exponential         max(e, decay_rate ^ p)              exponential_decay
///   inverse_time        max(e, 1 / (1 + decay_rate p))      inverse_time_decay; of d = 1, the `decay` of Keras
///   natural_exp         max(e, exp(-decay_rate p))          natural_exp_decay
///   piecewise_constant  factors[i], i being the number of boundaries below s
///
/// Errors: as check_schedule().
double rate_factor(const ScheduleOptions& options, std::int64_t done, std::int64_t total);

}  // namespace kin
