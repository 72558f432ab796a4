#pragma once

#include <cstdint>
#include <span>

#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

// Losses of logits against labels. z are the logits [B, K], y the labels of an element:
//
//   sigmoid_cross_entropy   max(z, 0) - z y + log(1 + exp(-|z|))        y a number, usually in [0, 1]
//   softmax_cross_entropy   log(sum_k exp(z_k)) - z_c                   c the class of the row; one element a row
//   squared_error           (z - y)^2
//   absolute_error          |z - y|                                     of derivative 0 where z = y
//   huber_loss              (z - y)^2 / 2 where |z - y| <= delta, else delta |z - y| - delta^2 / 2
//   poisson_loss            exp(z) - z y, with `full` also y log(y) - y + log(2 pi y) / 2 where y > 1
//
// Source: tf.nn.sigmoid_cross_entropy_with_logits, tf.nn.sparse_softmax_cross_entropy_with_logits,
// tf.losses.mean_squared_error, tf.losses.absolute_difference, tf.losses.huber_loss, tf.nn.log_poisson_loss; all but
// the absolute error and Huber's checked against golden/training/heads.json. Huber, "Robust estimation of a location
// parameter", 1964.

namespace kin {

/// How the losses l of the elements and their weights w become one number:
///
///   kMean          sum of w l / number of elements     TensorFlow's sum_over_batch_size: weights do not count
///   kSum           sum of w l
///   kWeightedMean  sum of w l / sum of w               V1's MEAN
///   kNonzeroMean   sum of w l / number of w not 0      V1's SUM_BY_NONZERO_WEIGHTS
///
/// A denominator of 0 makes the loss 0.
enum class LossReduction : std::uint8_t { kMean = 0, kSum = 1, kWeightedMean = 2, kNonzeroMean = 3 };

struct LossOptions {
  std::span<const float> weights = {};      ///< B, one for all elements of a row; none: all 1
  std::span<const std::uint8_t> mask = {};  ///< B, rows with 0 are no elements; none: all rows count
  LossReduction reduction = LossReduction::kMean;
  bool row_mean = false;  ///< the mean of a row's losses is one element, as TensorFlow has it of several labels
};

/// The labels of a batch for one of the losses above. Borrows what it is made of.
class LossTargets {
 public:
  /// Labels [B, K].
  static LossTargets sigmoid(ConstMatrixView labels) { return {Kind::kSigmoid, labels}; }
  static LossTargets squared(ConstMatrixView labels) { return {Kind::kSquared, labels}; }
  static LossTargets absolute(ConstMatrixView labels) { return {Kind::kAbsolute, labels}; }
  /// `delta`   above 0, in the unit of the labels.
  static LossTargets huber(ConstMatrixView labels, float delta) { return {Kind::kHuber, labels, {}, false, delta}; }
  static LossTargets poisson(ConstMatrixView labels, bool full) { return {Kind::kPoisson, labels, {}, full}; }
  /// Classes [B]; those of masked rows may be anything.
  static LossTargets softmax(std::span<const std::int64_t> classes) { return {Kind::kSoftmax, {}, classes}; }

  /// Elements of a row of K logits.
  std::int64_t elements(std::int64_t cols) const noexcept { return kind_ == Kind::kSoftmax ? 1 : cols; }

 private:
  friend class ConstantLogit;
  friend class LossRows;
  enum class Kind : std::uint8_t { kSigmoid, kSoftmax, kSquared, kAbsolute, kHuber, kPoisson };
  LossTargets(Kind kind, ConstMatrixView labels, std::span<const std::int64_t> classes = {}, bool full = false,
              float delta = 1.0F)
      : kind_(kind), labels_(labels), classes_(classes), full_(full), delta_(delta) {}

  Kind kind_;
  ConstMatrixView labels_;
  std::span<const std::int64_t> classes_;
  bool full_;
  float delta_;
};

/// The reduced loss, [1, 1].
///
/// Shapes   logits [B, K] and targets of B rows.
/// Gradient to the logits, computed on the way forward; labels and weights need not outlive the call.
/// Empty    0 without rows.
/// Numbers  losses are float32 elements summed in double, rows in order. Infinite logits give infinity or NaN, as in
///          TensorFlow; a NaN stays one.
/// Errors   kInternal when shapes do not fit or the class of a row is none of the K.
/// Cost     O(B K), an exp and a log for each element.
Var weighted_loss(Tape& tape, Var logits, const LossTargets& targets, const LossOptions& options);

/// Without a tape: sums[b] is the sum over the elements of row b, 0 where it is masked. Errors as weighted_loss().
void loss_rows(ConstMatrixView logits, const LossTargets& targets, std::span<const std::uint8_t> mask,
               std::span<double> sums);

/// What weighted_loss() makes of such sums; `elements` of targets.elements(K).
double reduce_losses(std::span<const double> sums, std::int64_t elements, const LossOptions& options);

// By name.

inline Var sigmoid_cross_entropy(Tape& tape, Var logits, ConstMatrixView labels, const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::sigmoid(labels), options);
}
inline Var softmax_cross_entropy(Tape& tape, Var logits, std::span<const std::int64_t> classes,
                                 const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::softmax(classes), options);
}
inline Var squared_error(Tape& tape, Var logits, ConstMatrixView labels, const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::squared(labels), options);
}
inline Var absolute_error(Tape& tape, Var logits, ConstMatrixView labels, const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::absolute(labels), options);
}
inline Var huber_loss(Tape& tape, Var logits, ConstMatrixView labels, float delta, const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::huber(labels, delta), options);
}
inline Var poisson_loss(Tape& tape, Var logits, ConstMatrixView labels, bool full, const LossOptions& options = {}) {
  return weighted_loss(tape, logits, LossTargets::poisson(labels, full), options);
}

}  // namespace kin
