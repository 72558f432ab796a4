#include "kinspace/nn/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/nn/golden_testing.h"

namespace kin {
namespace {

TEST(LogUniformSampler, ProbabilitiesFollowTensorFlow) {
  const testing::GoldenSampled golden = testing::golden_sampled();
  ASSERT_GE(golden.probabilities.size(), 5U);
  for (const testing::GoldenCounts& c : golden.probabilities) {
    const Sampler sampler = Sampler::log_uniform(c.items);
    for (std::size_t i = 0; i < c.ids.size(); ++i) {
      // TensorFlow rounds (id + 2) / (id + 1) to a double before it takes the logarithm, we do not.
      const double tolerance = 1e-6 + 1.2e-16 * double(c.ids[i] + 1);
      EXPECT_NEAR(sampler.probability(c.ids[i]), c.expected[i], tolerance * c.expected[i]) << c.items;
    }
  }
}

TEST(LogUniformSampler, ExpectedCountsOfDistinctDrawsFollowTensorFlow) {
  const testing::GoldenSampled golden = testing::golden_sampled();
  ASSERT_GE(golden.unique.size(), 5U);
  for (const testing::GoldenCounts& c : golden.unique) {
    const Sampler sampler = Sampler::log_uniform(c.items);
    for (std::size_t i = 0; i < c.ids.size(); ++i) {
      EXPECT_NEAR(sampler.expected_count(c.ids[i], c.draws), c.expected[i], 1e-5 * c.expected[i]) << c.items;
    }
  }
}

/// Counts of 200000 draws agree with the probabilities within five standard deviations.
void expect_drawn_by_probability(const Sampler& sampler) {
  constexpr int kDraws = 200000;
  std::vector<int> count(static_cast<std::size_t>(sampler.items()), 0);
  RandomStream stream(11, Purpose::kNegatives, 0, 0);
  for (int i = 0; i < kDraws; ++i) ++count[static_cast<std::size_t>(sampler.draw(stream))];
  double sum = 0;
  for (std::int64_t i = 0; i < sampler.items(); ++i) {
    const double p = sampler.probability(i);
    sum += p;
    EXPECT_NEAR(count[static_cast<std::size_t>(i)], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p)) + 1e-9) << i;
  }
  EXPECT_NEAR(sum, 1.0, 1e-9);
}

TEST(Sampler, DrawsByItsProbabilities) {
  expect_drawn_by_probability(Sampler::log_uniform(1));
  expect_drawn_by_probability(Sampler::log_uniform(37));
  const std::vector<double> counts{33, 0, 40, 1, 1000, 21, 0, 44, 19, 42, 1e-3};
  expect_drawn_by_probability(Sampler::unigram(counts, 1.0));
  expect_drawn_by_probability(Sampler::unigram(counts, 0.75));
  expect_drawn_by_probability(Sampler::unigram(counts, 0.0));
  expect_drawn_by_probability(Sampler::unigram(std::vector<double>{5}, 0.75));
}

TEST(UnigramSampler, RaisesCountsToThePower) {
  const Sampler sampler = Sampler::unigram(std::vector<double>{16, 1, 81}, 0.75);
  EXPECT_NEAR(sampler.probability(0), 8.0 / 36, 1e-12);
  EXPECT_NEAR(sampler.probability(1), 1.0 / 36, 1e-12);
  EXPECT_NEAR(sampler.probability(2), 27.0 / 36, 1e-12);
}

TEST(Sampler, DrawsDistinctItemsInRisingOrderBySeedAndStep) {
  const auto ids = [](int threads, std::uint64_t seed, std::int64_t step) {
    ThreadPool pool(threads);
    Tape tape(pool, seed);
    tape.begin({.step = step});
    const Negatives negatives = Sampler::log_uniform(1000).draw(tape, 400);
    EXPECT_EQ(negatives.ids.size(), 400U);
    EXPECT_EQ(negatives.log_expected.size(), 400U);
    EXPECT_GE(negatives.draws, 400);
    for (std::size_t i = 1; i < negatives.ids.size(); ++i) EXPECT_LT(negatives.ids[i - 1], negatives.ids[i]);
    EXPECT_GE(negatives.ids.front(), 0);
    EXPECT_LT(negatives.ids.back(), 1000);
    const Sampler sampler = Sampler::log_uniform(1000);
    EXPECT_NEAR(negatives.log_expected[7], std::log(sampler.expected_count(negatives.ids[7], negatives.draws)), 1e-6);
    return std::vector<std::int64_t>(negatives.ids.begin(), negatives.ids.end());
  };
  EXPECT_EQ(ids(1, 1, 5), ids(3, 1, 5));
  EXPECT_NE(ids(1, 1, 5), ids(1, 2, 5));
  EXPECT_NE(ids(1, 1, 5), ids(1, 1, 6));
}

TEST(Sampler, TwoDrawsOfAStepDiffer) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Sampler sampler = Sampler::log_uniform(100);
  const Negatives a = sampler.draw(tape, 20);
  const Negatives b = sampler.draw(tape, 20);
  EXPECT_FALSE(std::equal(a.ids.begin(), a.ids.end(), b.ids.begin()));
}

TEST(Sampler, TargetsThatCannotBeDrawnAreNotCorrected) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Sampler sampler = Sampler::unigram(std::vector<double>{1, 0, 3, 1}, 1.0);
  const std::vector<std::int64_t> ids{0, 1, -1};
  const auto logs = sampler.log_expected(tape, ids, {.draws = 2});
  EXPECT_NEAR(logs[0], std::log(1 - 0.8 * 0.8), 1e-6);
  EXPECT_EQ(logs[1], 0.0F);
  EXPECT_EQ(logs[2], 0.0F);
  const std::vector<std::int64_t> beyond{4};
  EXPECT_THROW(sampler.log_expected(tape, beyond, {.draws = 2}), Error);
}

TEST(Sampler, RefusesWhatItCannotDraw) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  const Sampler sampler = Sampler::unigram(std::vector<double>{1, 1, 0, 0, 0, 0, 1, 1}, 1.0);
  EXPECT_EQ(sampler.draw(tape, 2).ids.size(), 2U);
  EXPECT_THROW(sampler.draw(tape, 3), Error);
  EXPECT_THROW(sampler.draw(tape, 0), Error);
  EXPECT_THROW(Sampler::log_uniform(0), Error);
  EXPECT_THROW(Sampler::unigram(std::vector<double>{}, 1.0), Error);
  EXPECT_THROW(Sampler::unigram(std::vector<double>{0, 0}, 1.0), Error);
  EXPECT_THROW(Sampler::unigram(std::vector<double>{1, -1}, 1.0), Error);
  EXPECT_THROW(Sampler::unigram(std::vector<double>{1, NAN}, 1.0), Error);
  EXPECT_THROW(Sampler::unigram(std::vector<double>{1, INFINITY}, 1.0), Error);
}

TEST(Sampler, GivesUpOnADistributionThatIsAllOneItem) {
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({});
  std::vector<double> counts(10, 1.0);
  counts[0] = 1e9;
  try {
    Sampler::unigram(counts, 2.0).draw(tape, 5);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(e.message(), ::testing::HasSubstr("too skewed"));
  }
}

}  // namespace
}  // namespace kin
