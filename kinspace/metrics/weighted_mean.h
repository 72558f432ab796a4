#pragma once

namespace kin {

/// A mean over a stream, in double.
///
///   value = sum of w x / sum of w      0 while the weights are 0, as TensorFlow's mean has it
class WeightedMean {
 public:
  void add(double value, double weight = 1.0) noexcept {
    // Nothing is heard of values that weigh nothing, should they be infinite.
    if (weight == 0) return;
    total_ += weight * value;
    weight_ += weight;
  }

  double total() const noexcept { return total_; }    ///< sum of w x
  double weight() const noexcept { return weight_; }  ///< sum of w
  double value() const noexcept { return weight_ == 0 ? 0.0 : total_ / weight_; }

 private:
  double total_ = 0;
  double weight_ = 0;
};

}  // namespace kin
