#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kin::internal {

/// Quantiles of a stream of numbers, in bounded memory, the same for the same numbers in the same order.
///
/// Method   buffers of kBuffer values, of weight 1, 2, 4 ...; a full one is sorted and every second value moves on to
/// the
///          next, the odd and the even ones in turn (Manku, Rajagopalan and Lindsay, 1998, without chance).
/// Error    exact up to kBuffer values; then the rank of a quantile of n values is off by at most
///          n * ceil(log2(n / kBuffer)) / kBuffer, 0.01 % for a billion.
/// Memory   at most 2 MiB, and as much again for each doubling beyond kBuffer values.
class QuantileSketch {
 public:
  static constexpr std::size_t kBuffer = std::size_t{1} << 18;

  /// The number must be finite.
  void add(double number);

  std::int64_t count() const noexcept { return count_; }
  double least() const noexcept { return least_; }
  double greatest() const noexcept { return greatest_; }

  /// At `steps` + 1 ranks, evenly spaced from the least to the greatest number, rising. There must be a number.
  std::vector<double> quantiles(std::int64_t steps) const;

 private:
  struct Level {
    std::vector<double> values;
    bool odd = false;
  };
  void compact(std::size_t level);

  std::vector<Level> levels_;
  std::int64_t count_ = 0;
  double least_ = 0;
  double greatest_ = 0;
};

}  // namespace kin::internal
