#include "kinspace/nn/row_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

class RowGradientSizes : public ::testing::TestWithParam<std::pair<std::int64_t, std::int64_t>> {};

TEST_P(RowGradientSizes, GroupsByRisingRowAndKeepsTheOrderOfContributions) {
  const auto [rows, count] = GetParam();
  Arena arena;
  Parameter p("p", rows, 1, true, nullptr);
  RowGradient gradient(arena, p);
  RandomStream stream(5, Purpose::kPick, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(count));
  std::map<std::uint32_t, std::vector<float>> want;
  const float one = 1.0F;
  // Recorded in pieces of different sizes, numbered by their scale.
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t piece = std::min<std::int64_t>(count - done, static_cast<std::int64_t>(stream.below(700)));
    for (RowContribution& c : gradient.add(piece)) {
      const auto row = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(rows)));
      const bool nothing = stream.below(10) == 0;
      c = {nothing ? -1 : row, &one, static_cast<float>(done++)};
      if (!nothing) want[static_cast<std::uint32_t>(row)].push_back(c.scale);
    }
  }
  EXPECT_EQ(gradient.contributions(), count);
  const RowGroups groups = gradient.group();
  ASSERT_EQ(groups.rows.size(), want.size());
  std::size_t u = 0;
  for (const auto& [row, scales] : want) {
    ASSERT_EQ(groups.rows[u], row);
    ASSERT_EQ(groups.offsets[u + 1] - groups.offsets[u], scales.size());
    for (std::size_t i = 0; i < scales.size(); ++i) {
      ASSERT_EQ(groups.contributions[groups.order[groups.offsets[u] + i]].scale, scales[i]);
    }
    ++u;
  }
}

INSTANTIATE_TEST_SUITE_P(FewAndMany, RowGradientSizes,
                         ::testing::Values(std::pair{1, 0}, std::pair{1, 1}, std::pair{1, 1500}, std::pair{7, 300},
                                           std::pair{2048, 5000}, std::pair{2049, 5000}, std::pair{3000000, 3000}));

TEST(RowGradient, SumsScaledSources) {
  Arena arena;
  Parameter p("p", 4, 3, true, nullptr);
  RowGradient gradient(arena, p);
  const float a[] = {1.0F, 2.0F, 3.0F};
  const float b[] = {-1.0F, 0.5F, 0.25F};
  const auto rows = gradient.add(3);
  rows[0] = {2, a, 2.0F};
  rows[1] = {0, b, 1.0F};
  rows[2] = {2, b, 4.0F};
  const RowGroups groups = gradient.group();
  float sum[3] = {0, 0, 0};
  groups.add_to(1, sum, 3, [] { return nullptr; });
  EXPECT_EQ(sum[0], -2.0F);
  EXPECT_EQ(sum[1], 6.0F);
  EXPECT_EQ(sum[2], 7.0F);
}

TEST(RowGradient, ExamplesAreContributionsOfTheirOutput) {
  Arena arena;
  Parameter p("p", 4, 1, true, nullptr);
  RowGradient gradient(arena, p);
  const float d_out[] = {0.5F, 2.0F, 8.0F};
  const std::int64_t offsets[] = {0, 2, 2, 4};
  const std::int64_t ids[] = {3, 1, -1, 3};
  const float one = 1.0F;
  gradient.add_examples({offsets, ids, {}}, {d_out, 3, 1, 1});
  gradient.add(1)[0] = {1, &one, 16.0F};
  EXPECT_EQ(gradient.contributions(), 5);
  const RowGroups groups = gradient.group();
  ASSERT_EQ(groups.size(), 2);
  float sums[2] = {0, 0};
  for (std::int64_t u = 0; u < 2; ++u) groups.add_to(u, &sums[u], 1, [] { return nullptr; });
  EXPECT_EQ(groups.rows[0], 1U);
  EXPECT_EQ(sums[0], 16.5F);
  EXPECT_EQ(sums[1], 8.5F);
  std::map<std::int64_t, float> values;
  gradient.for_each_value([&](std::int64_t row, float value) { values[row] += value; });
  EXPECT_EQ(values, (std::map<std::int64_t, float>{{-1, 8.0F}, {1, 16.5F}, {3, 8.5F}}));
  EXPECT_EQ(gradient.only_examples().index, nullptr);
}

TEST(RowGradient, SeveralAreGroupedAtOnceAsEachAlone) {
  Arena arena;
  const float one = 1.0F;
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<std::unique_ptr<RowGradient>> gradients;
  std::vector<const RowGradient*> all;
  for (std::int64_t i = 0; i < 20; ++i) {
    parameters.push_back(std::make_unique<Parameter>("p", i + 1, 1, true, nullptr));
    gradients.push_back(std::make_unique<RowGradient>(arena, *parameters.back()));
    RandomStream stream(7, Purpose::kPick, static_cast<std::uint64_t>(i), 0);
    for (RowContribution& c : gradients.back()->add(i * 50)) {
      c = {static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(i) + 1)), &one, 1.0F};
    }
    all.push_back(gradients.back().get());
  }
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::vector<RowGroups> groups(all.size());
    RowGradient::group_all(pool, all, groups);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const RowGroups want = all[i]->group();
      EXPECT_TRUE(std::ranges::equal(groups[i].rows, want.rows)) << i;
      EXPECT_TRUE(std::ranges::equal(groups[i].offsets, want.offsets)) << i;
      EXPECT_TRUE(std::ranges::equal(groups[i].order, want.order)) << i;
    }
  }
}

TEST(RowGradient, RefusesARowThatDoesNotExist) {
  Arena arena;
  Parameter p("movies", 4, 1, true, nullptr);
  RowGradient gradient(arena, p);
  const float one = 1.0F;
  gradient.add(1)[0] = {4, &one, 1.0F};
  try {
    gradient.group();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
    EXPECT_NE(e.message().find("row 4 of 'movies'"), std::string::npos);
  }
}

}  // namespace
}  // namespace kin
