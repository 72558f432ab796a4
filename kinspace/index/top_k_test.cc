#include "kinspace/index/top_k.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kinspace/base/random.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<Neighbour> best_of(const std::vector<float>& scores, std::int64_t k) {
  TopK top(k);
  top.offer_block(scores, 0);
  return top.take();
}

/// Everything sorted, then cut.
std::vector<Neighbour> slow_best_of(const std::vector<float>& scores, std::size_t k) {
  std::vector<Neighbour> all;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > -kInf) all.push_back({static_cast<std::int64_t>(i), scores[i]});
  }
  std::sort(all.begin(), all.end(), ranks_before);
  all.resize(std::min(k, all.size()));
  return all;
}

TEST(TopK, OrdersByScoreAndTiesBySmallerRow) {
  EXPECT_THAT(best_of({1, 3, 2, 3, 3}, 2), ElementsAre(Neighbour{1, 3}, Neighbour{3, 3}));
  EXPECT_THAT(best_of({1, 3, 2, 3, 3}, 4),
              ElementsAre(Neighbour{1, 3}, Neighbour{3, 3}, Neighbour{4, 3}, Neighbour{2, 2}));
}

TEST(TopK, KeepsTheSmallerRowWhicheverIsOfferedFirst) {
  TopK top(1);
  top.offer({7, 2});
  top.offer_block(std::vector<float>{2}, 3);
  top.offer({5, 2});
  EXPECT_THAT(top.take(), ElementsAre(Neighbour{3, 2}));
}

TEST(TopK, NeverKeepsMinusInfinityOrNaN) {
  EXPECT_THAT(best_of({-kInf, NAN, -5, NAN, -kInf}, 3), ElementsAre(Neighbour{2, -5}));
  TopK top(2);
  top.offer({0, -kInf});
  top.offer({1, NAN});
  EXPECT_THAT(top.take(), IsEmpty());
}

TEST(TopK, OfZeroKeepsNothing) {
  EXPECT_THAT(best_of({1, 2, 3}, 0), IsEmpty());
}

TEST(TopK, IsEmptyAfterTakeAndAfterClear) {
  TopK top(2);
  top.offer({0, 1});
  EXPECT_EQ(top.take().size(), 1U);
  top.offer({1, 2});
  top.clear();
  top.offer({2, 0});
  EXPECT_THAT(top.take(), ElementsAre(Neighbour{2, 0}));
}

TEST(TopK, AgreesWithSortingAtAwkwardSizes) {
  for (const std::size_t n : {0U, 1U, 63U, 64U, 65U, 127U, 1000U}) {
    RandomStream random(n, Purpose::kInit, 0, 0);
    std::vector<float> scores(n);
    for (float& s : scores) s = random.below(10) == 0 ? -kInf : static_cast<float>(random.below(50)) - 25.0F;
    for (const std::size_t k : {1U, 2U, 7U, 64U, 100U, 2000U}) {
      EXPECT_EQ(best_of(scores, static_cast<std::int64_t>(k)), slow_best_of(scores, k)) << n << " " << k;
    }
  }
}

}  // namespace
}  // namespace kin
