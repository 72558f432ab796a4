#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kin {

/// Numbers with how often they occur, by rising number.
using WeightedNumbers = std::vector<std::pair<double, std::int64_t>>;

/// The numbers at which the shares `shares` (0 to 1) of all of them are reached: for each the smallest number x such
/// that at least that share is <= x. `numbers` must not be empty.
std::vector<double> quantiles_of(const WeightedNumbers& numbers, const std::vector<double>& shares);

/// Quantiles of so many training rows are exact; beyond, their ranks are off by at most 0.003 %.
inline constexpr std::size_t kExactQuantiles = std::size_t{1} << 18;

/// A few numbers that stand for many.
///
/// Error    exact up to `width` numbers of count 1; beyond, the share of numbers below a quantile is off by less than
///          8 / width (99 % of the time), whatever the numbers.
/// Memory   about 3 width numbers, and an eighth of it for each doubling beyond.
/// Bits     a function of the numbers in their order.
/// Source   Karnin, Lang & Liberty, "Optimal quantile approximation in streams", 2016.
class QuantileSketch {
 public:
  explicit QuantileSketch(std::size_t width = 4096) : width_(width) {}

  /// `count` times the number, which must be finite.
  void add(double number, std::int64_t count = 1);

  std::int64_t count() const noexcept { return count_; }

  /// What is kept; the weights add up to count().
  WeightedNumbers numbers() const;

  /// At `steps` + 1 ranks, evenly spaced from the least to the greatest number, rising. There must be a number.
  std::vector<double> quantiles(std::int64_t steps) const;

 private:
  void push(std::size_t level, double number);
  void compact(std::size_t level);
  void grow(std::size_t levels);

  std::size_t width_;
  std::vector<std::vector<double>> levels_;  // a number of level h stands for 2^h
  std::vector<std::size_t> capacities_;      // parallel to levels_
  std::int64_t count_ = 0;
  std::uint64_t coins_ = 0;
  double least_ = 0;
  double greatest_ = 0;
};

}  // namespace kin
