#include "kinspace/features/quantile_sketch.h"

#include <algorithm>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr double kShrink = 2.0 / 3;    // capacity of a level to that of the level above
constexpr std::size_t kNarrowest = 8;  // of the width: heavy numbers make many levels, of which none may be too coarse

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

void QuantileSketch::grow(std::size_t levels) {
  levels_.resize(levels);
  capacities_.resize(levels);
  auto capacity = static_cast<double>(width_);
  for (std::size_t level = levels; level-- > 0; capacity *= kShrink)
    capacities_[level] = std::max(width_ / kNarrowest, static_cast<std::size_t>(capacity));
}

void QuantileSketch::push(std::size_t level, double number) {
  if (level >= levels_.size()) grow(level + 1);
  levels_[level].push_back(number);
  for (; level < levels_.size() && levels_[level].size() > capacities_[level]; ++level) compact(level);
}

/// Half of the numbers of a level, every other one by size, go up and stand for two.
void QuantileSketch::compact(std::size_t level) {
  if (level + 1 == levels_.size()) grow(level + 2);
  std::vector<double>& from = levels_[level];
  std::vector<double>& to = levels_[level + 1];
  std::sort(from.begin(), from.end());
  const std::size_t odd = from.size() % 2;  // the largest one stays
  for (std::size_t i = mix64(coins_++) & 1; i + odd < from.size(); i += 2) to.push_back(from[i]);
  from.erase(from.begin(), from.end() - static_cast<std::ptrdiff_t>(odd));
}

void QuantileSketch::add(double number, std::int64_t count) {
  least_ = count_ == 0 ? number : std::min(least_, number);
  greatest_ = count_ == 0 ? number : std::max(greatest_, number);
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

std::vector<double> QuantileSketch::quantiles(std::int64_t steps) const {
  const WeightedNumbers kept = numbers();
  std::vector<double> out;
  std::size_t i = 0;
  std::int64_t passed = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    // The number of rank floor(count * step / steps), without an overflow.
    const std::int64_t rank = count_ / steps * step + count_ % steps * step / steps;
    for (; passed + kept[i].second <= rank; ++i) passed += kept[i].second;
    out.push_back(step == 0 ? least_ : kept[i].first);
  }
  out.push_back(greatest_);
  return out;
}

}  // namespace kin
