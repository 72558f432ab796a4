#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

enum class MetricKind : std::uint8_t { kHitRate, kRecall, kNdcg, kMrr, kMap, kCoverage, kPopularity };

/// A measure of ranked lists and its cut-off k (0 where it has none: mrr).
///
/// For one case with the targets T and their ranks r(t), 1 for the best candidate; gains are binary:
///
///   hr@k      1 if any target has r <= k, else 0
///   recall@k  number of targets with r <= k, divided by min(k, |T|)
///   ndcg@k    sum over targets with r <= k of 1 / log2(r + 1),
///             divided by the sum for j = 1 .. min(k, |T|) of 1 / log2(j + 1)
///   map@k     sum over targets with r <= k of (number of targets ranked up to r) / r, divided by min(k, |T|)
///   mrr       1 / (smallest r), 0 when all targets are unreachable; no cut-off
///
/// and of what is recommended, whatever the targets:
///
///   coverage@k    distinct items in the top k of any case, divided by the size of the catalogue
///   popularity@k  mean over the top k of a case of the item's training events, divided by the number of training
///                 groups: .25 says that what is recommended was taken by a quarter of the users, in the mean
///
/// A user's value is the mean over the user's cases, the figure the mean over users; coverage is one number for all.
struct Metric {
  MetricKind kind = MetricKind::kNdcg;
  std::int64_t k = 0;

  bool operator==(const Metric&) const = default;

  /// True if a case's value follows from the ranks of its targets alone.
  bool of_ranks() const noexcept { return kind != MetricKind::kCoverage && kind != MetricKind::kPopularity; }
  /// True if every user has a value (and the figure an interval).
  bool per_user() const noexcept { return kind != MetricKind::kCoverage; }
};

/// Largest cut-off that a metric may have.
inline constexpr std::int64_t kMaxCutoff = 1'000'000;

/// Reads "hr@10", "recall@20", "ndcg@100", "map@10", "mrr", "coverage@20" or "popularity@20".
/// Errors   kInvalidArgument naming `text` and what is needed.
Metric parse_metric(std::string_view text);

/// Reads a list; "coverage" and "popularity" may leave out the cut-off and then take that of the nearest earlier metric
/// that has one.
/// Errors   kInvalidArgument as above, and when a metric occurs twice.
std::vector<Metric> parse_metrics(std::span<const std::string> texts);

/// The text that parse_metric() reads.
std::string metric_name(const Metric& metric);

/// Rank of a target that cannot be recommended: it counts as a miss and stays in every denominator.
inline constexpr std::int64_t kUnreachable = 0;

/// Value of a metric of ranks (`metric.of_ranks()`) for one case.
///
/// Shapes   `ranks` holds the rank of each target, 1 or more and all different, or kUnreachable; in any order.
/// Empty    0 without targets.
/// Cost     O(|T|), map O(|T|^2).
double ranking_value(const Metric& metric, std::span<const std::int64_t> ranks);

}  // namespace kin
