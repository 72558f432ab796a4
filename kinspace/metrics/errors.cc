#include "kinspace/metrics/errors.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kin {
namespace {

constexpr double kSmall = 1e-7;

double log_from_small(double x) noexcept {
  return std::log1p(std::max(x, kSmall));
}

}  // namespace

double percentage_difference(double label, double prediction) noexcept {
  return 100 * absolute_difference(label, prediction) / std::max(std::abs(label), kSmall);
}

double squared_log_difference(double label, double prediction) noexcept {
  return squared_difference(log_from_small(label), log_from_small(prediction));
}

double log_cosh(double label, double prediction) noexcept {
  const double x = absolute_difference(label, prediction);
  return x + std::log1p(std::exp(-2 * x)) - std::log(2.0);
}

double binary_cross_entropy(double label, float probability) noexcept {
  constexpr float kEpsilon = 1e-7F;
  const float p = std::clamp(probability, kEpsilon, 1.0F - kEpsilon);
  return -label * std::log(double(p + kEpsilon)) - (1 - label) * std::log(double(1.0F - p + kEpsilon));
}

double cosine_similarity(std::span<const float> label, std::span<const float> prediction) noexcept {
  constexpr double kLeast = 1e-12;
  double product = 0;
  double a = 0;
  double b = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    product += double(label[i]) * double(prediction[i]);
    a += double(label[i]) * double(label[i]);
    b += double(prediction[i]) * double(prediction[i]);
  }
  return product / std::sqrt(std::max(a, kLeast) * std::max(b, kLeast));
}

}  // namespace kin
