#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/estimator/heads/predictions.h"
#include "kinspace/estimator/heads/row_head.h"
#include "kinspace/metrics/errors.h"

namespace kin {
namespace {

enum class Link { kIdentity, kExp, kSigmoid };

/// What a transformed label stands for, place by place of a row.
struct Inverse {
  enum class Kind { kNone, kExpm1, kAffine };
  Kind kind = Kind::kNone;
  std::vector<double> mean = {}, deviation = {};

  double operator()(float value, std::size_t place) const noexcept {
    const auto x = double(value);
    const double y = kind == Kind::kExpm1    ? std::expm1(x)
                     : kind == Kind::kAffine ? x * deviation[place] + mean[place]
                                             : x;
    constexpr double kLargest = std::numeric_limits<float>::max();
    return kind == Kind::kNone || std::isnan(y) ? y : std::clamp(y, -kLargest, kLargest);
  }
};

/// 1 - sum of w (y - p)^2 / sum of w (y - mean of its place)^2; 0 where labels do not vary.
class Determination {
 public:
  explicit Determination(std::int64_t width) : places_(static_cast<std::size_t>(width)) {}

  void add(std::size_t place, double label, double prediction, double weight) noexcept {
    if (weight == 0) return;
    // West's update, which does not cancel where sums of squares do.
    Place& p = places_[place];
    p.weight += weight;
    const double before = label - p.mean;
    p.mean += before * weight / p.weight;
    p.squares += weight * before * (label - p.mean);
    errors_ += weight * squared_difference(label, prediction);
  }

  double value() const noexcept {
    double squares = 0;
    for (const Place& p : places_) squares += p.squares;
    return squares > 0 ? 1 - errors_ / squares : 0.0;
  }

 private:
  struct Place {
    double weight = 0;
    double mean = 0;
    double squares = 0;
  };
  std::vector<Place> places_;
  double errors_ = 0;
};

std::vector<float> linked(ConstMatrixView logits, Link link) {
  if (link == Link::kSigmoid) return activated(logits, kernels::Activation::kSigmoid);
  std::vector<float> out = contiguous(logits);
  if (link == Link::kExp) kernels::active().exp(out.data(), out.data(), static_cast<std::int64_t>(out.size()));
  return out;
}

class RegressionMetrics final : public RowMetrics {
 public:
  RegressionMetrics(Link link, const Inverse& inverse, std::int64_t width, std::span<const std::string> extra)
      : link_(link), inverse_(inverse), extra_(extra.begin(), extra.end()), determination_(width) {}

  void add(ConstMatrixView logits, const RowTargets& targets) override {
    const std::vector<float> predictions = linked(logits, link_);
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      if (!targets.counts(b)) continue;
      const double weight = targets.weight(b);
      for (std::int64_t k = 0; k < logits.cols; ++k) {
        const auto place = static_cast<std::size_t>(k);
        const double label = inverse_(targets.row(b)[k], place);
        const double prediction = inverse_(predictions[static_cast<std::size_t>(b * logits.cols + k)], place);
        labels_.add(label, weight);
        predictions_.add(prediction, weight);
        squares_.add(squared_difference(label, prediction), weight);
        differences_.add(absolute_difference(label, prediction), weight);
        determination_.add(place, label, prediction, weight);
      }
    }
  }

  void report(std::vector<NamedValue>& out) const override {
    out.push_back({"label/mean", labels_.value()});
    out.push_back({"prediction/mean", predictions_.value()});
    for (const std::string& name : extra_) {
      out.push_back({name, name == "rmse"  ? std::sqrt(squares_.value())
                           : name == "mae" ? differences_.value()
                                           : determination_.value()});
    }
  }

 private:
  Link link_;
  const Inverse& inverse_;
  std::vector<std::string> extra_;
  WeightedMean labels_, predictions_, squares_, differences_;
  Determination determination_;
};

/// Numbers: the error of logits and labels, squared, absolute or Huber's; Poisson's loss; or the cross entropy of
/// labels from 0 to 1.
///
/// As in TensorFlow, the error is that of the logits, whatever the link makes of them. With a transform it is that of
/// the transformed labels, and so is huber_delta; predictions and all metrics but the losses are in the labels' own
/// unit. Further metrics are rmse, mae and r2, over all numbers of the labels and by weight.
class RegressionHead final : public RowHead {
 public:
  RegressionHead(const HeadOptions& options, const std::string& name, LossReduction reduction)
      : RowHead(options, name, reduction),
        link_(options.kind == "poisson" || options.link == "exp" ? Link::kExp
              : options.kind == "logistic"                       ? Link::kSigmoid
                                                                 : Link::kIdentity) {
    if (options.dimension < 1) {
      throw Error::invalid_argument(
          fmt::format("{}.dimension is {}; a label has 1 number or more", path(), options.dimension));
    }
    if (options.transform == "log1p") inverse_.kind = Inverse::Kind::kExpm1;
    if (options.transform == "zscore") inverse_.kind = Inverse::Kind::kAffine;
  }

  std::vector<FeatureColumn> label_columns() const override {
    return {NumericColumn{.source = label_source(options()),
                          .split = options().split,
                          .size = options().dimension,
                          .scale = options().transform}};
  }

  std::int64_t logits() const noexcept override { return options().dimension; }

  LossTargets loss_of(const RowTargets& targets) const override {
    if (options().kind == "poisson") return LossTargets::poisson(targets.view(), options().full_loss);
    if (options().kind == "logistic") return LossTargets::sigmoid(targets.view());
    if (options().loss == "absolute") return LossTargets::absolute(targets.view());
    if (options().loss == "huber") return LossTargets::huber(targets.view(), options().huber_delta);
    return LossTargets::squared(targets.view());
  }

  std::vector<Prediction> predict(ConstMatrixView logits) const override {
    std::vector<Prediction> out;
    if (link_ != Link::kIdentity || inverse_.kind != Inverse::Kind::kNone) add_logits(logits, out);
    std::vector<float> predictions = linked(logits, link_);
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const std::size_t place = i % static_cast<std::size_t>(logits.cols);
      predictions[i] = static_cast<float>(inverse_(predictions[i], place));
    }
    out.push_back({"predictions", logits.cols, std::move(predictions)});
    return out;
  }

  std::vector<std::string> extra_metrics() const override { return {"mae", "r2", "rmse"}; }

 protected:
  void bind_one(const EncodedInfo& info, const FittedColumn* fitted) override {
    if (info.categorical || info.width != options().dimension) {
      throw Error::invalid_argument(
          fmt::format("{}: labels have to be numbers, {} a row", path(), options().dimension));
    }
    if (inverse_.kind != Inverse::Kind::kAffine) return;
    // A NumericColumn keeps mean and deviation of each place.
    const auto width = static_cast<std::size_t>(options().dimension);
    if (fitted == nullptr || fitted->numbers.size() != 2 * width) {
      throw Error::corruption(fmt::format("{}: mean and deviation of the labels are not there", path()));
    }
    inverse_.mean.clear();
    inverse_.deviation.clear();
    for (std::size_t place = 0; place < width; ++place) {
      const double deviation = fitted->numbers[2 * place + 1];
      inverse_.mean.push_back(fitted->numbers[2 * place]);
      inverse_.deviation.push_back(std::abs(deviation) > 0 && std::isfinite(deviation) ? deviation : 1.0);
    }
  }

  void read_labels(const EncodedColumn& label, RowTargets& targets) const override {
    constexpr double kLargest = std::numeric_limits<float>::max();
    const bool logistic = options().kind == "logistic";
    const double low = logistic || options().kind == "poisson" ? 0 : -kLargest;
    read_numbers(label, options().dimension, low, logistic ? 1 : kLargest, targets);
  }

  std::unique_ptr<RowMetrics> row_metrics(std::span<const std::string> extra) const override {
    return std::make_unique<RegressionMetrics>(link_, inverse_, options().dimension, extra);
  }

 private:
  Link link_;
  Inverse inverse_;
};

}  // namespace

std::unique_ptr<Head> make_regression_head(const HeadOptions& options, const std::string& name,
                                           LossReduction reduction) {
  return std::make_unique<RegressionHead>(options, name, reduction);
}

}  // namespace kin
