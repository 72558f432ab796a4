#include "kinspace/profile/quantile_sketch.h"

#include <algorithm>
#include <cmath>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr double kWidest = 4096;
constexpr double kNarrowest = 512;   // heavy numbers make many levels, of which none may be too coarse
constexpr double kShrink = 2.0 / 3;  // capacity of a level to that of the level above

}  // namespace

std::vector<double> quantiles_of(const WeightedNumbers& numbers, const std::vector<double>& shares) {
  double total = 0;
  for (const auto& [number, count] : numbers) total += static_cast<double>(count);
  std::vector<double> out;
  for (const double share : shares) {
    const double wanted = share * total;
    double sum = 0;
    double found = numbers.back().first;
    for (const auto& [number, count] : numbers) {
      sum += static_cast<double>(count);
      if (sum >= wanted) {
        found = number;
        break;
      }
    }
    out.push_back(found);
  }
  return out;
}

std::size_t QuantileSketch::capacity(std::size_t level) const noexcept {
  const auto above = static_cast<double>(levels_.size() - level - 1);
  return static_cast<std::size_t>(std::max(kNarrowest, kWidest * std::pow(kShrink, above)));
}

void QuantileSketch::push(std::size_t level, double number) {
  if (level >= levels_.size()) levels_.resize(level + 1);
  levels_[level].push_back(number);
  for (; level < levels_.size() && levels_[level].size() > capacity(level); ++level) compact(level);
}

/// Half of the numbers of a level, every other one by size, go up and stand for two.
void QuantileSketch::compact(std::size_t level) {
  if (level + 1 == levels_.size()) levels_.emplace_back();
  std::vector<double>& from = levels_[level];
  std::vector<double>& to = levels_[level + 1];
  std::sort(from.begin(), from.end());
  const std::size_t odd = from.size() % 2;  // the largest one stays
  for (std::size_t i = mix64(coins_++) & 1; i + odd < from.size(); i += 2) to.push_back(from[i]);
  from.erase(from.begin(), from.end() - static_cast<std::ptrdiff_t>(odd));
}

void QuantileSketch::add(double number, std::int64_t count) {
  count_ += count;
  for (std::size_t level = 0; count >> level != 0; ++level) {
    if ((count >> level & 1) != 0) push(level, number);
  }
}

WeightedNumbers QuantileSketch::numbers() const {
  WeightedNumbers out;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    for (const double number : levels_[level]) out.emplace_back(number, std::int64_t{1} << level);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace kin
