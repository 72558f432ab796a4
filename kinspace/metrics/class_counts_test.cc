#include "kinspace/metrics/class_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using Classes = std::vector<std::int64_t>;

TEST(ClassCounts, MeansLeaveOutOrCountClassesThatDoNotOccur) {
  ClassCounts counts(4);
  EXPECT_EQ(counts.accuracy(), 0);
  EXPECT_EQ(counts.mean_iou(), 0);
  EXPECT_EQ(counts.mean_per_class_accuracy(), 0);
  counts.add(0, 0, 3);
  counts.add(0, 1);
  counts.add(1, 1, 2);
  counts.add(2, 1);
  EXPECT_DOUBLE_EQ(counts.accuracy(), 5.0 / 7);
  EXPECT_DOUBLE_EQ(counts.mean_per_class_accuracy(), (0.75 + 1 + 0 + 0) / 4);
  EXPECT_DOUBLE_EQ(counts.mean_iou(), (3.0 / 4 + 2.0 / 4 + 0) / 3);
}

TEST(ClassCounts, RefusesWhatIsNoClass) {
  EXPECT_THROW(ClassCounts(0), Error);
  EXPECT_THROW(ClassCounts(1 << 20), Error);
  ClassCounts counts(2);
  EXPECT_THROW(counts.add(2, 0), Error);
  EXPECT_THROW(counts.add(0, -1), Error);
}

TEST(TopClasses, TiesGoToTheSmallerAndNanIsLast) {
  const std::vector<float> scores = {1, NAN, 3, 3, -INFINITY, 2};
  EXPECT_EQ(top_classes(scores, 3), (Classes{2, 3, 5}));
  EXPECT_EQ(top_classes(scores, 9), (Classes{2, 3, 5, 0, 1, 4}));
  EXPECT_EQ(top_classes(scores, 0), Classes{});
  EXPECT_EQ(best_class(scores), 2);
  EXPECT_EQ(best_class(std::vector<float>{NAN, -INFINITY}), 1);
  EXPECT_EQ(best_class(std::vector<float>{NAN, NAN}), 0);
  EXPECT_EQ(best_class({}), -1);
}

TEST(InTopK, TiesAreInAndWhatIsNotFiniteIsOut) {
  const std::vector<float> scores = {1, 3, 3, 2};
  EXPECT_TRUE(in_top_k(scores, 2, 1));
  EXPECT_FALSE(in_top_k(scores, 3, 2));
  EXPECT_TRUE(in_top_k(scores, 3, 3));
  EXPECT_FALSE(in_top_k(scores, 4, 9));
  EXPECT_FALSE(in_top_k(scores, -1, 9));
  EXPECT_FALSE(in_top_k(std::vector<float>{1, INFINITY}, 1, 2));
  EXPECT_FALSE(in_top_k(std::vector<float>{1, NAN}, 0, 2));
}

TEST(LabelsAtK, CountsSetsOfLabels) {
  LabelsAtK at(2);
  EXPECT_EQ(at.precision(), 0);
  EXPECT_EQ(at.recall(), 0);
  EXPECT_EQ(at.average_precision(), 0);
  const std::vector<float> scores = {0.1F, 0.9F, 0.5F, 0.2F};
  at.add(scores, Classes{2, 3, 3, -1});
  EXPECT_DOUBLE_EQ(at.precision(), 0.5);
  EXPECT_DOUBLE_EQ(at.recall(), 0.5);
  EXPECT_DOUBLE_EQ(at.average_precision(), 0.5 / 2);
  at.add(scores, Classes{}, 2);
  EXPECT_DOUBLE_EQ(at.precision(), 1.0 / 6);
  EXPECT_DOUBLE_EQ(at.average_precision(), 0.25 / 3);
  EXPECT_THROW(LabelsAtK(0), Error);
}

}  // namespace
}  // namespace kin
