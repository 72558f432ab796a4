#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/options.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

/// How a gradient becomes an update. Members that are -1 take the default of the optimizer's name and form:
///
///   compat  name              lr      epsilon   initial_accumulator   rho
///   none    adam              0.006   1e-8      -                     -
///           adagrad           0.1     0         0.1                   -
///           rowwise_adagrad   0.1     0         0.1                   -
///           proximal_adagrad  0.1     -         0.1                   -
///           sgd               0.1     -         -                     -
///           momentum          0.01    -         -                     -      momentum 0.9
///           ftrl              0.2     -         0.1                   -
///           rmsprop           0.001   1e-7      0                     0.9    momentum 0
///           adadelta          1       1e-6      -                     0.95
///           adamax, nadam     0.001   1e-7      -                     -
///
/// With compat = tf1 as `none`, but adam 0.001; adagrad 0.05; rmsprop epsilon 1e-10, initial_accumulator 1; adadelta
/// 0.001, epsilon 1e-8. With compat = keras as `none`, but lr 0.001 (sgd and momentum 0.01) and every epsilon 1e-7.
/// tf1 has no rowwise_adagrad, adamax and nadam; keras has no rowwise_adagrad and proximal_adagrad.
struct OptimizerOptions {
  std::string name = "auto";          ///< auto: adam, unless the model says otherwise
  float lr = -1.0F;                   ///< learning rate; the schedule multiplies it, but for ftrl of `none`
  float momentum = -1.0F;             ///< momentum, rmsprop: share of the last step that is kept
  bool nesterov = false;              ///< momentum: look ahead
  float beta1 = 0.9F;                 ///< adam, adamax, nadam: decay of the mean of gradients
  float beta2 = 0.999F;               ///< adam, adamax, nadam: decay of the mean of squared gradients
  float epsilon = -1.0F;              ///< added to the root below the gradient
  float initial_accumulator = -1.0F;  ///< adagrad, ftrl, rmsprop: where sums or means of squares start
  bool lazy = true;             ///< adam, nadam, rmsprop of `none`: rows without a gradient stay; false: as TensorFlow
  float weight_decay = 0.0F;    ///< weights that a step touches shrink by rate * weight_decay (decoupled)
  std::string compat = "none";  ///< none | tf1 (tf.compat.v1.train) | keras (Keras' legacy classes, "V2")
  bool amsgrad = false;         ///< adam: divide by the root of the largest mean of squares so far
  float rho = -1.0F;            ///< rmsprop, adadelta: decay of the mean of squared gradients
  bool centered = false;        ///< rmsprop: divide by the deviation of gradients, not by their size
  float l1 = 0.0F;              ///< ftrl, proximal_adagrad: strength of |w|, which makes weights exactly 0
  float l2 = 0.0F;              ///< ftrl, proximal_adagrad: strength of w^2
  float l2_shrinkage = 0.0F;    ///< ftrl: strength of w^2 on the gradient that is summed
  float beta = 0.0F;            ///< ftrl: lowers the rate of rows that were seen rarely
  float lr_power = -0.5F;       ///< ftrl: power of the sum of squares in the rate
  float clip_value = 0.0F;      ///< elements of gradients are cut at +- this; 0: never
  float clip_norm = 0.0F;       ///< the gradient of each parameter is scaled down to this norm; 0: never
  float global_clip_norm = 0.0F;  ///< so are those of all parameters of this optimizer together; 0: never
};

template <class Visitor>
void describe(OptimizerOptions& o, Visitor& v) {
  v.option("name", o.name, "how gradients become updates; auto: adam, or what train.compat has for the model",
           one_of({"auto", "adam", "adagrad", "rowwise_adagrad", "sgd", "momentum", "ftrl", "rmsprop", "adadelta",
                   "adamax", "nadam", "proximal_adagrad"}));
  v.option("lr", o.lr,
           "learning rate; -1: adam 0.006, adagrad, rowwise_adagrad and proximal_adagrad 0.1, sgd 0.1, momentum 0.01, "
           "ftrl 0.2, adadelta 1, rmsprop, adamax and nadam 0.001",
           at_least(-1));
  v.option("momentum", o.momentum,
           "momentum, rmsprop: share of the last step that is kept; -1: momentum 0.9, rmsprop 0",
           {.low = -1, .high = 1, .high_itself = false});
  v.option("nesterov", o.nesterov, "momentum: look ahead");
  v.option("beta1", o.beta1, "adam, adamax, nadam: decay of the mean of gradients", from_to_below(0, 1));
  v.option("beta2", o.beta2, "adam, adamax, nadam: decay of the mean of squared gradients", from_to_below(0, 1));
  v.option("epsilon", o.epsilon,
           "added to the root below the gradient; -1: adam 1e-8, adagrad 0, adadelta 1e-6, rmsprop, adamax and nadam "
           "1e-7",
           at_least(-1));
  v.option("initial_accumulator", o.initial_accumulator,
           "adagrad, ftrl, rmsprop: where sums of squares start; -1: 0.1, rmsprop 0", at_least(-1));
  v.option("lazy", o.lazy,
           "adam, nadam, rmsprop: only rows with a gradient move; false: rows without one as in TensorFlow");
  v.option("weight_decay", o.weight_decay, "weights that a step touches shrink by rate * weight_decay", at_least(0));
  v.option("compat", o.compat, "whose formula, defaults and names of slots: ours, TensorFlow 1's, or Keras'",
           one_of({"none", "tf1", "keras"}));
  v.option("amsgrad", o.amsgrad, "adam: divide by the root of the largest mean of squares so far");
  v.option("rho", o.rho, "rmsprop, adadelta: decay of the mean of squared gradients; -1: rmsprop 0.9, adadelta 0.95",
           {.low = -1, .high = 1, .high_itself = false});
  v.option("centered", o.centered, "rmsprop: divide by the deviation of gradients, not by their size");
  v.option("l1", o.l1, "ftrl, proximal_adagrad: strength of |w|, which makes weights exactly 0", at_least(0));
  v.option("l2", o.l2, "ftrl, proximal_adagrad: strength of w^2", at_least(0));
  v.option("l2_shrinkage", o.l2_shrinkage, "ftrl: strength of w^2 on the gradient that is summed", at_least(0));
  v.option("beta", o.beta, "ftrl: lowers the rate of rows that were seen rarely", at_least(0));
  v.option("lr_power", o.lr_power, "ftrl: power of the sum of squares in the rate", within(-4, 0));
  v.option("clip_value", o.clip_value, "elements of gradients are cut at +- this; 0: never", at_least(0));
  v.option("clip_norm", o.clip_norm, "the gradient of each parameter is scaled down to this norm; 0: never",
           at_least(0));
  v.option("global_clip_norm", o.global_clip_norm,
           "gradients are scaled down to this norm of all parameters of this optimizer together; 0: never",
           at_least(0));
}

/// `options` with every -1 replaced by the default of its name and form.
/// Errors: kInvalidArgument for an unknown name, a form that it does not have, or an impossible value.
OptimizerOptions resolve(OptimizerOptions options);

/// A slot variable of one row of D weights.
struct Slot {
  std::string_view name;  ///< as TensorFlow's: "accumulator", "momentum", "m", "v"
  std::int64_t offset;    ///< floats from the end of the weights
  std::int64_t width;     ///< D, or 1 where the row shares one number
  float initial;          ///< value before the first step
};

/// A number that TensorFlow keeps beside the slots; here it follows from the step.
struct OptimizerScalar {
  std::string_view name;
  double value;
};

/// What is the same for all rows of one step.
struct UpdateStep {
  float rate = 0;            ///< lr * factor
  float shrink = 1;          ///< weights are multiplied by it first: 1 - rate * weight_decay
  float gradient_scale = 1;  ///< of the clipping
  bool skip = false;         ///< nothing moves
  kernels::MomentumStep momentum{};
  kernels::ProximalAdagradStep proximal{};
  kernels::AdamStep adam{};
  kernels::NadamStep nadam{};
  kernels::FtrlStep ftrl{};
  kernels::RmsPropStep rmsprop{};
  kernels::AdadeltaStep adadelta{};
};

/// Update rules, g the gradient, t the step from 1 on; all element-wise but rowwise_adagrad:
///
///   sgd              w -= rate g
///   momentum         m = momentum m + g; w -= rate m, or with nesterov w -= rate (g + momentum m)
///                    keras: m = momentum m - rate g; w += m, or w += momentum m - rate g
///   adagrad          a += g^2;  w -= rate g / (sqrt(a) + epsilon)
///   rowwise_adagrad  a += mean of g^2 over the row; the same with one `a` for the row
///   proximal_adagrad a += g^2; r = rate / sqrt(a); p = w - r g; w = sign(p) max(0, |p| - r l1) / (1 + r l2)
///   adam             m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v)
///                    w -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
///                    amsgrad: vhat = max(vhat, v) in place of v in the last line
///   adamax           m as adam;  v = max(beta2 v, |g|);  w -= rate / (1 - beta1^t) m / (v + epsilon)
///   nadam            m, v as adam;  u(t) = beta1 (1 - 0.96^(0.004 t) / 2);  U(t) = u(1) .. u(t)
///                    w -= rate ((1 - u(t)) g / (1 - U(t)) + u(t+1) m / (1 - U(t+1)))
///                         / (sqrt(v / (1 - beta2^t)) + epsilon)
///   ftrl             n' = n + g^2; z += g + 2 l2_shrinkage w - (n'^p - n^p) / rate w, p = -lr_power;
///                    w = (min(max(z, -l1), l1) - z) / (n'^p / rate + 2 l2 + beta / rate)
///   rmsprop          s += (1 - rho) (g^2 - s);  centered: c += (1 - rho) (g - c), s - c^2 for s below
///                    w -= rate g / (sqrt(s) + epsilon); with momentum (and always in tf1)
///                    m = momentum m + rate g / sqrt(s + epsilon); w -= m
///   adadelta         a = rho a + (1 - rho) g^2; d = sqrt(b + epsilon) / sqrt(a + epsilon) g;
///                    b = rho b + (1 - rho) d^2;  w -= rate d
///
/// A row without a gradient in a step is left alone: neither its weights nor its slots move; t counts all steps, not
/// those of the row. Where TensorFlow differs, lazy = false or `compat` gives its way: adam moves all rows, with zero
/// gradients where there are none; nadam and rmsprop without momentum let the slots of such rows decay.
/// ftrl writes weights anew from sums that hold the rate, so a falling rate would shrink what was learned, to 0 in the
/// end. So no schedule moves the rate of ours, which falls by itself with the sums of squares; with `compat` it does,
/// as in TensorFlow, where a rate of 0 leaves all as is. Source: TensorFlow's training_ops and Keras' legacy
/// optimizers, checked against golden/training/optimizers.json.
class Optimizer {
 public:
  /// What a step does to rows that have no gradient.
  enum class Idle { kStay, kMove, kSlotsDecay };

  /// Errors: as resolve().
  explicit Optimizer(const OptimizerOptions& options);

  const OptimizerOptions& options() const noexcept { return options_; }

  /// Slots of a row of `dim` weights, in the order in which they lie.
  std::vector<Slot> slots(std::int64_t dim) const;

  /// Sum of their widths.
  std::int64_t slot_floats(std::int64_t dim) const noexcept;

  Idle idle_rows() const noexcept { return idle_; }

  /// Whether the size of a gradient has to be known before it is applied.
  bool clips_by_norm() const noexcept { return options_.clip_norm > 0 || options_.global_clip_norm > 0; }

  /// What TensorFlow's optimizer stores beside slots after `t` steps: beta1_power and beta2_power of adam of tf1, the
  /// momentum_cache of nadam.
  std::vector<OptimizerScalar> scalars(std::int64_t t) const;

  /// The learning rate when the schedule says `factor`; ftrl of `none` listens to none.
  double rate(double factor) const noexcept;

  /// Values of step t >= 1 with the rate for `factor`.
  UpdateStep step(std::int64_t t, double factor) const noexcept;

  /// One row of n weights. `gradient` is scratch afterwards. `decay` says whether weight decay reaches the row.
  void update(const UpdateStep& step, bool decay, float* gradient, float* weights, float* slots,
              std::int64_t n) const noexcept;

  /// The rows named of a table of width 1, whose row r is at `table` + r * stride, as update() does one after the
  /// other, to the bit, but many at a time. Rows are distinct; `gradients`, one a row, are scratch afterwards.
  void update_rows(const UpdateStep& step, bool decay, float* gradients, std::span<const std::uint32_t> rows,
                   float* table, std::int64_t stride) const noexcept;

  /// The slots of a row of n weights that has no gradient, for Idle::kSlotsDecay.
  void decay_slots(float* slots, std::int64_t n) const noexcept;

 private:
  enum class Kind {
    kSgd,
    kMomentum,
    kAdagrad,
    kRowwiseAdagrad,
    kProximalAdagrad,
    kAdam,
    kAmsgrad,
    kAdamax,
    kNadam,
    kFtrl,
    kRmsProp,
    kAdadelta
  };

  static Kind kind_of(const OptimizerOptions& options);
  Idle idle_of() const;

  OptimizerOptions options_;
  Kind kind_;
  bool keras_;
  bool tf1_;
  bool has_velocity_;  // rmsprop
  Idle idle_;
  const kernels::Table* kernels_;
};

}  // namespace kin
