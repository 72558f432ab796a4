#include "kinspace/estimator/heads/row_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/nn/constant_logit.h"

namespace kin {
namespace {

/// The loss of a head over batches, and what else it measures.
class LossMetrics final : public HeadMetrics {
 public:
  LossMetrics(const RowHead& head, std::unique_ptr<RowMetrics> more, bool log_loss)
      : head_(head), more_(std::move(more)), log_loss_(log_loss) {}

  void add(ConstMatrixView logits, std::span<const HeadLabels> labels) override {
    const RowTargets targets = head_.read(labels, logits);
    const LossTargets losses = head_.loss_of(targets);
    sums_.resize(static_cast<std::size_t>(targets.rows));
    loss_rows(logits, losses, targets.mask, sums_);
    const std::int64_t elements = losses.elements(logits.cols);
    loss_.add(reduce_losses(sums_, elements, head_.loss_options(targets)));
    for (std::int64_t b = 0; b < targets.rows; ++b) {
      if (!targets.counts(b)) continue;
      average_.add(sums_[static_cast<std::size_t>(b)] / double(elements), targets.weight(b));
    }
    more_->add(logits, targets);
  }

  std::vector<NamedValue> result() const override {
    std::vector<NamedValue> out = {{"average_loss", average_.value()}};
    // The loss of heads over classes is the negative logarithm of a probability.
    if (log_loss_) out.push_back({"log_loss", average_.value()});
    more_->report(out);
    for (NamedValue& value : out) value.name = head_.key(value.name);
    out.push_back({"loss", loss_.value()});
    std::sort(out.begin(), out.end(), [](const NamedValue& a, const NamedValue& b) { return a.name < b.name; });
    return out;
  }

 private:
  const RowHead& head_;
  std::unique_ptr<RowMetrics> more_;
  bool log_loss_;
  WeightedMean loss_, average_;
  std::vector<double> sums_;
};

/// The labels of every logit, or whether a row has its class.
class RowPrior final : public HeadPrior {
 public:
  explicit RowPrior(const RowHead& head)
      : head_(head), fits_(static_cast<std::size_t>(head.logits()), ConstantLogit(head.loss_of(RowTargets{}))) {}

  void add(std::int64_t rows, std::span<const HeadLabels> labels) override {
    const std::int64_t width = head_.logits();
    const RowTargets targets = head_.read(labels, ConstMatrixView(nullptr, rows, width, width));
    for (std::int64_t b = 0; b < rows; ++b) {
      if (!targets.counts(b)) continue;
      for (std::int64_t k = 0; k < width; ++k) {
        const float label = targets.width > 0                                   ? targets.row(b)[k]
                            : targets.classes[static_cast<std::size_t>(b)] == k ? 1.0F
                                                                                : 0.0F;
        fits_[static_cast<std::size_t>(k)].add(label, static_cast<float>(targets.weight(b)));
      }
    }
  }

  std::vector<float> logits() const override {
    std::vector<float> out;
    for (const ConstantLogit& fit : fits_) out.push_back(static_cast<float>(fit.value()));
    return out;
  }

 private:
  const RowHead& head_;
  std::vector<ConstantLogit> fits_;
};

}  // namespace

std::string RowHead::key(std::string_view metric) const {
  return name_.empty() ? std::string(metric) : fmt::format("{}/{}", metric, name_);
}

std::string RowHead::path() const {
  return name_.empty() ? "head" : "heads." + name_;
}

void RowHead::bind(std::span<const EncodedInfo> infos, std::span<const FittedColumn* const> fitted) {
  if (infos.size() != 1 || fitted.size() != 1) {
    throw Error::internal(fmt::format("a head has one label column, not {} and {}", infos.size(), fitted.size()));
  }
  if (infos[0].sequence || infos[0].weighted) {
    throw Error::invalid_argument(fmt::format("{}: labels are no sequences and have no weights of their own", path()));
  }
  bind_one(infos[0], fitted[0]);
}

void RowHead::check_weights(const HeadLabels& labels, std::int64_t rows) const {
  if (labels.weights.empty()) {
    if (options_.weight.empty() || rows == 0) return;
    throw Error::invalid_argument(
        fmt::format("{}.weight is {}, and the rows have no weights", path(), quoted(options_.weight)),
        fmt::format("add the column to the data, or leave out {}.weight", path()));
  }
  if (static_cast<std::int64_t>(labels.weights.size()) != rows) {
    throw Error::bad_data(fmt::format("{}: {} weights for {} rows", path(), labels.weights.size(), rows));
  }
  for (std::int64_t b = 0; b < rows; ++b) {
    const float w = labels.weights[static_cast<std::size_t>(b)];
    if ((labels.mask.empty() || labels.mask[static_cast<std::size_t>(b)] != 0) && !(w >= 0 && std::isfinite(w))) {
      throw Error::bad_data(fmt::format("row {}: the weight is {}; it has to be a number from 0 on", b,
                                        std::isnan(w) ? "missing" : fmt::to_string(w)));
    }
  }
}

RowTargets RowHead::read(std::span<const HeadLabels> labels, ConstMatrixView logits) const {
  if (labels.size() != 1 || labels[0].label == nullptr) {
    throw Error::internal(fmt::format("{}: labels of {} heads instead of one", path(), labels.size()));
  }
  if (logits.cols != this->logits()) {
    throw Error::internal(
        fmt::format("{}: {} logits a row, and there have to be {}", path(), logits.cols, this->logits()));
  }
  if (!labels[0].mask.empty() && static_cast<std::int64_t>(labels[0].mask.size()) != logits.rows) {
    throw Error::internal(fmt::format("{}: a mask of {} for {} rows", path(), labels[0].mask.size(), logits.rows));
  }
  check_weights(labels[0], logits.rows);
  RowTargets targets{.rows = logits.rows, .weights = labels[0].weights, .mask = labels[0].mask};
  read_labels(*labels[0].label, targets);
  return targets;
}

Var RowHead::loss(Tape& tape, Var logits, std::span<const HeadLabels> labels) const {
  const RowTargets targets = read(labels, logits.value());
  return weighted_loss(tape, logits, loss_of(targets), loss_options(targets));
}

std::unique_ptr<HeadPrior> RowHead::prior() const {
  return std::make_unique<RowPrior>(*this);
}

std::unique_ptr<HeadMetrics> RowHead::metrics(std::span<const std::string> extra) const {
  const std::vector<std::string> known = extra_metrics();
  for (const std::string& name : extra) {
    if (takes_metric(known, name)) continue;
    throw Error::invalid_argument(
        known.empty()
            ? fmt::format("{} has no metrics beside those that are always there; {} is none", path(), quoted(name))
            : fmt::format("{} has no metric {}{}; there are {}", path(), quoted(name), did_you_mean(name, known),
                          fmt::join(known, ", ")));
  }
  return std::make_unique<LossMetrics>(*this, row_metrics(extra), wanted(extra, "log_loss"));
}

}  // namespace kin
