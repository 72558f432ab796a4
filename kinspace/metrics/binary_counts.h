#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kin {

/// How predictions of two classes came out, in weights. Rates with a denominator of 0 are 0.
struct BinaryCounts {
  double tp = 0;  ///< positive, predicted so
  double fp = 0;  ///< negative, predicted positive
  double tn = 0;
  double fn = 0;

  double precision() const noexcept { return ratio(tp, tp + fp); }
  double recall() const noexcept { return ratio(tp, tp + fn); }  ///< sensitivity, true positive rate
  double specificity() const noexcept { return ratio(tn, tn + fp); }
  double accuracy() const noexcept { return ratio(tp + tn, tp + fp + tn + fn); }

 private:
  static double ratio(double part, double whole) noexcept { return whole == 0 ? 0.0 : part / whole; }
};

/// Counts at several thresholds at once: above a threshold (not at it) a prediction is positive.
///
/// Memory   O(T).
/// Cost     add(): O(log T), or O(1) where thresholds are even.
/// Source   tf.compat.v1.metrics and tf.keras.metrics, whose sums are float32; these are double.
class ThresholdCounts {
 public:
  /// Which thresholds a prediction p is above.
  enum class Rule : std::uint8_t {
    kCompare = 0,  ///< p > t in float32
    kEven = 1      ///< t = i / (T - 1): the first ceil(p (T - 1)), in float32, as Keras has it of such thresholds
  };

  /// Thresholds in any order. Errors   kInvalidArgument for none, or one that is NaN; of kEven for fewer than 2.
  explicit ThresholdCounts(std::vector<double> thresholds, Rule rule = Rule::kCompare);

  /// As Keras does it: by Rule::kEven where evenly_spaced().
  static ThresholdCounts keras(std::vector<double> thresholds);

  /// Those of an AUC: `count` of them, from -1e-7 by i / (count - 1) to 1 + 1e-7. Errors   as above for fewer than 2.
  static std::vector<double> spread(std::int64_t count);

  /// Whether there are at least 3 and they are i / (T - 1), to 1e-7 and 1e-5 relative.
  static bool evenly_spaced(std::span<const double> thresholds) noexcept;

  /// A prediction that is NaN is above no threshold.
  void add(bool positive, float prediction, double weight = 1.0) noexcept;

  const std::vector<double>& thresholds() const noexcept { return thresholds_; }

  /// At each threshold, in the order in which they were given.
  std::vector<BinaryCounts> counts() const;

 private:
  std::size_t thresholds_below(float prediction) const noexcept;

  std::vector<double> thresholds_;
  std::vector<std::size_t> order_;  // thresholds by rising value
  std::vector<float> sorted_;
  Rule rule_;
  bool below_zero_;                            // the first even threshold is below 0
  std::vector<double> positives_, negatives_;  // by the number of thresholds below, T + 1
};

}  // namespace kin
