#include "kinspace/nn/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr const char* kKinds[] = {"auto", "constant",           "linear",     "cosine",          "exponential",
                                  "inverse_time",       "polynomial", "cosine_restarts", "linear_cosine",
                                  "piecewise_constant", "natural_exp"};

void refuse(const std::string& what) {
  throw Error::invalid_argument("[schedule] " + what);
}

void check_pieces(const ScheduleOptions& o) {
  if (o.factors.size() != o.boundaries.size() + 1) {
    refuse(
        fmt::format("{} factors for {} boundaries; there has to be one more", o.factors.size(), o.boundaries.size()));
  }
  if (std::adjacent_find(o.boundaries.begin(), o.boundaries.end(), std::greater_equal<>()) != o.boundaries.end()) {
    refuse("boundaries have to rise");
  }
  for (const double factor : o.factors) {
    if (!(factor >= 0 && std::isfinite(factor))) refuse(fmt::format("a factor of {} has to be at least 0", factor));
  }
}

double half_wave(double x) noexcept {
  return 0.5 * (1 + std::cos(std::numbers::pi * x));
}

/// `passed` is in periods of the first length.
double restarts(const ScheduleOptions& o, double passed) noexcept {
  const double longer = o.t_mul;
  double period = std::floor(passed);
  double start = period;  // of the period, in lengths of the first
  double length = 1;
  if (longer > 1) {
    const auto start_of = [&](double i) { return (std::pow(longer, i) - 1) / (longer - 1); };
    period = std::max(0.0, std::floor(std::log1p(passed * (longer - 1)) / std::log(longer)));
    // The quotient may be off by a rounding where a period begins.
    if (start_of(period + 1) <= passed) ++period;
    if (start_of(period) > passed) --period;
    start = start_of(period);
    length = std::pow(longer, period);
  }
  return std::pow(double(o.m_mul), period) * half_wave((passed - start) / length);
}

double warm_up(const ScheduleOptions& o, std::int64_t done) noexcept {
  const auto steps = double(o.warmup_steps);
  if (o.warmup_start < 0) return double(done + 1) / steps;
  return double(o.warmup_start) + (1 - double(o.warmup_start)) * double(done) / steps;
}

}  // namespace

void check_schedule(const ScheduleOptions& o) {
  if (std::find(std::begin(kKinds), std::end(kKinds), o.kind) == std::end(kKinds)) {
    refuse(fmt::format("kind = {} is none of {}", quoted(o.kind), fmt::join(kKinds, ", ")));
  }
  if (o.kind == "piecewise_constant") check_pieces(o);
  if (!(o.t_mul >= 1 && std::isfinite(o.t_mul))) refuse(fmt::format("t_mul = {} has to be at least 1", o.t_mul));
  if (!(o.decay_rate > 0)) refuse(fmt::format("decay_rate = {} has to be above 0", o.decay_rate));
  if (!(o.power > 0)) refuse(fmt::format("power = {} has to be above 0", o.power));
  if (o.warmup_start != -1.0F && !(o.warmup_start >= 0)) {
    refuse(fmt::format("warmup_start = {} has to be at least 0, or -1 for the default", o.warmup_start));
  }
}

double rate_factor(const ScheduleOptions& o, std::int64_t done, std::int64_t total) {
  check_schedule(o);
  if (done < o.warmup_steps) return warm_up(o, done);
  const auto after = double(done - o.warmup_steps);
  const auto steps = double(std::max<std::int64_t>(1, o.decay_steps > 0 ? o.decay_steps : total - o.warmup_steps));
  const double end = o.end_factor;
  const double rate = o.decay_rate;
  const double passed = o.staircase ? std::floor(after / steps) : after / steps;
  double x = std::min(1.0, after / steps);
  if (o.kind == "linear") return (1 - end) * (1 - x) + end;
  if (o.kind == "cosine" || o.kind == "auto") return (1 - end) * half_wave(x) + end;
  if (o.kind == "cosine_restarts") return (1 - end) * restarts(o, after / steps) + end;
  if (o.kind == "exponential") return std::max(end, std::pow(rate, passed));
  if (o.kind == "natural_exp") return std::max(end, std::exp(-rate * passed));
  if (o.kind == "inverse_time") return std::max(end, 1 / (1 + rate * passed));
  if (o.kind == "linear_cosine") return (double(o.alpha) + 1 - x) * half_wave(2 * double(o.num_periods) * x) + end;
  if (o.kind == "polynomial") {
    if (o.cycle) x = after / (steps * std::max(1.0, std::ceil(after / steps)));
    return (1 - end) * std::pow(1 - x, double(o.power)) + end;
  }
  if (o.kind == "piecewise_constant") {
    const auto piece = std::lower_bound(o.boundaries.begin(), o.boundaries.end(), done - o.warmup_steps);
    return o.factors[static_cast<std::size_t>(piece - o.boundaries.begin())];
  }
  return 1.0;
}

}  // namespace kin
