#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kinspace/features/quantile_sketch.h"

namespace kin::internal {

/// How numbers are scaled (NumericColumn::scale).
enum class Scale : std::uint8_t { kNone, kZScore, kMinMax, kLog1p, kQuantile };

/// Scales one number of a row by what the training rows showed.
///
/// Learned   one number more than the scale needs: the mean, then z-score: standard deviation; min-max: least and
///           greatest; quantile: kRanks + 1 quantiles.
/// Constant  data that do not vary become 0 (quantile: 0.5).
class Normalizer {
 public:
  static constexpr std::int64_t kRanks = 1000;

  explicit Normalizer(Scale scale) : scale_(scale) {}

  /// How many numbers a Normalizer of this scale learns.
  static std::size_t learned_size(Scale scale) noexcept;

  /// A finite number of the training rows.
  void add(double number);
  std::int64_t count() const noexcept { return count_; }

  /// There must have been a number.
  std::vector<double> learned() const;

  /// As it was learned. Errors   kCorruption: numbers that no training rows lead to.
  void use(std::span<const double> learned);

  double mean() const noexcept { return mean_; }

  /// z-score, min-max and quantile; NaN stays.
  double scaled(double number) const noexcept;

 private:
  double rank(double number) const noexcept;

  Scale scale_;
  std::int64_t count_ = 0;
  double mean_ = 0;  // by Welford's update, which neither overflows nor cancels where sums of squares do
  double squares_ = 0;
  double least_ = 0;
  double greatest_ = 0;
  double offset_ = 0;
  double factor_ = 1;  // divides
  QuantileSketch sketch_{kExactQuantiles};
  std::vector<double> ranks_;
};

}  // namespace kin::internal
