#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/base/thread_pool.h"

namespace kin {

/// How often users are drawn anew to see how much a mean over users depends on who they are.
struct BootstrapOptions {
  std::int64_t draws = 10'000;  ///< samples of as many users as there are, with replacement
  double confidence = 0.95;     ///< share of the samples' means that lie inside the interval
  std::uint64_t seed = 1;       ///< draw d is a function of (seed, d) alone
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// 0 without values.
double mean(std::span<const double> values);

/// Standard deviation of the values (n - 1 in the denominator) divided by sqrt(n); 0 for fewer than two values.
double standard_error(std::span<const double> values);

/// Intervals of the means of M columns, by the percentile method: each draw takes U users with replacement, the same
/// ones for every column, and the interval is cut from the sorted means (linear between neighbours). Above
/// kBootstrapUsers users the draws would cost seconds and show a normal distribution: the interval is then
/// mean ± z * standard error.
///
/// Shapes   values [U, M], row-major: one row a user. Returns M intervals.
/// Empty    both ends are 0 without users.
/// Errors   kInvalidArgument when draws < 1 or confidence is not in (0, 1).
/// Cost     O(draws * U * M) time.
std::vector<Interval> bootstrap_means(ThreadPool& pool, std::span<const double> values, std::int64_t columns,
                                      const BootstrapOptions& options);

inline constexpr std::int64_t kBootstrapUsers = 20'000;

/// How much better the first model is for the same users.
struct PairedDifference {
  double difference = 0;      ///< mean over users of first - second
  double standard_error = 0;  ///< of that mean
  Interval interval;          ///< by bootstrap over users; the models differ when it does not hold 0
};

/// Shapes   value of each user under the first and the second model, in the same order.
/// Errors   kInternal when the lengths differ; else as bootstrap_means().
PairedDifference paired_difference(ThreadPool& pool, std::span<const double> first, std::span<const double> second,
                                   const BootstrapOptions& options);

}  // namespace kin
