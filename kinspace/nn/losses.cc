#include "kinspace/nn/losses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/softmax.h"

namespace kin {

/// Losses of whole rows, and their derivatives by the logits.
class LossRows {
 public:
  LossRows(const LossTargets& targets, ConstMatrixView logits, std::span<const std::uint8_t> mask)
      : targets_(targets), logits_(logits), mask_(mask) {
    if (!mask_.empty()) check_count("bytes of a mask", mask_.size());
    if (targets_.kind_ != LossTargets::Kind::kSoftmax) {
      internal::check_shape("weighted_loss", "the labels", targets_.labels_, logits.rows, logits.cols);
      return;
    }
    check_count("classes", targets_.classes_.size());
    for (std::int64_t b = 0; b < logits.rows; ++b) {
      const std::int64_t c = targets_.classes_[static_cast<std::size_t>(b)];
      if (counts(b) && (c < 0 || c >= logits.cols)) {
        throw Error::internal(fmt::format("weighted_loss: row {} has class {} of {}", b, c, logits.cols));
      }
    }
  }

  bool counts(std::int64_t row) const noexcept { return mask_.empty() || mask_[static_cast<std::size_t>(row)] != 0; }

  /// Sums of rows begin .. end; d[i] is the derivative by element i of these rows.
  void run(std::int64_t begin, std::int64_t end, std::span<double> sums, float* d) const {
    const std::int64_t cols = logits_.cols;
    if (targets_.kind_ == LossTargets::Kind::kSoftmax) {
      for (std::int64_t b = begin; b < end; ++b) {
        sums[static_cast<std::size_t>(b)] = softmax_row(b, d + (b - begin) * cols);
      }
      return;
    }
    const std::int64_t n = (end - begin) * cols;
    std::vector<float> scratch(static_cast<std::size_t>(4 * n));
    float* const z = scratch.data();
    float* const y = z + n;
    for (std::int64_t b = begin; b < end; ++b) {
      std::copy_n(logits_.row(b), cols, z + (b - begin) * cols);
      std::copy_n(targets_.labels_.row(b), cols, y + (b - begin) * cols);
    }
    elements(z, y, n, y + n, d);
    const float* losses = y + n;
    for (std::int64_t b = begin; b < end; ++b) {
      double sum = 0;
      for (std::int64_t k = 0; k < cols; ++k) sum += double(*losses++);
      sums[static_cast<std::size_t>(b)] = counts(b) ? sum : 0.0;
    }
  }

 private:
  void check_count(const char* what, std::size_t count) const {
    if (static_cast<std::int64_t>(count) == logits_.rows) return;
    throw Error::internal(fmt::format("weighted_loss: {} {} for {} rows", count, what, logits_.rows));
  }

  double softmax_row(std::int64_t b, float* d) const noexcept {
    if (!counts(b)) {
      std::fill_n(d, logits_.cols, 0.0F);
      return 0;
    }
    const kernels::Table& k = kernels::active();
    const std::int64_t c = targets_.classes_[static_cast<std::size_t>(b)];
    const float* const z = logits_.row(b);
    std::copy_n(z, logits_.cols, d);
    const float shift = k.max(d, logits_.cols);
    const float sum = k.exp_shift_sum(shift, d, logits_.cols);
    k.scale(1.0F / sum, d, d, logits_.cols);
    d[c] -= 1.0F;
    float log_sum = 0.0F;
    k.log(&sum, &log_sum, 1);
    return double(log_sum) - (double(z[c]) - double(shift));
  }

  /// 2 n floats from `losses` on may be written.
  void elements(const float* z, const float* y, std::int64_t n, float* losses, float* d) const noexcept {
    switch (targets_.kind_) {
      case LossTargets::Kind::kSigmoid:
        return sigmoid(z, y, n, losses, d);
      case LossTargets::Kind::kPoisson:
        return poisson(z, y, n, losses, d);
      case LossTargets::Kind::kAbsolute:
        return absolute(z, y, n, losses, d);
      case LossTargets::Kind::kHuber:
        return huber(z, y, n, losses, d);
      case LossTargets::Kind::kSquared:
      case LossTargets::Kind::kSoftmax:
        break;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const float difference = z[i] - y[i];
      losses[i] = difference * difference;
      d[i] = 2.0F * difference;
    }
  }

  static void absolute(const float* z, const float* y, std::int64_t n, float* losses, float* d) noexcept {
    for (std::int64_t i = 0; i < n; ++i) {
      const float difference = z[i] - y[i];
      losses[i] = std::abs(difference);
      d[i] = difference > 0 ? 1.0F : difference < 0 ? -1.0F : difference;  // what is no number stays so
    }
  }

  void huber(const float* z, const float* y, std::int64_t n, float* losses, float* d) const noexcept {
    const float delta = targets_.delta_;
    for (std::int64_t i = 0; i < n; ++i) {
      const float difference = z[i] - y[i];
      const float size = std::abs(difference);
      losses[i] = size <= delta ? 0.5F * size * size : delta * (size - 0.5F * delta);
      d[i] = std::clamp(difference, -delta, delta);
    }
  }

  static void sigmoid(const float* z, const float* y, std::int64_t n, float* losses, float* d) noexcept {
    const kernels::Table& k = kernels::active();
    float* const small = losses + n;  // exp(-|z|)
    for (std::int64_t i = 0; i < n; ++i) small[i] = -std::abs(z[i]);
    k.exp(small, small, n);
    for (std::int64_t i = 0; i < n; ++i) losses[i] = 1.0F + small[i];
    k.log(losses, losses, n);
    k.activate(kernels::Activation::kSigmoid, z, d, n);
    for (std::int64_t i = 0; i < n; ++i) {
      // log(1 + u) = log(w) u / (w - 1), w being 1 + u rounded: what rounding took from u is given back.
      const float rounded = 1.0F + small[i] - 1.0F;
      const float log1p = rounded > 0 ? losses[i] * (small[i] / rounded) : small[i];
      losses[i] = std::max(z[i], 0.0F) - z[i] * y[i] + log1p;
      d[i] -= y[i];
    }
  }

  void poisson(const float* z, const float* y, std::int64_t n, float* losses, float* d) const noexcept {
    const kernels::Table& k = kernels::active();
    k.exp(z, d, n);
    for (std::int64_t i = 0; i < n; ++i) {
      losses[i] = d[i] - z[i] * y[i];
      d[i] -= y[i];
    }
    if (!targets_.full_) return;
    float* const logs = losses + n;
    k.log(y, logs, n);
    constexpr float kLogTwoPi = 1.83787706640934548F;
    for (std::int64_t i = 0; i < n; ++i) {
      // Stirling's formula for log(y!), which is 0 of 0 and 1.
      if (y[i] > 1) losses[i] += y[i] * logs[i] - y[i] + 0.5F * (kLogTwoPi + logs[i]);
    }
  }

  const LossTargets& targets_;
  ConstMatrixView logits_;
  std::span<const std::uint8_t> mask_;
};

namespace {

constexpr std::int64_t kChunkRows = 64;

/// What the element of row b is multiplied by.
class Factors {
 public:
  Factors(std::int64_t rows, std::int64_t elements, const LossOptions& options) : options_(options) {
    if (!options.weights.empty() && static_cast<std::int64_t>(options.weights.size()) != rows) {
      throw Error::internal(fmt::format("weighted_loss: {} weights for {} rows", options.weights.size(), rows));
    }
    const double each = options.row_mean ? 1.0 : double(elements);
    double total = 0;
    for (std::int64_t b = 0; b < rows; ++b) {
      if (!counts(b)) continue;
      const double w = weight(b);
      total += options.reduction == LossReduction::kWeightedMean  ? w
               : options.reduction == LossReduction::kNonzeroMean ? double(w != 0)
                                                                  : 1.0;
    }
    const double denominator = options.reduction == LossReduction::kSum ? 1.0 : total * each;
    scale_ = denominator == 0 ? 0.0 : 1.0 / denominator;
    if (options.row_mean && elements > 0) scale_ /= double(elements);
  }

  double operator()(std::int64_t row) const noexcept { return counts(row) ? weight(row) * scale_ : 0.0; }

 private:
  bool counts(std::int64_t row) const noexcept {
    return options_.mask.empty() || options_.mask[static_cast<std::size_t>(row)] != 0;
  }

  double weight(std::int64_t row) const noexcept {
    return options_.weights.empty() ? 1.0 : double(options_.weights[static_cast<std::size_t>(row)]);
  }

  const LossOptions& options_;
  double scale_ = 0;
};

double sum_of(std::span<const double> sums, const Factors& factors) {
  double total = 0;
  for (std::size_t b = 0; b < sums.size(); ++b) {
    const double factor = factors(static_cast<std::int64_t>(b));
    // A row that weighs nothing adds nothing, whatever its loss.
    if (factor != 0) total += factor * sums[b];
  }
  return total;
}

}  // namespace

void loss_rows(ConstMatrixView logits, const LossTargets& targets, std::span<const std::uint8_t> mask,
               std::span<double> sums) {
  const LossRows rows(targets, logits, mask);
  std::vector<float> d(static_cast<std::size_t>(std::min(kChunkRows, logits.rows) * logits.cols));
  for (std::int64_t begin = 0; begin < logits.rows; begin += kChunkRows) {
    rows.run(begin, std::min(begin + kChunkRows, logits.rows), sums, d.data());
  }
}

double reduce_losses(std::span<const double> sums, std::int64_t elements, const LossOptions& options) {
  return sum_of(sums, Factors(static_cast<std::int64_t>(sums.size()), elements, options));
}

Var weighted_loss(Tape& tape, Var logits, const LossTargets& targets, const LossOptions& options) {
  const std::int64_t count = logits.rows();
  const LossRows rows(targets, logits.value(), options.mask);
  const Factors factors(count, targets.elements(logits.cols()), options);
  const std::span<double> sums = tape.arena().array<double>(static_cast<std::size_t>(count));
  const MatrixView d = tape.matrix(count, logits.cols());
  const std::int64_t chunk = internal::rows_worth_a_thread(logits.cols());
  parallel_for(tape.pool(), count, chunk, [&](std::int64_t begin, std::int64_t end) {
    rows.run(begin, end, sums, d.row(begin));
    for (std::int64_t b = begin; b < end; ++b) {
      const auto factor = static_cast<float>(factors(b));
      if (factor == 1) continue;
      if (factor != 0) {
        kernels::active().scale(factor, d.row(b), d.row(b), d.cols);
      } else {
        std::fill_n(d.row(b), d.cols, 0.0F);
      }
    }
  });
  const MatrixView loss = tape.matrix(1, 1);
  *loss.data = static_cast<float>(sum_of(sums, factors));
  const Var result = tape.result(loss, logits.tracked());
  tape.record(result, [&tape, logits, d](ConstMatrixView d_loss) {
    if (*d_loss.data != 1.0F) kernels::active().scale(*d_loss.data, d.data, d.data, d.rows * d.cols);
    tape.add_gradient(logits, d);
  });
  return result;
}

}  // namespace kin
