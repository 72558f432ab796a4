#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/protocol.h"
#include "kinspace/metrics/bootstrap.h"
#include "kinspace/metrics/ranking.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// Anything that can say how good every item is as an answer to a case: a model, popularity, item-kNN.
class Scorer {
 public:
  virtual ~Scorer() = default;

  /// Fills scores [cases.size(), N] in the item numbers of the Histories, larger is better; -inf says that the item
  /// cannot be recommended. Scores of context items and of items outside the catalogue may be anything. It may look at
  /// the contexts only, not at the targets or the group.
  /// Threads  called from one thread; may use a pool of its own choice.
  virtual void score(std::span<const Case> cases, MatrixView scores) = 0;
};

/// How many cases evaluate_ranking() asks a scorer for at a time when there are N items.
std::int64_t cases_at_once(std::int64_t items) noexcept;

/// What a scorer reached on the cases of one split.
struct Evaluation {
  std::vector<Metric> metrics;      ///< M
  std::vector<std::int64_t> users;  ///< U groups that have cases, rising
  std::vector<double> values;       ///< [U, M] row-major: mean over the user's cases; 0 where the metric has none
  std::vector<double> coverage;     ///< M; 0 for metrics that are not coverage

  std::int64_t cases = 0;
  std::int64_t targets = 0;    ///< different items among the targets of a case, over all cases
  std::int64_t reachable = 0;  ///< those in the catalogue and not in the context
  std::int64_t catalogue = 0;
};

/// Ranks the catalogue for every case and measures where the targets came.
///
/// Candidates of a case are the items of the catalogue (those with training events) that are not in its context.
///
///   rank(t) = 1 + number of candidates with a larger score + number of candidates with the same score and a smaller
///             item number (so a smaller key)
///
/// A target that is no candidate or scores -inf is unreachable. An item that is twice among the targets counts once.
///
/// Empty    without cases all counts but the catalogue are 0.
/// Errors   kDiverged when a candidate's score is NaN or +inf; kInternal when the groups of the cases do not rise.
/// Cost     one pass over N scores for each target and a few for each case, beside the scorer's own; 64 MiB of scores
///          at a time (from 2 M items on those of 8 cases). Results do not depend on the number of threads.
Evaluation evaluate_ranking(ThreadPool& pool, Scorer& scorer, const TrainingPart& training, std::span<const Case> cases,
                            std::span<const Metric> metrics);

/// One metric over all users of one or more evaluations.
struct PooledFigure {
  Metric metric;
  double value = 0;                  ///< mean over users; coverage: mean over the evaluations
  double standard_error = 0;         ///< sd over users / sqrt(users); coverage: 0
  std::optional<Interval> interval;  ///< bootstrap over users; none for coverage
};

/// Value of metric m over the users of one evaluation; 0 without users. Cheap: what early stopping looks at.
double figure_of(const Evaluation& evaluation, std::int64_t m);

/// Pools evaluations of the same metrics, such as those of the five splits: users are put together as if from one.
/// Errors   kInternal when the metrics differ or there is no evaluation; those of bootstrap_means().
std::vector<PooledFigure> pooled_figures(ThreadPool& pool, std::span<const Evaluation> evaluations,
                                         const BootstrapOptions& options);

/// How much better the first scorer is, user by user, in metric m over pooled evaluations of the same cases.
/// Errors   kInternal when users or metrics differ, or the metric has no value per user.
PairedDifference paired_difference(ThreadPool& pool, std::span<const Evaluation> first,
                                   std::span<const Evaluation> second, std::int64_t m, const BootstrapOptions& options);

}  // namespace kin
