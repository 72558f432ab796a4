#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/estimator/heads/predictions.h"
#include "kinspace/estimator/heads/row_head.h"
#include "kinspace/estimator/heads/threshold_metrics.h"
#include "kinspace/metrics/errors.h"

namespace kin {
namespace {

// auc_exact: the area itself (metrics/auc.h); brier: mean of (p - y)^2; calibration: mean of p over mean of y, 0
// without positives; log_loss: mean of -y log(p) - (1 - y) log(1 - p). All by weight.
constexpr const char* kExtra[] = {"auc_exact", "brier", "calibration", "log_loss"};

class BinaryMetrics final : public RowMetrics {
 public:
  BinaryMetrics(const HeadOptions& options, std::span<const std::string> extra)
      : extra_(extra.begin(), extra.end()),
        exact_wanted_(wanted(extra, "auc_exact")),
        areas_(options.areas),
        at_(options.thresholds) {}

  void add(ConstMatrixView logits, const RowTargets& targets) override {
    const std::vector<float> probabilities = activated(logits, kernels::Activation::kSigmoid);
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      if (!targets.counts(b)) continue;
      const float label = *targets.row(b);
      const float probability = probabilities[static_cast<std::size_t>(b)];
      const double weight = targets.weight(b);
      const bool predicted = *logits.row(b) > 0;
      accuracy_.add(label == (predicted ? 1.0F : 0.0F) ? 1.0 : 0.0, weight);
      decided_.add(label != 0, predicted ? 1.0F : 0.0F, weight);
      predictions_.add(double(probability), weight);
      labels_.add(double(label), weight);
      areas_.add(label != 0, probability, weight);
      at_.add(label, probability, weight);
      brier_.add(squared_difference(double(label), double(probability)), weight);
      if (exact_wanted_) exact_.add(double(label), probability, weight);
    }
  }

  void report(std::vector<NamedValue>& out) const override {
    const BinaryCounts decided = decided_.counts().front();
    const double positive = labels_.value();
    out.push_back({"accuracy", accuracy_.value()});
    out.push_back({"accuracy_baseline", labels_.weight() == 0 ? 0.0 : std::max(positive, 1 - positive)});
    out.push_back({"label/mean", positive});
    out.push_back({"precision", decided.precision()});
    out.push_back({"prediction/mean", predictions_.value()});
    out.push_back({"recall", decided.recall()});
    areas_.report("", out);
    at_.report(out);
    if (wanted(extra_, "auc_exact")) out.push_back({"auc_exact", exact_.value()});
    if (wanted(extra_, "brier")) out.push_back({"brier", brier_.value()});
    if (wanted(extra_, "calibration")) {
      out.push_back({"calibration", positive == 0 ? 0.0 : predictions_.value() / positive});
    }
  }

 private:
  std::vector<std::string> extra_;
  bool exact_wanted_;
  WeightedMean accuracy_, predictions_, labels_, brier_;
  ThresholdCounts decided_{std::vector<double>{0.5}};
  Areas areas_;
  AtThresholds at_;
  ExactAuc exact_;
};

HeadOptions without_classes(HeadOptions options) {
  options.classes = 0;
  return options;
}

/// Two classes and one logit, that of the second. Without names, labels are numbers from 0 to 1, and one between says
/// how likely the second class is. Learned names stand in the order of their frequency: the rarer value is class 1.
class BinaryHead final : public RowHead {
 public:
  BinaryHead(const HeadOptions& options, const std::string& name, LossReduction reduction)
      : RowHead(options, name, reduction), classes_(without_classes(options), path()) {
    if ((options.classes != 0 && options.classes != 2) || (!options.labels.empty() && options.labels.size() != 2)) {
      throw Error::invalid_argument(
          fmt::format("{}: a binary head has two classes, not {}", path(),
                      options.labels.empty() ? options.classes : static_cast<std::int64_t>(options.labels.size())),
          fmt::format("set {}.kind = \"multi_class\"", path()));
    }
  }

  std::vector<FeatureColumn> label_columns() const override {
    if (!options().labels.empty() || options().classes == 2) return {classes_.column(options(), /*list=*/false)};
    return {NumericColumn{.source = label_source(options())}};
  }

  std::int64_t logits() const noexcept override { return 1; }

  LossTargets loss_of(const RowTargets& targets) const override { return LossTargets::sigmoid(targets.view()); }

  std::vector<Prediction> predict(ConstMatrixView logits) const override {
    std::vector<Prediction> out;
    add_logits(logits, out);
    const std::vector<float> second = activated(logits, kernels::Activation::kSigmoid);
    std::vector<float> first = contiguous(logits);
    for (float& z : first) z = -z;
    const auto rows = static_cast<std::int64_t>(first.size());
    kernels::active().activate(kernels::Activation::kSigmoid, first.data(), first.data(), rows);
    std::vector<float> both;
    std::vector<std::int64_t> ids;
    for (std::int64_t b = 0; b < rows; ++b) {
      both.push_back(first[static_cast<std::size_t>(b)]);
      both.push_back(second[static_cast<std::size_t>(b)]);
      ids.push_back(*logits.row(b) > 0 ? 1 : 0);
    }
    out.push_back({"logistic", 1, second});
    out.push_back({"probabilities", 2, std::move(both)});
    add_classes(std::move(ids), classes_, out);
    return out;
  }

  std::vector<std::string> extra_metrics() const override { return {std::begin(kExtra), std::end(kExtra)}; }

 protected:
  void bind_one(const EncodedInfo& info, const FittedColumn* fitted) override {
    numbers_ = !info.categorical;
    if (numbers_) {
      if (info.width != 1) {
        throw Error::invalid_argument(fmt::format("{}: a row has {} labels instead of one", path(), info.width));
      }
      classes_.bind_numbers(2);
      return;
    }
    classes_.bind(info, fitted);
    if (classes_.count() != 2) {
      throw Error::invalid_argument(
          fmt::format("{}: the labels have {} values; a binary head needs two", path(), classes_.count()),
          fmt::format("set {0}.labels to two of them, or {0}.kind = \"multi_class\"", path()));
    }
  }

  void read_labels(const EncodedColumn& label, RowTargets& targets) const override {
    if (numbers_) return read_numbers(label, 1, 0, 1, targets);
    read_classes(label, classes_, targets);
    targets.width = 1;
    targets.numbers.assign(targets.classes.begin(), targets.classes.end());
  }

  std::unique_ptr<RowMetrics> row_metrics(std::span<const std::string> extra) const override {
    return std::make_unique<BinaryMetrics>(options(), extra);
  }

 private:
  LabelClasses classes_;
  bool numbers_ = true;
};

}  // namespace

std::unique_ptr<Head> make_binary_head(const HeadOptions& options, const std::string& name, LossReduction reduction) {
  return std::make_unique<BinaryHead>(options, name, reduction);
}

}  // namespace kin
