#include <fmt/format.h>

#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/estimator/heads/predictions.h"
#include "kinspace/estimator/heads/row_head.h"
#include "kinspace/metrics/class_counts.h"

namespace kin {
namespace {

class MultiClassMetrics final : public RowMetrics {
 public:
  explicit MultiClassMetrics(std::span<const std::string> extra) {
    for (const std::string& name : extra) {
      if (const auto k = cutoff(name)) top_.push_back({name, *k, {}});
    }
  }

  void add(ConstMatrixView logits, const RowTargets& targets) override {
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      if (!targets.counts(b)) continue;
      const std::span<const float> scores(logits.row(b), static_cast<std::size_t>(logits.cols));
      const std::int64_t label = targets.classes[static_cast<std::size_t>(b)];
      accuracy_.add(best_class(scores) == label ? 1.0 : 0.0, targets.weight(b));
      for (TopK& top : top_) top.right.add(in_top_k(scores, label, top.k) ? 1.0 : 0.0, targets.weight(b));
    }
  }

  void report(std::vector<NamedValue>& out) const override {
    out.push_back({"accuracy", accuracy_.value()});
    for (const TopK& top : top_) out.push_back({top.name, top.right.value()});
  }

 private:
  struct TopK {
    std::string name;
    std::int64_t k;
    WeightedMean right;
  };
  std::vector<TopK> top_;
  WeightedMean accuracy_;
};

/// One of three classes or more, a logit for each.
class MultiClassHead final : public RowHead {
 public:
  MultiClassHead(const HeadOptions& options, const std::string& name, LossReduction reduction)
      : RowHead(options, name, reduction), classes_(options, path()) {
    if (!classes_.learned()) check_count();
  }

  std::vector<FeatureColumn> label_columns() const override { return {classes_.column(options(), /*list=*/false)}; }
  std::int64_t logits() const noexcept override { return classes_.count(); }
  LossTargets loss_of(const RowTargets& targets) const override { return LossTargets::softmax(targets.classes); }

  std::vector<Prediction> predict(ConstMatrixView logits) const override {
    std::vector<Prediction> out;
    add_logits(logits, out);
    const kernels::Table& k = kernels::active();
    std::vector<float> probabilities = contiguous(logits);
    std::vector<std::int64_t> ids;
    for (std::int64_t b = 0; b < logits.rows; ++b) {
      float* const p = probabilities.data() + b * logits.cols;
      ids.push_back(best_class({p, static_cast<std::size_t>(logits.cols)}));
      const float sum = k.exp_shift_sum(k.max(p, logits.cols), p, logits.cols);
      k.scale(1.0F / sum, p, p, logits.cols);
    }
    out.push_back({"probabilities", logits.cols, std::move(probabilities)});
    add_classes(std::move(ids), classes_, out);
    return out;
  }

  std::vector<std::string> extra_metrics() const override { return {"log_loss", "top_k@K"}; }

 protected:
  void bind_one(const EncodedInfo& info, const FittedColumn* fitted) override {
    classes_.bind(info, fitted);
    check_count();
  }

  void read_labels(const EncodedColumn& label, RowTargets& targets) const override {
    read_classes(label, classes_, targets);
  }

  std::unique_ptr<RowMetrics> row_metrics(std::span<const std::string> extra) const override {
    return std::make_unique<MultiClassMetrics>(extra);
  }

 private:
  void check_count() const {
    if (classes_.count() > 2) return;
    throw Error::invalid_argument(
        fmt::format("{}: a multi_class head needs 3 classes or more, not {}", path(), classes_.count()),
        fmt::format("set {}.kind = \"binary\"", path()));
  }

  LabelClasses classes_;
};

}  // namespace

std::unique_ptr<Head> make_multi_class_head(const HeadOptions& options, const std::string& name,
                                            LossReduction reduction) {
  return std::make_unique<MultiClassHead>(options, name, reduction);
}

}  // namespace kin
