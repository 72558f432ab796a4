#include "kinspace/nn/constant_logit.h"

#include <algorithm>
#include <cmath>

namespace kin {
namespace {

using Labels = std::vector<std::pair<float, float>>;

double median(Labels labels, double weight) {
  std::sort(labels.begin(), labels.end());
  double below = 0;
  std::size_t i = 0;
  while (i + 1 < labels.size() && below + double(labels[i].second) < weight / 2) below += double(labels[i++].second);
  const auto label = double(labels[i].first);
  const bool halves = i + 1 < labels.size() && below + double(labels[i].second) <= weight / 2;
  return halves ? (label + double(labels[i + 1].first)) / 2 : label;
}

/// Where the slope of the summed loss, which rises from the least to the greatest label, changes its sign.
double huber_center(const Labels& labels, double delta) {
  const auto [least, greatest] = std::minmax_element(labels.begin(), labels.end());
  auto low = double(least->first);
  auto high = double(greatest->first);
  constexpr int kHalvings = 64;
  for (int i = 0; i < kHalvings && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    double slope = 0;
    for (const auto& [label, weight] : labels)
      slope += double(weight) * std::clamp(middle - double(label), -delta, delta);
    if (slope == 0) return middle;
    (slope < 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

void ConstantLogit::add(float label, float weight) {
  // Nothing is heard of labels that weigh nothing.
  if (weight == 0) return;
  total_ += double(weight) * double(label);
  weight_ += double(weight);
  using Kind = LossTargets::Kind;
  if (kind_ == Kind::kAbsolute || kind_ == Kind::kHuber) labels_.emplace_back(label, weight);
}

double ConstantLogit::value() const {
  if (weight_ == 0) return 0;
  constexpr double kLeast = 1e-6;
  const double mean = total_ / weight_;
  switch (kind_) {
    case LossTargets::Kind::kSquared:
      return mean;
    case LossTargets::Kind::kAbsolute:
      return median(labels_, weight_);
    case LossTargets::Kind::kHuber:
      return huber_center(labels_, delta_);
    case LossTargets::Kind::kSigmoid:
    case LossTargets::Kind::kSoftmax:
    case LossTargets::Kind::kPoisson:
      break;
  }
  if (kind_ != LossTargets::Kind::kSigmoid) return std::log(std::max(mean, kLeast));
  const double share = std::clamp(mean, kLeast, 1 - kLeast);
  return std::log(share / (1 - share));
}

}  // namespace kin
