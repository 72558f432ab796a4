#include "kinspace/estimator/examples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace kin {
namespace {

constexpr std::int64_t kNoUnknown = -1;

// One group per length; its events are numbered 100 g, 100 g + 1, ... so that a row tells its group and place.
Examples make(const std::vector<std::int64_t>& lengths, const WindowOptions& options,
              std::int64_t unknown = kNoUnknown) {
  std::vector<std::int64_t> offsets{0};
  for (const std::int64_t length : lengths) offsets.push_back(offsets.back() + length);
  Buffer<std::uint32_t> rows(static_cast<std::size_t>(offsets.back()));
  for (std::size_t g = 0; g < lengths.size(); ++g) {
    for (std::int64_t e = 0; e < lengths[g]; ++e) {
      rows[static_cast<std::size_t>(offsets[g] + e)] =
          static_cast<std::uint32_t>(100 * g) + static_cast<std::uint32_t>(e);
    }
  }
  return {std::move(offsets), std::move(rows), unknown, options};
}

ExampleBatch all_in_order(const Examples& examples) {
  ExampleBatch batch;
  examples.fill(1, 0, /*shuffle=*/false, 0, examples.size(), batch);
  return batch;
}

std::vector<std::int64_t> context(const ExampleBatch& batch, std::size_t b) {
  return {batch.context_rows.begin() + batch.context_offsets[b],
          batch.context_rows.begin() + batch.context_offsets[b + 1]};
}

std::vector<std::int64_t> targets(const ExampleBatch& batch, std::size_t b) {
  return {batch.target_rows.begin() + batch.target_offsets[b], batch.target_rows.begin() + batch.target_offsets[b + 1]};
}

using Rows = std::vector<std::int64_t>;

TEST(Examples, WholeWindowsTakeConsecutiveEventsStrideApart) {
  const Examples examples = make({12}, {.context = 3, .predict = 7, .stride = 2, .partial = false});
  const ExampleBatch batch = all_in_order(examples);
  ASSERT_EQ(batch.size(), 2);
  EXPECT_EQ(context(batch, 0), (Rows{0, 1, 2}));
  EXPECT_EQ(targets(batch, 0), (Rows{3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(context(batch, 1), (Rows{2, 3, 4}));
  EXPECT_EQ(targets(batch, 1), (Rows{5, 6, 7, 8, 9, 10, 11}));
}

TEST(Examples, AShortHistoryHasOneExampleWithAtLeastOneInAndOneOut) {
  const Examples examples = make({1, 2, 3, 5, 0}, {.context = 3, .predict = 7, .partial = false});
  const ExampleBatch batch = all_in_order(examples);
  ASSERT_EQ(batch.size(), 3);
  EXPECT_EQ(context(batch, 0), (Rows{100}));
  EXPECT_EQ(targets(batch, 0), (Rows{101}));
  EXPECT_EQ(context(batch, 1), (Rows{200, 201}));
  EXPECT_EQ(targets(batch, 1), (Rows{202}));
  EXPECT_EQ(context(batch, 2), (Rows{300, 301, 302}));
  EXPECT_EQ(targets(batch, 2), (Rows{303, 304}));
}

TEST(Examples, PartialWindowsReachOverBothEndsButNeverIntoAnotherGroup) {
  const Examples examples = make({4, 2}, {.context = 2, .predict = 2});
  const ExampleBatch batch = all_in_order(examples);
  ASSERT_EQ(batch.size(), 4);
  EXPECT_EQ(context(batch, 0), (Rows{0}));
  EXPECT_EQ(targets(batch, 0), (Rows{1, 2}));
  EXPECT_EQ(context(batch, 1), (Rows{0, 1}));
  EXPECT_EQ(context(batch, 2), (Rows{1, 2}));
  EXPECT_EQ(targets(batch, 2), (Rows{3}));
  EXPECT_EQ(context(batch, 3), (Rows{100}));
  EXPECT_EQ(targets(batch, 3), (Rows{101}));
}

TEST(Examples, LongContextsOfTheNextItemJobStartWithOneEvent) {
  const Examples examples = make({60}, {.context = 50, .predict = 1});
  const ExampleBatch batch = all_in_order(examples);
  ASSERT_EQ(batch.size(), 59);
  EXPECT_EQ(context(batch, 0), (Rows{0}));
  EXPECT_EQ(context(batch, 58).size(), 50U);
  EXPECT_EQ(context(batch, 58).front(), 9);
  EXPECT_EQ(targets(batch, 58), (Rows{59}));
}

TEST(Examples, OutOfVocabularyEventsGoInButNeverComeOut) {
  const Examples examples = make({4}, {.context = 2, .predict = 1}, /*unknown=*/2);
  const ExampleBatch batch = all_in_order(examples);
  ASSERT_EQ(batch.size(), 2);  // the cut whose only target is unknown is left out
  EXPECT_EQ(targets(batch, 0), (Rows{1}));
  EXPECT_EQ(context(batch, 1), (Rows{1, 2}));
  EXPECT_EQ(targets(batch, 1), (Rows{3}));
}

TEST(Examples, AShuffledEpochVisitsEveryExampleOnceInAnOrderOfItsOwn) {
  const Examples examples = make({40, 25, 3}, {.context = 3, .predict = 1});
  const auto order = [&](std::int64_t epoch) {
    Rows seen;
    ExampleBatch batch;
    for (std::int64_t first = 0; first < examples.size(); first += 16) {
      examples.fill(7, epoch, true, first, 16, batch);
      seen.insert(seen.end(), batch.target_rows.begin(), batch.target_rows.end());
    }
    return seen;
  };
  const Rows first = order(0);
  EXPECT_EQ(std::set<std::int64_t>(first.begin(), first.end()).size(), static_cast<std::size_t>(examples.size()));
  EXPECT_EQ(first, order(0));
  EXPECT_NE(first, order(1));
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST(Examples, RandomPickDrawsAnewEveryEpochAndKeepsTheOrderOfTime) {
  const Examples examples = make({10}, {.context = 3, .predict = 7, .random_pick = true, .partial = false});
  ASSERT_EQ(examples.size(), 1);
  std::set<Rows> drawn;
  for (std::int64_t epoch = 0; epoch < 50; ++epoch) {
    ExampleBatch batch;
    examples.fill(3, epoch, true, 0, 1, batch);
    const Rows in = context(batch, 0);
    const Rows out = targets(batch, 0);
    ASSERT_EQ(in.size(), 3U);
    ASSERT_EQ(out.size(), 7U);
    EXPECT_TRUE(std::is_sorted(in.begin(), in.end()));
    Rows both = in;
    both.insert(both.end(), out.begin(), out.end());
    std::sort(both.begin(), both.end());
    Rows all(10);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(both, all);
    drawn.insert(in);
  }
  EXPECT_GT(drawn.size(), 30U);  // of 120 equally likely ones
}

TEST(Examples, NoHistoryMeansNoExample) {
  EXPECT_EQ(make({}, {}).size(), 0);
  EXPECT_EQ(make({1, 1}, {}).size(), 0);
}

}  // namespace
}  // namespace kin
