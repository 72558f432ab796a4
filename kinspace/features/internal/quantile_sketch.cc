#include "kinspace/features/internal/quantile_sketch.h"

#include <algorithm>
#include <utility>

namespace kin::internal {

void QuantileSketch::add(double number) {
  least_ = count_ == 0 ? number : std::min(least_, number);
  greatest_ = count_ == 0 ? number : std::max(greatest_, number);
  ++count_;
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].values.push_back(number);
  for (std::size_t level = 0; level < levels_.size() && levels_[level].values.size() > kBuffer; ++level) compact(level);
}

// Half of the values of a level, of twice the weight, move to the next; an odd one out stays.
void QuantileSketch::compact(std::size_t level) {
  if (level + 1 == levels_.size()) levels_.emplace_back();
  Level& from = levels_[level];
  std::vector<double>& to = levels_[level + 1].values;
  std::sort(from.values.begin(), from.values.end());
  const std::size_t even = from.values.size() / 2 * 2;
  for (std::size_t i = from.odd ? 1 : 0; i < even; i += 2) to.push_back(from.values[i]);
  from.odd = !from.odd;
  from.values.erase(from.values.begin(), from.values.begin() + static_cast<std::ptrdiff_t>(even));
}

std::vector<double> QuantileSketch::quantiles(std::int64_t steps) const {
  std::vector<std::pair<double, std::int64_t>> weighted;
  std::int64_t total = 0;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    for (const double value : levels_[level].values) weighted.emplace_back(value, std::int64_t{1} << level);
    total += static_cast<std::int64_t>(levels_[level].values.size()) << level;
  }
  std::sort(weighted.begin(), weighted.end());
  std::vector<double> out;
  std::size_t i = 0;
  std::int64_t passed = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    // The number of rank floor(total * step / steps), without an overflow.
    const std::int64_t rank = total / steps * step + total % steps * step / steps;
    for (; passed + weighted[i].second <= rank; ++i) passed += weighted[i].second;
    out.push_back(step == 0 ? least_ : weighted[i].first);
  }
  out.push_back(greatest_);
  return out;
}

}  // namespace kin::internal
