#include "kinspace/metrics/binary_counts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kinspace/base/error.h"

namespace kin {

ThresholdCounts::ThresholdCounts(std::vector<double> thresholds, Rule rule)
    : thresholds_(std::move(thresholds)), rule_(rule) {
  const std::size_t least = rule == Rule::kEven ? 2 : 1;
  if (thresholds_.size() < least) {
    throw Error::invalid_argument(fmt::format("{} thresholds; at least {} are needed", thresholds_.size(), least));
  }
  for (const double t : thresholds_) {
    if (std::isnan(t)) throw Error::invalid_argument("a threshold is NaN");
  }
  order_.resize(thresholds_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return thresholds_[a] < thresholds_[b]; });
  for (const std::size_t i : order_) sorted_.push_back(static_cast<float>(thresholds_[i]));
  below_zero_ = sorted_.front() < 0;
  positives_.resize(thresholds_.size() + 1);
  negatives_.resize(thresholds_.size() + 1);
}

ThresholdCounts ThresholdCounts::keras(std::vector<double> thresholds) {
  const Rule rule = evenly_spaced(thresholds) ? Rule::kEven : Rule::kCompare;
  return ThresholdCounts(std::move(thresholds), rule);
}

std::vector<double> ThresholdCounts::spread(std::int64_t count) {
  constexpr double kMargin = 1e-7;
  if (count < 2) throw Error::invalid_argument(fmt::format("{} thresholds; at least 2 are needed", count));
  std::vector<double> out = {-kMargin};
  for (std::int64_t i = 1; i + 1 < count; ++i) out.push_back(double(i) / double(count - 1));
  out.push_back(1 + kMargin);
  return out;
}

bool ThresholdCounts::evenly_spaced(std::span<const double> thresholds) noexcept {
  if (thresholds.size() < 3) return false;
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    const auto even = double(static_cast<float>(i) / static_cast<float>(thresholds.size() - 1));
    if (!(std::abs(thresholds[i] - even) <= 1e-7 + 1e-5 * even)) return false;
  }
  return true;
}

std::size_t ThresholdCounts::thresholds_below(float prediction) const noexcept {
  if (std::isnan(prediction)) return 0;
  if (rule_ == Rule::kCompare) {
    return static_cast<std::size_t>(std::lower_bound(sorted_.begin(), sorted_.end(), prediction) - sorted_.begin());
  }
  const float p = std::clamp(prediction, 0.0F, 1.0F);
  const auto below = static_cast<std::size_t>(std::ceil(p * static_cast<float>(sorted_.size() - 1)));
  return below_zero_ ? std::max<std::size_t>(below, 1) : below;
}

void ThresholdCounts::add(bool positive, float prediction, double weight) noexcept {
  (positive ? positives_ : negatives_)[thresholds_below(prediction)] += weight;
}

std::vector<BinaryCounts> ThresholdCounts::counts() const {
  const std::size_t n = order_.size();
  std::vector<BinaryCounts> out(n);
  double fn = 0;
  double tn = 0;
  for (std::size_t i = 0; i < n; ++i) {
    fn += positives_[i];
    tn += negatives_[i];
    out[order_[i]].fn = fn;
    out[order_[i]].tn = tn;
  }
  double tp = 0;
  double fp = 0;
  for (std::size_t i = n; i-- > 0;) {
    tp += positives_[i + 1];
    fp += negatives_[i + 1];
    out[order_[i]].tp = tp;
    out[order_[i]].fp = fp;
  }
  return out;
}

}  // namespace kin
