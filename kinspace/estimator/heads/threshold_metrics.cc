#include "kinspace/estimator/heads/threshold_metrics.h"

#include <fmt/format.h>

namespace kin {

Areas::Areas(const std::string& form)
    : tf1_(form == "tf1"),
      counts_(ThresholdCounts::spread(200), tf1_ ? ThresholdCounts::Rule::kCompare : ThresholdCounts::Rule::kEven) {}

void Areas::report(const std::string& suffix, std::vector<NamedValue>& out) const {
  const std::vector<BinaryCounts> counts = counts_.counts();
  AreaOptions options;
  if (tf1_) {
    options.summation = Summation::kTrapezoidal;
    options.epsilon = 1e-6;
  }
  out.push_back({"auc" + suffix, area_under_curve(counts, options)});
  options.curve = Curve::kPrecisionRecall;
  out.push_back({"auc_precision_recall" + suffix, area_under_curve(counts, options)});
}

AtThresholds::AtThresholds(const std::vector<double>& thresholds) : thresholds_(thresholds), right_(thresholds.size()) {
  if (!thresholds.empty()) counts_.emplace_back(thresholds);
}

void AtThresholds::add(float label, float probability, double weight) {
  for (ThresholdCounts& counts : counts_) counts.add(label != 0, probability, weight);
  for (std::size_t i = 0; i < right_.size(); ++i) {
    const float predicted = probability > static_cast<float>(thresholds_[i]) ? 1.0F : 0.0F;
    right_[i].add(label == predicted ? 1.0 : 0.0, weight);
  }
}

void AtThresholds::report(std::vector<NamedValue>& out) const {
  if (counts_.empty()) return;
  const std::vector<BinaryCounts> counts = counts_.front().counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string at = fmt::format("/positive_threshold_{:g}", thresholds_[i]);
    out.push_back({"accuracy" + at, right_[i].value()});
    out.push_back({"precision" + at, counts[i].precision()});
    out.push_back({"recall" + at, counts[i].recall()});
  }
}

}  // namespace kin
