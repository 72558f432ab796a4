#include "kinspace/features/internal/numeric_encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"

namespace kin::internal {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Scale scale_of(const std::string& word) {
  return word == "zscore"     ? Scale::kZScore
         : word == "minmax"   ? Scale::kMinMax
         : word == "log1p"    ? Scale::kLog1p
         : word == "quantile" ? Scale::kQuantile
                              : Scale::kNone;
}

}  // namespace

NumericEncoder::NumericEncoder(std::string name, const NumericColumn& column, NumberReader numbers,
                               const FittedColumn* fitted)
    : name_(std::move(name)),
      numbers_(std::move(numbers)),
      size_(static_cast<std::size_t>(column.size)),
      missing_(column.missing == "constant" ? Missing::kConstant
               : column.missing == "mean"   ? Missing::kMean
               : column.missing == "nan"    ? Missing::kNan
                                            : Missing::kError),
      fill_(column.fill),
      clip_(column.clip),
      scale_(scale_of(column.scale)),
      sequence_(column.sequence) {
  const std::string key = fmt::format("columns.{}", toml_key(name_));
  if (!clip_.empty() && (clip_.size() != 2 || !(clip_[0] <= clip_[1]))) {
    throw Error::invalid_argument(fmt::format("{}.clip needs two numbers: the lowest and the highest value", key));
  }
  if (!std::isfinite(fill_)) throw Error::invalid_argument(fmt::format("{}.fill is {}", key, fill_));
  normalizers_.assign(size_, Normalizer(scale_));
  fitted_ = missing_ != Missing::kMean && (scale_ == Scale::kNone || scale_ == Scale::kLog1p);
  if (!fitted_ && fitted != nullptr) use(fitted->numbers);
}

void NumericEncoder::use(const std::vector<double>& learned) {
  const std::size_t each = Normalizer::learned_size(scale_);
  if (learned.size() != each * size_) {
    throw Error::corruption(
        fmt::format("column {} keeps {} learned numbers, not {}", quoted(name_), learned.size(), each * size_));
  }
  for (std::size_t place = 0; place < size_; ++place) {
    normalizers_[place].use(std::span(learned).subspan(place * each, each));
  }
  fitted_ = true;
}

double NumericEncoder::clipped(double number) const noexcept {
  return clip_.empty() || std::isnan(number) ? number : std::clamp(number, clip_[0], clip_[1]);
}

void NumericEncoder::learn(const BatchRows& rows) {
  if (fitted_) return;
  if (sequence_) {
    numbers_.read_sequence(rows, kNan, read_, offsets_);
  } else {
    numbers_.read(rows, read_);
  }
  for (std::size_t i = 0; i < read_.size(); ++i) {
    const double number = clipped(read_[i]);
    if (std::isfinite(number)) normalizers_[i % size_].add(number);
  }
}

void NumericEncoder::finish(FittedColumn& out) {
  if (fitted_) return;
  std::vector<double> learned;
  for (const Normalizer& normalizer : normalizers_) {
    if (normalizer.count() == 0) {
      throw Error::bad_data(fmt::format("column {} has no number in the training rows to learn its {} from",
                                        quoted(name_), missing_ == Missing::kMean ? "mean" : "scale"));
    }
    const std::vector<double> one = normalizer.learned();
    learned.insert(learned.end(), one.begin(), one.end());
  }
  out.numbers = learned;
  use(learned);
}

float NumericEncoder::encoded(const BatchRows& rows, std::size_t row, std::size_t place, double number) const {
  number = clipped(number);
  if (!std::isfinite(number) && missing_ != Missing::kNan) {
    if (missing_ == Missing::kError) {
      rows.fail(row, name_,
                std::isnan(number) ? "is missing" : fmt::format("holds {}, which is no finite number", number),
                fmt::format("set columns.{}.missing = \"mean\" or \"constant\"", toml_key(name_)));
    }
    if (sequence_ && missing_ == Missing::kConstant) return static_cast<float>(fill_);
    number = missing_ == Missing::kMean ? normalizers_[place].mean() : fill_;
  }
  if (scale_ == Scale::kLog1p) {
    if (number <= -1 && missing_ != Missing::kNan) {
      rows.fail(row, name_, fmt::format("holds {}; scale = \"log1p\" needs numbers above -1", number),
                fmt::format("set columns.{}.clip, or another scale", toml_key(name_)));
    }
    number = std::log1p(number);
  } else {
    number = normalizers_[place].scaled(number);
  }
  if (missing_ == Missing::kNan) return static_cast<float>(number);
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::isnan(number) ? 0.0 : std::clamp(number, -kLargest, kLargest));
}

// Integers go to float32 at once, as in TensorFlow, not by way of a double.
void NumericEncoder::encode_plain(const BatchRows& rows, EncodedColumn& out) {
  numbers_.read(rows, out.dense);
  if (missing_ == Missing::kNan) return;
  bool finite = true;
  for (const float number : out.dense) finite &= std::abs(number) <= std::numeric_limits<float>::max();
  if (finite) return;
  numbers_.read(rows, read_);
  for (std::size_t i = 0; i < read_.size(); ++i) {
    if (!std::isfinite(out.dense[i])) out.dense[i] = encoded(rows, i / size_, i % size_, read_[i]);
  }
}

void NumericEncoder::encode(const BatchRows& rows, const std::vector<EncodedColumn>& /*parts*/, EncodedColumn& out) {
  if (!sequence_ && scale_ == Scale::kNone && clip_.empty()) return encode_plain(rows, out);
  if (!sequence_) {
    numbers_.read(rows, read_);
    out.dense.resize(read_.size());
    for (std::size_t i = 0; i < read_.size(); ++i) out.dense[i] = encoded(rows, i / size_, i % size_, read_[i]);
    return;
  }
  numbers_.read_sequence(rows, kNan, read_, out.offsets);
  out.dense.resize(read_.size());
  out.lengths.resize(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto begin = static_cast<std::size_t>(out.offsets[row]) * size_;
    const auto end = static_cast<std::size_t>(out.offsets[row + 1]) * size_;
    for (std::size_t i = begin; i < end; ++i) out.dense[i] = encoded(rows, row, i % size_, read_[i]);
    out.lengths[row] = out.offsets[row + 1] - out.offsets[row];
  }
}

void NumericEncoder::describe(EncodedInfo& info) const {
  info.categorical = false;
  info.width = static_cast<std::int64_t>(size_);
  info.sequence = sequence_;
}

}  // namespace kin::internal
