#include "kinspace/features/internal/normalizer.h"

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"

namespace kin::internal {

std::size_t Normalizer::learned_size(Scale scale) noexcept {
  switch (scale) {
    case Scale::kZScore:
      return 2;
    case Scale::kMinMax:
      return 3;
    case Scale::kQuantile:
      return kRanks + 2;
    case Scale::kNone:
    case Scale::kLog1p:
      break;
  }
  return 1;
}

void Normalizer::add(double number) {
  least_ = count_ == 0 ? number : std::min(least_, number);
  greatest_ = count_ == 0 ? number : std::max(greatest_, number);
  ++count_;
  const auto n = static_cast<double>(count_);
  const double step = number / n - mean_ / n;
  const double before = number - mean_;
  mean_ += step;
  squares_ += before * (number - mean_);
  if (scale_ == Scale::kQuantile) sketch_.add(number);
}

std::vector<double> Normalizer::learned() const {
  switch (scale_) {
    case Scale::kZScore:
      return {mean_, std::sqrt(std::max(0.0, squares_ / static_cast<double>(count_)))};
    case Scale::kMinMax:
      return {mean_, least_, greatest_};
    case Scale::kQuantile: {
      std::vector<double> out = sketch_.quantiles(kRanks);
      out.insert(out.begin(), mean_);
      return out;
    }
    case Scale::kNone:
    case Scale::kLog1p:
      break;
  }
  return {mean_};
}

void Normalizer::use(std::span<const double> learned) {
  const bool sized = learned.size() == learned_size(scale_);
  if (!sized || std::any_of(learned.begin(), learned.end(), [](double x) { return std::isnan(x); }) ||
      (scale_ != Scale::kZScore && !std::is_sorted(learned.begin() + 1, learned.end()))) {
    throw Error::corruption("the learned numbers of a numeric column are damaged");
  }
  mean_ = learned[0];
  if (scale_ == Scale::kZScore) {
    offset_ = mean_;
    factor_ = learned[1];
  } else if (scale_ == Scale::kMinMax) {
    offset_ = learned[1];
    factor_ = learned[2] - learned[1];
  } else if (scale_ == Scale::kQuantile) {
    ranks_.assign(learned.begin() + 1, learned.end());
  }
  if (!(std::abs(factor_) > 0) || !std::isfinite(factor_)) factor_ = 1;
}

double Normalizer::scaled(double number) const noexcept {
  if (scale_ == Scale::kQuantile) return rank(number);
  return scale_ == Scale::kZScore || scale_ == Scale::kMinMax ? (number - offset_) / factor_ : number;
}

// Between two learned quantiles by the share of the way; of a number that several of them equal, the middle.
double Normalizer::rank(double number) const noexcept {
  if (std::isnan(number)) return number;
  const auto lower = std::lower_bound(ranks_.begin(), ranks_.end(), number);
  const auto upper = std::upper_bound(lower, ranks_.end(), number);
  const auto last = static_cast<double>(kRanks);
  if (lower != upper) {
    return (static_cast<double>(lower - ranks_.begin()) + static_cast<double>(upper - ranks_.begin() - 1)) / 2 / last;
  }
  if (lower == ranks_.begin()) return 0;
  if (lower == ranks_.end()) return 1;
  const double below = *(lower - 1);
  const double share = std::clamp((number - below) / (*lower - below), 0.0, 1.0);
  return (static_cast<double>(lower - ranks_.begin() - 1) + (std::isnan(share) ? 0.5 : share)) / last;
}

}  // namespace kin::internal
