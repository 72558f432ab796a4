#include "kinspace/metrics/auc.h"

#include <algorithm>
#include <cmath>

namespace kin {
namespace {

struct Point {
  double x;
  double y;
};

/// 0 where the denominator is.
double quotient(double a, double b) noexcept {
  return b == 0 ? 0.0 : a / b;
}

Point point(const BinaryCounts& c, const AreaOptions& options) noexcept {
  const double e = options.epsilon;
  const double recall = quotient(c.tp + e, c.tp + c.fn + e);
  if (options.curve == Curve::kRoc) return {quotient(c.fp, c.fp + c.tn + e), recall};
  return {recall, quotient(c.tp + e, c.tp + c.fp + e)};
}

/// Between a (lower threshold) and b true positives are taken as a linear function of all predicted positive, whose
/// integral over precision is known.
double interpolated(const BinaryCounts& a, const BinaryCounts& b) noexcept {
  const double positive_a = a.tp + a.fp;
  const double positive_b = b.tp + b.fp;
  const double change = a.tp - b.tp;
  const double slope = quotient(change, std::max(positive_a - positive_b, 0.0));
  const double intercept = b.tp - slope * positive_b;
  const double ratio = positive_a > 0 && positive_b > 0 ? positive_a / positive_b : 1.0;
  return quotient(slope * (change + intercept * std::log(ratio)), std::max(b.tp + b.fn, 0.0));
}

float float_rate(const BinaryCounts& c, BinaryRate rate) noexcept {
  const double hit = rate == BinaryRate::kSpecificity ? c.tn : c.tp;
  const double rest = rate == BinaryRate::kRecall ? c.fn : c.fp;
  const float whole = static_cast<float>(hit) + static_cast<float>(rest);
  return whole == 0 ? 0.0F : static_cast<float>(hit) / whole;
}

}  // namespace

double area_under_curve(std::span<const BinaryCounts> counts, const AreaOptions& options) {
  double area = 0;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    if (options.curve == Curve::kPrecisionRecall && options.summation == Summation::kInterpolation) {
      area += interpolated(counts[i], counts[i + 1]);
      continue;
    }
    const Point a = point(counts[i], options);
    const Point b = point(counts[i + 1], options);
    const double height = options.summation == Summation::kMinoring   ? std::min(a.y, b.y)
                          : options.summation == Summation::kMajoring ? std::max(a.y, b.y)
                                                                      : (a.y + b.y) / 2;
    area += (a.x - b.x) * height;
  }
  return area;
}

void ExactAuc::add(double label, float prediction, double weight) {
  if (weight == 0) return;
  examples_.push_back({std::isnan(prediction) ? -HUGE_VALF : prediction, weight * label, weight * (1 - label)});
}

double ExactAuc::value() const {
  std::vector<Example> sorted = examples_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Example& a, const Example& b) { return a.prediction < b.prediction; });
  double area = 0;
  double positives = 0;
  double negatives = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    double positive = 0;
    double negative = 0;
    const float prediction = sorted[i].prediction;
    for (; i < sorted.size() && sorted[i].prediction == prediction; ++i) {
      positive += sorted[i].positive;
      negative += sorted[i].negative;
    }
    area += positive * (negatives + negative / 2);
    positives += positive;
    negatives += negative;
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : 0.5;
}

double best_rate(std::span<const BinaryCounts> counts, BinaryRate wanted, BinaryRate other, double least) {
  float best = 0;
  for (const BinaryCounts& c : counts) {
    if (float_rate(c, other) >= static_cast<float>(least)) best = std::max(best, float_rate(c, wanted));
  }
  return double(best);
}

double recall_nearest_specificity(std::span<const BinaryCounts> counts, double specificity) {
  constexpr float kEpsilon = 1e-7F;
  float nearest = HUGE_VALF;
  float recall = 0;
  for (const BinaryCounts& c : counts) {
    const auto tn = static_cast<float>(c.tn);
    const auto tp = static_cast<float>(c.tp);
    const float distance = std::abs(tn / (tn + static_cast<float>(c.fp) + kEpsilon) - static_cast<float>(specificity));
    if (!(distance < nearest)) continue;
    nearest = distance;
    recall = tp / (tp + static_cast<float>(c.fn) + kEpsilon);
  }
  return double(recall);
}

}  // namespace kin
