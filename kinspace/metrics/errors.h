#pragma once

#include <span>

// What a prediction p is off its label y, for one element; their WeightedMean is the metric.
//
// Source: the Keras losses of the same names in TensorFlow 2.15, checked against golden/training/metrics.json.

namespace kin {

inline double squared_difference(double label, double prediction) noexcept {
  return (prediction - label) * (prediction - label);
}

inline double absolute_difference(double label, double prediction) noexcept {
  return prediction < label ? label - prediction : prediction - label;
}

/// 100 |p - y| / max(|y|, 1e-7).
double percentage_difference(double label, double prediction) noexcept;

/// (log(1 + p) - log(1 + y))^2, values below 1e-7 being 1e-7.
double squared_log_difference(double label, double prediction) noexcept;

/// log(cosh(p - y)), without overflow.
double log_cosh(double label, double prediction) noexcept;

/// - y log(p) - (1 - y) log(1 - p), p being kept 1e-7 away from 0 and 1 and 1e-7 being added to each p and 1 - p, in
/// float32 as Keras does, so that no loss is above 16.2.
double binary_cross_entropy(double label, float probability) noexcept;

/// Of two vectors of one length: their product over their lengths, squares of lengths being at least 1e-12. 0 when
/// they are empty.
double cosine_similarity(std::span<const float> label, std::span<const float> prediction) noexcept;

}  // namespace kin
