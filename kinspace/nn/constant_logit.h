#pragma once

#include <utility>
#include <vector>

#include "kinspace/nn/losses.h"

namespace kin {

/// The logit, the same for all rows, with the smallest loss over labels y by weight w.
///
///   squared_error            the mean m
///   sigmoid_cross_entropy    log(m / (1 - m))
///   poisson_loss             log(m)
///   softmax_cross_entropy    log(m) of the share m of a class: y is 1 where a row has it, else 0
///   absolute_error           the median; amid the two labels in the middle where half of the weight lies on each side
///   huber_loss               a c with sum of w clamp(c - y, -delta, delta) = 0
///
/// Bits     a function of labels and weights in their order. Finite: means of 0 and shares of 0 or 1 count as 1e-6 away
///          from them.
/// Memory   8 bytes a label with absolute_error and huber_loss, else none.
/// Threads  one at a time.
class ConstantLogit {
 public:
  /// Only the kind of `loss` counts, not its labels.
  explicit ConstantLogit(const LossTargets& loss) noexcept : kind_(loss.kind_), delta_(double(loss.delta_)) {}

  /// A finite label, and its weight from 0 on.
  void add(float label, float weight = 1.0F);

  /// 0 when no label weighs anything. Cost   O(n log n) for n labels that are kept.
  double value() const;

 private:
  LossTargets::Kind kind_;
  double delta_;
  double total_ = 0;                             // sum of w y
  double weight_ = 0;                            // sum of w
  std::vector<std::pair<float, float>> labels_;  // and their weights
};

}  // namespace kin
