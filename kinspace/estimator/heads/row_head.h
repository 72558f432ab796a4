#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/estimator/head.h"
#include "kinspace/metrics/weighted_mean.h"
#include "kinspace/nn/losses.h"

// What the heads over rows share. A head says what its labels are and what loss and predictions follow; the rest is
// here.

namespace kin {

/// The labels of a batch, checked: numbers [B, K] or a class each, of the rows that count.
struct RowTargets {
  std::int64_t rows = 0;
  std::vector<float> numbers = {};  ///< [B, width]; what masked rows hold is unspecified
  std::int64_t width = 0;
  std::vector<std::int64_t> classes = {};  ///< B, or none
  std::span<const float> weights = {};
  std::span<const std::uint8_t> mask = {};

  bool counts(std::int64_t b) const noexcept { return mask.empty() || mask[static_cast<std::size_t>(b)] != 0; }
  double weight(std::int64_t b) const noexcept {
    return weights.empty() ? 1.0 : double(weights[static_cast<std::size_t>(b)]);
  }
  const float* row(std::int64_t b) const noexcept { return numbers.data() + b * width; }
  ConstMatrixView view() const noexcept { return {numbers.data(), rows, width, width}; }
};

/// Sums of a metric that a head has beside its loss.
class RowMetrics {
 public:
  virtual ~RowMetrics() = default;
  virtual void add(ConstMatrixView logits, const RowTargets& targets) = 0;
  /// Names without that of the head.
  virtual void report(std::vector<NamedValue>& out) const = 0;
};

class RowHead : public Head {
 public:
  RowHead(HeadOptions options, std::string name, LossReduction reduction)
      : options_(std::move(options)), name_(std::move(name)), reduction_(reduction) {}

  void bind(std::span<const EncodedInfo> infos, std::span<const FittedColumn* const> fitted) final;
  Var loss(Tape& tape, Var logits, std::span<const HeadLabels> labels) const final;
  std::unique_ptr<HeadMetrics> metrics(std::span<const std::string> extra) const final;
  std::unique_ptr<HeadPrior> prior() const final;

  /// Labels of one head for B rows. Errors   as Head::loss().
  RowTargets read(std::span<const HeadLabels> labels, ConstMatrixView logits) const;

  virtual LossTargets loss_of(const RowTargets& targets) const = 0;

  /// `metric` with the name of the head behind it.
  std::string key(std::string_view metric) const;

  LossOptions loss_options(const RowTargets& targets) const noexcept {
    return {.weights = targets.weights, .mask = targets.mask, .reduction = reduction_, .row_mean = row_mean()};
  }

 protected:
  virtual void bind_one(const EncodedInfo& info, const FittedColumn* fitted) = 0;
  /// Fills numbers or classes.
  virtual void read_labels(const EncodedColumn& label, RowTargets& targets) const = 0;
  virtual std::unique_ptr<RowMetrics> row_metrics(std::span<const std::string> extra) const = 0;
  virtual bool row_mean() const noexcept { return false; }

  /// "head" or "heads.NAME", for messages about settings.
  std::string path() const;
  const HeadOptions& options() const noexcept { return options_; }

 private:
  void check_weights(const HeadLabels& labels, std::int64_t rows) const;

  HeadOptions options_;
  std::string name_;
  LossReduction reduction_;
};

std::unique_ptr<Head> make_binary_head(const HeadOptions& options, const std::string& name, LossReduction reduction);
std::unique_ptr<Head> make_multi_class_head(const HeadOptions& options, const std::string& name,
                                            LossReduction reduction);
std::unique_ptr<Head> make_multi_label_head(const HeadOptions& options, const std::string& name,
                                            LossReduction reduction);
/// Regression, Poisson and logistic.
std::unique_ptr<Head> make_regression_head(const HeadOptions& options, const std::string& name,
                                           LossReduction reduction);

}  // namespace kin
