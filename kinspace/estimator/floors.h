#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/protocol.h"
#include "kinspace/estimator/ranking_eval.h"

namespace kin {

/// The floor under every recommender: score = number of training events of the item (exact up to 2^24).
class PopularityScorer final : public Scorer {
 public:
  explicit PopularityScorer(const TrainingPart& training);

  void score(std::span<const Case> cases, MatrixView scores) override;

 private:
  std::vector<float> scores_;
};

/// Item-kNN with all neighbours: items that the same groups have are near.
///
///   score(j) = sum over context events i of s(i, j),    s(i, j) = c(i, j) / (sqrt(n(i) n(j)) + 10),
///
/// n(i) = number of groups that have item i in their training events, c(i, j) = number that have both, s(i, i) = 0. An
/// item that occurs twice in a context counts twice.
///
/// Memory   8 bytes a training event, 24 an item or group, and about 64 MiB of similarities at a time.
/// Cost     see cost(). Results do not depend on the number of threads.
/// Source   cosine with shrinkage: Bell & Koren, "Improved neighborhood-based collaborative filtering", KDD Cup 2007.
class ItemKnnScorer final : public Scorer {
 public:
  /// `histories` and `pool` must outlive the scorer.
  ItemKnnScorer(ThreadPool& pool, const Histories& histories, const TrainingPart& training);

  void score(std::span<const Case> cases, MatrixView scores) override;

  /// Steps, each a few nanoseconds on one thread, that scoring these cases for evaluate_ranking() takes at most: so
  /// that a caller can leave this floor out where it would take too long.
  double cost(std::span<const Case> cases) const;

 private:
  /// The items that some group has together with one item, and how similar they are.
  struct Neighbourhood {
    std::vector<std::uint32_t> items;
    std::vector<float> similarities;

    void add_to(float* scores) const noexcept {
      for (std::size_t j = 0; j < items.size(); ++j) scores[items[j]] += similarities[j];
    }
  };

  std::vector<std::uint32_t> context_items(std::span<const Case> cases) const;
  std::int64_t most_neighbours(std::uint32_t item) const;
  Neighbourhood neighbourhood(std::uint32_t item, std::span<std::uint32_t> together) const;
  std::vector<Neighbourhood> neighbourhoods(std::span<const std::uint32_t> items) const;
  std::size_t fitting(std::span<const std::uint32_t> items) const;
  std::span<const std::uint32_t> items_of(std::uint32_t group) const noexcept;
  std::span<const std::uint32_t> groups_of(std::uint32_t item) const noexcept;

  ThreadPool& pool_;
  std::vector<std::int64_t> group_offsets_;  // G + 1
  std::vector<std::uint32_t> group_items_;   // different items of each group's training events
  std::vector<std::int64_t> item_offsets_;   // N + 1
  std::vector<std::uint32_t> item_groups_;   // groups that have the item, rising
  std::vector<std::int64_t> walks_;          // N: how many items the groups of an item have together
};

}  // namespace kin
