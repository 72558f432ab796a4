#include "kinspace/nn/clip.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/golden_testing.h"

namespace kin {
namespace {

MatrixView view(testing::GoldenTensor& t) {
  const std::int64_t cols = t.shape.back();
  return {t.values.data(), static_cast<std::int64_t>(t.values.size()) / cols, cols, cols};
}

void expect_close(const testing::GoldenTensor& have, const testing::GoldenTensor& want, const std::string& what) {
  ASSERT_EQ(have.values.size(), want.values.size());
  for (std::size_t i = 0; i < want.values.size(); ++i) {
    if (std::isnan(want.values[i])) {
      EXPECT_TRUE(std::isnan(have.values[i])) << what << " at " << i;
    } else {
      EXPECT_NEAR(have.values[i], want.values[i], 1e-6 + 1e-5 * std::abs(want.values[i])) << what << " at " << i;
    }
  }
}

TEST(Clip, FollowsTensorFlow) {
  std::size_t seen = 0;
  for (testing::GoldenClip& c : testing::golden_clips()) {
    ++seen;
    const auto argument = [&](const char* name) { return static_cast<float>(c.arguments.at(name)); };
    if (c.name == "clip_by_value") {
      clip_by_value(view(c.in), argument("clip_value_min"), argument("clip_value_max"));
    } else if (c.name == "clip_by_average_norm") {
      clip_by_average_norm(view(c.in), argument("clip_norm"));
    } else if (c.by_row) {
      clip_rows_by_norm(view(c.in), argument("clip_norm"));
    } else {
      ASSERT_EQ(c.name, "clip_by_norm");
      clip_by_norm(view(c.in), argument("clip_norm"));
    }
    expect_close(c.in, c.out, c.name + " (case " + std::to_string(seen) + ")");
  }
  EXPECT_GE(seen, 20U);
}

TEST(Clip, ByGlobalNormTakesSlicesAsTheyAreAndLeavesOutWhatIsNotThere) {
  std::size_t seen = 0;
  for (testing::GoldenSliceClipping& c : testing::golden_slice_clippings()) {
    ++seen;
    const MatrixView all[] = {view(c.dense[0]), view(c.slices), MatrixView{}, view(c.dense[1])};
    EXPECT_NEAR(clip_by_global_norm(all, static_cast<float>(c.clip_norm)), c.norm, 1e-5 * c.norm);
    expect_close(c.dense[0], c.clipped_dense[0], "a");
    expect_close(c.slices, c.clipped_slices, "slices");
    expect_close(c.dense[1], c.clipped_dense[1], "b");
  }
  EXPECT_GE(seen, 3U);
}

TEST(Clip, ByGlobalNormOfWhatIsNotFiniteIsNaN) {
  std::size_t seen = 0;
  for (testing::GoldenClipping& c : testing::golden_clippings()) {
    if (c.in.size() != 2) continue;
    ++seen;
    const MatrixView all[] = {view(c.in[0]), view(c.in[1])};
    const double norm = clip_by_global_norm(all, static_cast<float>(c.clip_norm));
    EXPECT_EQ(std::isfinite(norm), std::isfinite(c.norm));
    for (std::size_t i = 0; i < 2; ++i) expect_close(c.in[i], c.out[i], "gradient " + std::to_string(i));
  }
  EXPECT_GE(seen, 4U);
}

TEST(Clip, ALimitOfZeroMakesZeros) {
  float g[] = {3.0F, -4.0F, 0.0F};
  clip_by_norm({g, 1, 3, 3}, 0.0F);
  for (const float x : g) EXPECT_EQ(x, 0.0F);
}

TEST(Clip, RefusesLimitsThatAreNone) {
  float g[] = {3.0F};
  const MatrixView view{g, 1, 1, 1};
  EXPECT_THROW(clip_by_norm(view, -1.0F), Error);
  EXPECT_THROW(clip_by_average_norm(view, NAN), Error);
  EXPECT_THROW(clip_by_global_norm({&view, 1}, -1.0F), Error);
  EXPECT_THROW(clip_by_value(view, 1.0F, -1.0F), Error);
  EXPECT_EQ(g[0], 3.0F);
}

}  // namespace
}  // namespace kin
