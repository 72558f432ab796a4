#pragma once

#include <span>
#include <string>
#include <vector>

#include "kinspace/estimator/head.h"
#include "kinspace/metrics/auc.h"
#include "kinspace/metrics/binary_counts.h"
#include "kinspace/metrics/weighted_mean.h"

namespace kin {

/// Areas under both curves at TensorFlow's 200 thresholds: `form` is HeadOptions::areas.
class Areas {
 public:
  explicit Areas(const std::string& form);
  void add(bool positive, float probability, double weight) noexcept { counts_.add(positive, probability, weight); }
  /// "auc" and "auc_precision_recall", followed by `suffix`.
  void report(const std::string& suffix, std::vector<NamedValue>& out) const;

 private:
  bool tf1_;
  ThresholdCounts counts_;
};

/// Accuracy, precision and recall at given thresholds.
class AtThresholds {
 public:
  explicit AtThresholds(const std::vector<double>& thresholds);
  void add(float label, float probability, double weight);
  /// "accuracy/positive_threshold_0.25" and so on.
  void report(std::vector<NamedValue>& out) const;

 private:
  std::vector<ThresholdCounts> counts_;  // none or one, of all thresholds
  std::vector<double> thresholds_;
  std::vector<WeightedMean> right_;  // a label that is neither 0 nor 1 is never right
};

}  // namespace kin
