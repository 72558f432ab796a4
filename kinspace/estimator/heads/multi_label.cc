#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/estimator/heads/predictions.h"
#include "kinspace/estimator/heads/row_head.h"
#include "kinspace/estimator/heads/threshold_metrics.h"

namespace kin {
namespace {

/// A class with metrics of its own.
struct ClassMetrics {
  std::int64_t id = 0;
  std::string suffix;  ///< "/class3" or "/drama"
  Areas areas;
  WeightedMean probability = {};
};

class MultiLabelMetrics final : public RowMetrics {
 public:
  MultiLabelMetrics(const HeadOptions& options, std::vector<ClassMetrics> classes)
      : areas_(options.areas), at_(options.thresholds), classes_(std::move(classes)) {}

  void add(ConstMatrixView logits, const RowTargets& targets) override {
    const std::vector<float> probabilities = activated(logits, kernels::Activation::kSigmoid);
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      if (!targets.counts(b)) continue;
      const float* const p = probabilities.data() + b * logits.cols;
      const float* const label = targets.row(b);
      const double weight = targets.weight(b);
      for (std::int64_t c = 0; c < logits.cols; ++c) {
        areas_.add(label[c] != 0, p[c], weight);
        at_.add(label[c], p[c], weight);
      }
      for (ClassMetrics& one : classes_) {
        one.areas.add(label[one.id] != 0, p[one.id], weight);
        one.probability.add(double(p[one.id]), weight);
      }
    }
  }

  void report(std::vector<NamedValue>& out) const override {
    areas_.report("", out);
    at_.report(out);
    for (const ClassMetrics& one : classes_) {
      one.areas.report(one.suffix, out);
      out.push_back({"probability_mean" + one.suffix, one.probability.value()});
    }
  }

 private:
  Areas areas_;
  AtThresholds at_;
  std::vector<ClassMetrics> classes_;
};

HeadOptions with_width(HeadOptions options) {
  if (options.dimension > 1 && options.classes == 0 && options.labels.empty()) options.classes = options.dimension;
  return options;
}

/// Any number of classes at once, a logit for each. Labels are lists of classes, or, with a dimension above 1, as many
/// numbers 0 and 1.
class MultiLabelHead final : public RowHead {
 public:
  MultiLabelHead(const HeadOptions& options, const std::string& name, LossReduction reduction)
      : RowHead(options, name, reduction), classes_(with_width(options), path()) {
    if (dense() && classes_.count() != options.dimension) {
      throw Error::invalid_argument(
          fmt::format("{}.dimension is {}, and there are {} classes; a label has a number for each", path(),
                      options.dimension, classes_.count()));
    }
    if (!classes_.learned()) check_classes();
  }

  std::vector<FeatureColumn> label_columns() const override {
    if (!dense()) return {classes_.column(options(), /*list=*/true)};
    return {NumericColumn{.source = label_source(options()), .split = options().split, .size = options().dimension}};
  }

  std::int64_t logits() const noexcept override { return classes_.count(); }
  LossTargets loss_of(const RowTargets& targets) const override { return LossTargets::sigmoid(targets.view()); }

  std::vector<Prediction> predict(ConstMatrixView logits) const override {
    std::vector<Prediction> out;
    add_logits(logits, out);
    out.push_back({"probabilities", logits.cols, activated(logits, kernels::Activation::kSigmoid)});
    out.push_back({"classes", logits.cols, all_classes(logits.rows, classes_)});
    return out;
  }

  std::vector<std::string> extra_metrics() const override { return {"log_loss"}; }

 protected:
  bool row_mean() const noexcept override { return true; }

  void bind_one(const EncodedInfo& info, const FittedColumn* fitted) override {
    if (dense()) {
      if (info.categorical || info.width != classes_.count()) {
        throw Error::invalid_argument(
            fmt::format("{}: labels have to be {} numbers 0 or 1 a row", path(), classes_.count()));
      }
      return;
    }
    classes_.bind(info, fitted);
    check_classes();
  }

  void read_labels(const EncodedColumn& label, RowTargets& targets) const override {
    if (!dense()) return read_indicator(label, classes_, targets);
    read_numbers(label, classes_.count(), 0, 1, targets);
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      for (std::int64_t c = 0; targets.counts(b) && c < targets.width; ++c) {
        const float y = targets.row(b)[c];
        if (y != 0 && y != 1) throw Error::bad_data(fmt::format("row {}: the label {} is neither 0 nor 1", b, y));
      }
    }
  }

  std::unique_ptr<RowMetrics> row_metrics(std::span<const std::string> /*extra*/) const override {
    std::vector<ClassMetrics> classes;
    for (const std::string& name : options().class_metrics) {
      const std::int64_t c = classes_.find(name).value_or(0);
      classes.push_back({c, classes_.named() ? "/" + name : fmt::format("/class{}", c), Areas(options().areas)});
    }
    return std::make_unique<MultiLabelMetrics>(options(), std::move(classes));
  }

 private:
  bool dense() const noexcept { return options().dimension > 1; }

  void check_classes() const {
    if (classes_.count() < 2) {
      throw Error::invalid_argument(
          fmt::format("{}: a multi_label head needs 2 classes or more, not {}", path(), classes_.count()),
          fmt::format("set {}.kind = \"binary\"", path()));
    }
    for (const std::string& name : options().class_metrics) {
      if (classes_.find(name)) continue;
      throw Error::invalid_argument(
          fmt::format("{}.class_metrics: {} is no class; there are {}", path(), quoted(name), classes_.list()));
    }
  }

  LabelClasses classes_;
};

}  // namespace

std::unique_ptr<Head> make_multi_label_head(const HeadOptions& options, const std::string& name,
                                            LossReduction reduction) {
  return std::make_unique<MultiLabelHead>(options, name, reduction);
}

}  // namespace kin
