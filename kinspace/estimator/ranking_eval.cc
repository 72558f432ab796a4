#include "kinspace/estimator/ranking_eval.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/index/top_k.h"

namespace kin {
namespace {

constexpr std::int64_t kScoresAtOnce = 1 << 24;  // 64 MiB of floats
constexpr std::int64_t kCasesAtLeast = 8;
constexpr std::int64_t kCasesAtMost = 1024;
constexpr std::int64_t kCasesPerChunk = 4;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<std::uint32_t> sorted_unique(std::span<const std::uint32_t> items) {
  std::vector<std::uint32_t> sorted(items.begin(), items.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

/// Every score must be below +inf and no NaN; what is no candidate is -inf by now.
void check_scores(std::span<const float> scores, std::int64_t group) {
  const auto bad = std::find_if(scores.begin(), scores.end(), [](float s) { return !(s < kInfinity); });
  if (bad == scores.end()) return;
  throw Error::diverged(
      fmt::format("the score of item number {} for group number {} is {}", bad - scores.begin(), group, *bad),
      "a score must be a number: train with a lower learning rate, or from an earlier checkpoint");
}

/// Number of scores that are larger than `bound`, and of those that are at least as large.
std::int64_t count_above(std::span<const float> scores, float bound) noexcept {
  std::int64_t count = 0;
  for (const float s : scores) count += s > bound ? 1 : 0;
  return count;
}
std::int64_t count_from(std::span<const float> scores, float bound) noexcept {
  std::int64_t count = 0;
  for (const float s : scores) count += s >= bound ? 1 : 0;
  return count;
}

/// Place of `target` among the scores: ties are won by the smaller number, so only a tie before the target is ahead of
/// it.
std::int64_t rank_of(std::uint32_t target, std::span<const float> scores) noexcept {
  const float score = scores[target];
  if (score == -kInfinity) return kUnreachable;
  return 1 + count_from(scores.first(target), score) + count_above(scores.subspan(target + 1), score);
}

/// What one case adds to an evaluation.
struct CaseResult {
  std::vector<double> values;  ///< M
  std::vector<Neighbour> top;  ///< as many as the largest cut-off of coverage and popularity asks
  std::int64_t targets = 0;
  std::int64_t reachable = 0;
};

class CaseRanker {
 public:
  CaseRanker(const TrainingPart& training, std::span<const Metric> metrics) : training_(training), metrics_(metrics) {
    for (std::size_t i = 0; i < training.item_events.size(); ++i) {
      if (training.item_events[i] == 0) outside_.push_back(static_cast<std::uint32_t>(i));
    }
    for (const Metric& metric : metrics) {
      if (!metric.of_ranks()) top_ = std::max(top_, metric.k);
    }
    top_ = std::min(top_, training.catalogue);
  }

  /// `scores` [N] are overwritten where an item is no candidate.
  CaseResult run(const Case& one, std::span<float> scores) const {
    for (const std::uint32_t item : outside_) scores[item] = -kInfinity;
    for (const std::uint32_t item : one.context) scores[item] = -kInfinity;

    CaseResult result;
    const std::vector<std::uint32_t> context = sorted_unique(one.context);
    const std::vector<std::uint32_t> targets = sorted_unique(one.targets);
    result.targets = static_cast<std::int64_t>(targets.size());
    result.reachable = std::count_if(targets.begin(), targets.end(), [&](std::uint32_t item) {
      return training_.in_catalogue(item) && !std::binary_search(context.begin(), context.end(), item);
    });
    check_scores(scores, one.group);
    std::vector<std::int64_t> ranks(targets.size());
    std::transform(targets.begin(), targets.end(), ranks.begin(),
                   [&](std::uint32_t target) { return rank_of(target, scores); });
    TopK top(top_);
    top.offer_block(scores, 0);
    result.top = top.take();
    for (const Metric& metric : metrics_) {
      result.values.push_back(metric.of_ranks() ? ranking_value(metric, ranks) : popularity(metric, result.top));
    }
    return result;
  }

 private:
  double popularity(const Metric& metric, std::span<const Neighbour> top) const {
    if (metric.kind != MetricKind::kPopularity || top.empty()) return 0.0;
    top = top.first(std::min(top.size(), static_cast<std::size_t>(metric.k)));
    double events = 0;
    for (const Neighbour& n : top)
      events += static_cast<double>(training_.item_events[static_cast<std::size_t>(n.row)]);
    return events / static_cast<double>(top.size()) / static_cast<double>(training_.groups);
  }

  const TrainingPart& training_;
  std::span<const Metric> metrics_;
  std::vector<std::uint32_t> outside_;
  std::int64_t top_ = 0;
};

/// Adds the results of cases in their order, so that sums do not depend on the threads.
class Collector {
 public:
  Collector(Evaluation& out, std::size_t items) : out_(out) {
    for (const Metric& metric : out.metrics)
      seen_.emplace_back(metric.kind == MetricKind::kCoverage ? items : 0, false);
    distinct_.resize(out.metrics.size());
  }

  void add(std::int64_t group, const CaseResult& result) {
    const std::size_t width = out_.metrics.size();
    if (out_.users.empty() || out_.users.back() != group) {
      KIN_ASSERT(out_.users.empty() || out_.users.back() < group);
      close_user();
      out_.users.push_back(group);
      out_.values.resize(out_.values.size() + width);
    }
    double* sums = out_.values.data() + out_.values.size() - width;
    for (std::size_t m = 0; m < width; ++m) sums[m] += result.values[m];
    ++user_cases_;
    ++out_.cases;
    out_.targets += result.targets;
    out_.reachable += result.reachable;
    for (std::size_t m = 0; m < width; ++m) {
      if (!seen_[m].empty()) mark(m, result.top);
    }
  }

  void finish() {
    close_user();
    out_.coverage.resize(out_.metrics.size());
    if (out_.catalogue == 0) return;
    for (std::size_t m = 0; m < distinct_.size(); ++m) {
      out_.coverage[m] = static_cast<double>(distinct_[m]) / static_cast<double>(out_.catalogue);
    }
  }

 private:
  void close_user() {
    const std::size_t width = out_.metrics.size();
    for (std::size_t m = 0; m < width && user_cases_ > 0; ++m) {
      out_.values[out_.values.size() - width + m] /= static_cast<double>(user_cases_);
    }
    user_cases_ = 0;
  }

  void mark(std::size_t m, std::span<const Neighbour> top) {
    for (const Neighbour& n : top.first(std::min(top.size(), static_cast<std::size_t>(out_.metrics[m].k)))) {
      std::vector<bool>::reference seen = seen_[m][static_cast<std::size_t>(n.row)];
      distinct_[m] += seen ? 0 : 1;
      seen = true;
    }
  }

  Evaluation& out_;
  std::vector<std::vector<bool>> seen_;  // per metric, items that some case was recommended; empty unless coverage
  std::vector<std::int64_t> distinct_;
  std::int64_t user_cases_ = 0;
};

void check_same_metrics(std::span<const Evaluation> evaluations) {
  KIN_ASSERT(!evaluations.empty());
  for (const Evaluation& e : evaluations) KIN_ASSERT(e.metrics == evaluations.front().metrics);
}

std::vector<double> user_values(std::span<const Evaluation> evaluations, std::size_t m) {
  std::vector<double> values;
  for (const Evaluation& e : evaluations) {
    for (std::size_t u = 0; u < e.users.size(); ++u) values.push_back(e.values[u * e.metrics.size() + m]);
  }
  return values;
}

std::vector<std::int64_t> all_users(std::span<const Evaluation> evaluations) {
  std::vector<std::int64_t> users;
  for (const Evaluation& e : evaluations) users.insert(users.end(), e.users.begin(), e.users.end());
  return users;
}

double mean_coverage(std::span<const Evaluation> evaluations, std::size_t m) {
  double sum = 0;
  for (const Evaluation& e : evaluations) sum += e.coverage[m];
  return sum / static_cast<double>(evaluations.size());
}

}  // namespace

std::int64_t cases_at_once(std::int64_t items) noexcept {
  return std::clamp(kScoresAtOnce / std::max<std::int64_t>(items, 1), kCasesAtLeast, kCasesAtMost);
}

Evaluation evaluate_ranking(ThreadPool& pool, Scorer& scorer, const TrainingPart& training, std::span<const Case> cases,
                            std::span<const Metric> metrics) {
  Evaluation evaluation;
  evaluation.metrics.assign(metrics.begin(), metrics.end());
  evaluation.catalogue = training.catalogue;
  const auto items = static_cast<std::int64_t>(training.item_events.size());
  const auto count = static_cast<std::int64_t>(cases.size());
  const CaseRanker ranker(training, evaluation.metrics);
  Collector collector(evaluation, training.item_events.size());

  const std::int64_t block = std::min(count, cases_at_once(items));
  Matrix scores(block, items);
  std::vector<CaseResult> results(static_cast<std::size_t>(block));
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t n = std::min(block, count - first);
    const auto some = cases.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n));
    scorer.score(some, {scores.row(0), n, items, items});
    parallel_for(pool, n, kCasesPerChunk, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) {
        const auto i = static_cast<std::size_t>(c);
        results[i] = ranker.run(some[i], {scores.row(c), static_cast<std::size_t>(items)});
      }
    });
    for (std::size_t i = 0; i < some.size(); ++i) collector.add(some[i].group, results[i]);
  }
  collector.finish();
  return evaluation;
}

double figure_of(const Evaluation& evaluation, std::int64_t m) {
  const auto column = static_cast<std::size_t>(m);
  if (!evaluation.metrics[column].per_user()) return evaluation.coverage[column];
  return mean(user_values({&evaluation, 1}, column));
}

std::vector<PooledFigure> pooled_figures(ThreadPool& pool, std::span<const Evaluation> evaluations,
                                         const BootstrapOptions& options) {
  check_same_metrics(evaluations);
  const std::vector<Metric>& metrics = evaluations.front().metrics;
  std::vector<double> values;
  for (const Evaluation& e : evaluations) values.insert(values.end(), e.values.begin(), e.values.end());
  const std::vector<Interval> intervals =
      bootstrap_means(pool, values, static_cast<std::int64_t>(metrics.size()), options);
  std::vector<PooledFigure> figures;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    PooledFigure figure;
    figure.metric = metrics[m];
    if (metrics[m].per_user()) {
      const std::vector<double> users = user_values(evaluations, m);
      figure.value = mean(users);
      figure.standard_error = standard_error(users);
      figure.interval = intervals[m];
    } else {
      figure.value = mean_coverage(evaluations, m);
    }
    figures.push_back(figure);
  }
  return figures;
}

PairedDifference paired_difference(ThreadPool& pool, std::span<const Evaluation> first,
                                   std::span<const Evaluation> second, std::int64_t m,
                                   const BootstrapOptions& options) {
  check_same_metrics(first);
  check_same_metrics(second);
  const auto column = static_cast<std::size_t>(m);
  KIN_ASSERT(first.front().metrics == second.front().metrics && first.front().metrics[column].per_user());
  KIN_ASSERT(all_users(first) == all_users(second));
  return paired_difference(pool, user_values(first, column), user_values(second, column), options);
}

}  // namespace kin
