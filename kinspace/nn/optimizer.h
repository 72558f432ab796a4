#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/options.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

/// How a gradient becomes an update. Members that are -1 take the default of the optimizer's name:
///
///   name              lr      epsilon   initial_accumulator
///   adam              0.006   1e-8      -                     the epsilon of TensorFlow 1 (Keras has 1e-7)
///   adagrad           0.1     0         0.1                   the form of TensorFlow 1; epsilon 1e-7 gives that of
///   Keras rowwise_adagrad   0.1     0         0.1 sgd               0.1 momentum          0.01
struct OptimizerOptions {
  std::string name = "adam";
  float lr = -1.0F;                   ///< learning rate; the schedule multiplies it
  float momentum = 0.9F;              ///< momentum: share of the last step that is kept
  bool nesterov = false;              ///< momentum: look ahead
  float beta1 = 0.9F;                 ///< adam: decay of the mean of gradients
  float beta2 = 0.999F;               ///< adam: decay of the mean of squared gradients
  float epsilon = -1.0F;              ///< added to the root below the gradient
  float initial_accumulator = -1.0F;  ///< adagrad: where sums of squares start
  bool lazy = true;                   ///< adam: only rows with a gradient move; false: all rows, as TensorFlow does
  float weight_decay = 0.0F;          ///< weights that a step touches shrink by rate * weight_decay (decoupled)
};

template <class Visitor>
void describe(OptimizerOptions& o, Visitor& v) {
  v.option("name", o.name, "how gradients become updates",
           one_of({"adam", "adagrad", "rowwise_adagrad", "sgd", "momentum"}));
  v.option("lr", o.lr, "learning rate; -1: adam 0.006, adagrad and rowwise_adagrad 0.1, sgd 0.1, momentum 0.01",
           at_least(-1));
  v.option("momentum", o.momentum, "momentum: share of the last step that is kept", from_to_below(0, 1));
  v.option("nesterov", o.nesterov, "momentum: look ahead");
  v.option("beta1", o.beta1, "adam: decay of the mean of gradients", from_to_below(0, 1));
  v.option("beta2", o.beta2, "adam: decay of the mean of squared gradients", from_to_below(0, 1));
  v.option("epsilon", o.epsilon, "added to the root below the gradient; -1: adam 1e-8, adagrad 0", at_least(-1));
  v.option("initial_accumulator", o.initial_accumulator, "adagrad: where sums of squares start; -1: 0.1", at_least(-1));
  v.option("lazy", o.lazy, "adam: only rows with a gradient move; false: all rows at every step, as TensorFlow does");
  v.option("weight_decay", o.weight_decay, "weights that a step touches shrink by rate * weight_decay", at_least(0));
}

/// `options` with every -1 replaced by the default of its name.
/// Errors: kInvalidArgument for an unknown name or an impossible value.
OptimizerOptions resolve(OptimizerOptions options);

/// A slot variable of one row of D weights.
struct Slot {
  std::string_view name;  ///< as TensorFlow's: "accumulator", "momentum", "m", "v"
  std::int64_t offset;    ///< floats from the end of the weights
  std::int64_t width;     ///< D, or 1 where the row shares one number
  float initial;          ///< value before the first step
};

/// What is the same for all rows of one step.
struct UpdateStep {
  float rate = 0;            ///< lr * factor
  float shrink = 1;          ///< weights are multiplied by it first: 1 - rate * weight_decay
  float gradient_scale = 1;  ///< of the clipping
  kernels::AdamStep adam{};
};

/// Update rules, g the gradient, t the step from 1 on:
///
///   sgd              w -= rate g
///   momentum         m = momentum m + g; w -= rate m, or with nesterov w -= rate (g + momentum m)
///   adagrad          a += g^2;  w -= rate g / (sqrt(a) + epsilon)                element-wise
///   rowwise_adagrad  a += mean of g^2 over the row; the same with one `a` for the row
///   adam             m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v)
///                    w -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
///
/// A row without a gradient in a step is left alone: neither its weights nor its slots move. For adam that is the lazy
/// form (t counts all steps, not those of the row); lazy = false updates all rows, with zero gradients where there are
/// none, as TensorFlow's Adam does.
/// Source: TensorFlow's training_ops, checked against golden/training/optimizers.json.
class Optimizer {
 public:
  /// Errors: as resolve().
  explicit Optimizer(const OptimizerOptions& options);

  const OptimizerOptions& options() const noexcept { return options_; }

  /// Slots of a row of `dim` weights, in the order in which they lie.
  std::vector<Slot> slots(std::int64_t dim) const;

  /// Sum of their widths.
  std::int64_t slot_floats(std::int64_t dim) const noexcept;

  /// Whether rows without a gradient move too.
  bool moves_all_rows() const noexcept { return kind_ == Kind::kAdam && !options_.lazy; }

  /// Values of step t >= 1 with the learning rate scaled by `factor`.
  UpdateStep step(std::int64_t t, double factor) const noexcept;

  /// One row of n weights. `gradient` is scratch afterwards. `decay` says whether weight decay reaches the row.
  void update(const UpdateStep& step, bool decay, float* gradient, float* weights, float* slots,
              std::int64_t n) const noexcept;

 private:
  enum class Kind { kSgd, kMomentum, kAdagrad, kRowwiseAdagrad, kAdam };

  OptimizerOptions options_;
  Kind kind_;
  const kernels::Table* kernels_;
};

}  // namespace kin
