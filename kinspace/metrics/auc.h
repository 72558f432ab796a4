#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/metrics/binary_counts.h"

namespace kin {

enum class Curve : std::uint8_t {
  kRoc = 0,             ///< recall over false positive rate
  kPrecisionRecall = 1  ///< precision over recall
};

/// How the area between two points of a curve is taken.
enum class Summation : std::uint8_t {
  kInterpolation = 0,  ///< trapezoids; of precision, counts between the points are interpolated (Davis & Goadrich
                       ///< 2006): Keras' default, "careful_interpolation" of V1
  kTrapezoidal = 1,    ///< trapezoids
  kMinoring = 2,       ///< the lower of both ends
  kMajoring = 3        ///< the higher of both ends
};

struct AreaOptions {
  Curve curve = Curve::kRoc;
  Summation summation = Summation::kInterpolation;
  double epsilon = 0;  ///< added to the counts of recall and precision and to the denominator of the false positive
                       ///< rate: 1e-6 in V1, where a class without weight gives 1
};

/// The area under the curve through the points of rising thresholds.
/// Source   tf.keras.metrics.AUC and tf.compat.v1.metrics.auc, checked against golden/training/metrics.json.
double area_under_curve(std::span<const BinaryCounts> counts, const AreaOptions& options = {});

/// The area under the ROC curve itself: the probability that a positive is predicted higher than a negative, ties
/// counting one half.
///
/// Labels   a number in [0, 1] counts as so much positive and the rest negative.
/// Memory   24 bytes an example, all of which are kept. Cost   O(n log n) for value().
/// Empty    0.5 while either class has no weight.
class ExactAuc {
 public:
  /// A prediction that is NaN counts as lowest.
  void add(double label, float prediction, double weight = 1.0);
  double value() const;

 private:
  struct Example {
    float prediction;
    double positive;
    double negative;
  };
  std::vector<Example> examples_;
};

enum class BinaryRate : std::uint8_t { kPrecision = 0, kRecall = 1, kSpecificity = 2 };

/// The largest `wanted` at a threshold whose `other` is at least `least`; 0 where there is none. Compared in float32.
/// Source   Keras' SensitivityAtSpecificity, PrecisionAtRecall and the like.
double best_rate(std::span<const BinaryCounts> counts, BinaryRate wanted, BinaryRate other, double least);

/// The recall at the threshold whose specificity is nearest to `specificity`, the first of several, with 1e-7 added to
/// denominators; in float32.
/// Source   tf.compat.v1.metrics.sensitivity_at_specificity.
double recall_nearest_specificity(std::span<const BinaryCounts> counts, double specificity);

}  // namespace kin
