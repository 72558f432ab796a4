#include "kinspace/features/internal/bucketized_encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/data/batch.h"

namespace kin::internal {
namespace {

constexpr double kMaxBoundaries = 1 << 20;

// Boundaries that are given; none where they are learned.
std::vector<double> given_boundaries(const std::string& name, const BoundaryOptions& o) {
  const std::string key = fmt::format("columns.{}.boundaries", toml_key(name));
  const int ways = (o.values.empty() ? 0 : 1) + (o.linspace.empty() ? 0 : 1) + (o.quantiles != 0 ? 1 : 0);
  if (ways != 1) {
    throw Error::invalid_argument(fmt::format("{} {}; one of values, linspace and quantiles says where buckets begin",
                                              key, ways == 0 ? "is empty" : "says it twice"),
                                  fmt::format("{} = [0, 10, 100], or {{ quantiles = 16 }}", key));
  }
  if (o.quantiles != 0) {
    if (o.quantiles >= 2) return {};
    throw Error::invalid_argument(fmt::format("{}.quantiles is {}; at least 2 are needed", key, o.quantiles));
  }
  std::vector<double> values = o.values;
  if (!o.linspace.empty()) {
    if (o.linspace.size() != 3 || !(o.linspace[2] >= 1) || o.linspace[2] > kMaxBoundaries ||
        o.linspace[2] != std::floor(o.linspace[2])) {
      throw Error::invalid_argument(
          fmt::format("{}.linspace needs three numbers: the first boundary, the last one, and how many", key));
    }
    const double first = o.linspace[0];
    const double last = o.linspace[1];
    const auto count = static_cast<std::int64_t>(o.linspace[2]);
    for (std::int64_t i = 0; i < count; ++i) {
      const double share = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
      values.push_back(i == count - 1 && count > 1 ? last : first + (last - first) * share);
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i]) || (i > 0 && !(values[i] > values[i - 1]))) {
      throw Error::invalid_argument(
          i == 0 || std::isnan(values[i])
              ? fmt::format("{} holds {}, which is no number", key, values[i])
              : fmt::format("{} must rise; {} is followed by {}", key, values[i - 1], values[i]));
    }
  }
  return values;
}

}  // namespace

BucketizedEncoder::BucketizedEncoder(std::string name, const BucketizedColumn& column, NumberReader numbers,
                                     std::optional<Weights> weights, const FittedColumn* fitted)
    : name_(std::move(name)),
      numbers_(std::move(numbers)),
      weights_(std::move(weights)),
      size_(column.size),
      quantiles_(column.boundaries.quantiles),
      missing_(column.missing == "bucket"  ? Missing::kBucket
               : column.missing == "error" ? Missing::kError
                                           : Missing::kLast),
      piecewise_(column.piecewise) {
  if (piecewise_ && weights_) {
    throw Error::invalid_argument(fmt::format("columns.{}: piecewise numbers have no weights", toml_key(name_)));
  }
  const std::vector<double> given = given_boundaries(name_, column.boundaries);
  if (quantiles_ != 0) {
    sketch_.emplace(kExactQuantiles);
    if (fitted != nullptr) use(fitted->numbers);
    return;
  }
  // The outer buckets have no end of their own: they are taken to be as wide as their neighbours.
  const std::size_t n = given.size();
  const double first = n > 1 ? given[1] - given[0] : 1;
  const double last = n > 1 ? given[n - 1] - given[n - 2] : 1;
  std::vector<double> learned = {given[0] - first};
  learned.insert(learned.end(), given.begin(), given.end());
  learned.push_back(given[n - 1] + last);
  use(learned);
}

void BucketizedEncoder::use(const std::vector<double>& learned) {
  const bool rising = learned.size() >= 2 && std::is_sorted(learned.begin(), learned.end());
  if (!rising) throw Error::corruption(fmt::format("column {}: its learned boundaries do not rise", name_));
  ends_ = learned;
  boundaries_.assign(learned.begin() + 1, learned.end() - 1);
  fitted_ = true;
  sketch_.reset();
}

void BucketizedEncoder::bind(const Binding& binding) {
  numbers_.bind(binding);
  if (weights_) weights_->bind(binding);
}

void BucketizedEncoder::learn(const BatchRows& rows) {
  if (fitted_) return;
  numbers_.read(rows, read_);
  for (const float number : read_) {
    if (std::isfinite(number)) sketch_->add(number);
  }
}

void BucketizedEncoder::finish(FittedColumn& out) {
  if (fitted_) return;
  if (sketch_->count() == 0) {
    throw Error::bad_data(fmt::format("column {} has no number to learn the boundaries of its buckets from", name_));
  }
  std::vector<double> numbers = sketch_->quantiles(quantiles_);
  numbers.erase(std::unique(numbers.begin() + 1, numbers.end() - 1), numbers.end() - 1);
  // A bucket below the least number would be empty.
  numbers.erase(std::remove(numbers.begin() + 1, numbers.end() - 1, numbers.front()), numbers.end() - 1);
  out.numbers = numbers;
  use(numbers);
}

std::int64_t BucketizedEncoder::buckets() const noexcept {
  return static_cast<std::int64_t>(boundaries_.size()) + (missing_ == Missing::kBucket ? 2 : 1);
}

void BucketizedEncoder::describe(EncodedInfo& info) const {
  info.categorical = !piecewise_;
  info.num_buckets = fitted_ ? buckets() * size_ : 0;
  info.width = piecewise_ ? info.num_buckets : 0;
  info.weighted = weights_.has_value();
}

void BucketizedEncoder::make_ids(const BatchRows& rows, EncodedColumn& out) const {
  const auto size = static_cast<std::size_t>(size_);
  const auto last = static_cast<std::int64_t>(boundaries_.size());
  const std::int64_t step = buckets();
  const float* const begin = boundaries_.data();
  const float* const end = begin + boundaries_.size();
  out.offsets.resize(rows.size() + 1);
  out.ids.resize(read_.size());
  out.positions.resize(read_.size());
  out.offsets[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      const float number = read_[i * size + k];
      std::int64_t bucket = std::upper_bound(begin, end, number) - begin;
      if (std::isnan(number)) {
        if (missing_ == Missing::kError)
          rows.fail(i, name_, "is missing; missing = \"error\" says that it must not be");
        bucket = missing_ == Missing::kBucket ? last + 1 : last;
      }
      out.ids[i * size + k] = bucket + static_cast<std::int64_t>(k) * step;
      out.positions[i * size + k] = static_cast<std::int32_t>(k);
    }
    out.offsets[i + 1] = static_cast<std::int64_t>((i + 1) * size);
  }
}

// For each number: 1 for the buckets below its own, the share of the way in it, 0 above; a missing one is in its bucket
// alone, or above all.
void BucketizedEncoder::make_shares(EncodedColumn& out) const {
  const auto width = static_cast<std::size_t>(buckets());
  const std::size_t plain = boundaries_.size() + 1;
  out.dense.assign(read_.size() * width, 0.0F);
  for (std::size_t i = 0; i < read_.size(); ++i) {
    float* const to = out.dense.data() + i * width;
    const float number = read_[i];
    if (std::isnan(number)) {
      if (missing_ == Missing::kBucket) to[plain] = 1;
      if (missing_ == Missing::kLast) std::fill(to, to + plain, 1.0F);
      continue;
    }
    for (std::size_t k = 0; k < plain; ++k) {
      const double from = ends_[k];
      const double length = ends_[k + 1] - from;
      const double share = length > 0 && std::isfinite(length) ? (number - from) / length
                           : number >= ends_[k + 1]            ? 1
                                                               : 0;
      to[k] = static_cast<float>(std::clamp(share, 0.0, 1.0));
    }
  }
}

void BucketizedEncoder::encode(const BatchRows& rows, const std::vector<EncodedColumn>& /*parts*/, EncodedColumn& out) {
  numbers_.read(rows, read_);
  make_ids(rows, out);
  if (piecewise_) make_shares(out);
  if (weights_) weights_->pair(rows, out);
}

}  // namespace kin::internal
