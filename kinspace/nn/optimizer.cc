#include "kinspace/nn/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"

namespace kin {
namespace {

/// Below it ftrl's sums, which are divided by the rate, could overflow.
constexpr double kLeastFtrlRate = 1e-20;

/// U(t) of nadam.
double momentum_cache(double beta1, std::int64_t t) noexcept {
  double product = 1;
  // Far below an ulp of 1 - U(t) there is nothing left to count.
  for (std::int64_t i = 1; i <= t && product > 1e-30; ++i) {
    product *= beta1 * (1 - 0.5 * std::pow(0.96, 0.004 * double(i)));
  }
  return product;
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options)
    : options_(resolve(options)),
      kind_(kind_of(options_)),
      keras_(options_.compat == "keras"),
      tf1_(options_.compat == "tf1"),
      has_velocity_(tf1_ || options_.momentum > 0),
      idle_(idle_of()),
      kernels_(&kernels::active()) {}

Optimizer::Kind Optimizer::kind_of(const OptimizerOptions& o) {
  if (o.name == "momentum") return Kind::kMomentum;
  if (o.name == "adagrad") return Kind::kAdagrad;
  if (o.name == "rowwise_adagrad") return Kind::kRowwiseAdagrad;
  if (o.name == "proximal_adagrad") return Kind::kProximalAdagrad;
  if (o.name == "adam") return o.amsgrad ? Kind::kAmsgrad : Kind::kAdam;
  if (o.name == "adamax") return Kind::kAdamax;
  if (o.name == "nadam") return Kind::kNadam;
  if (o.name == "ftrl") return Kind::kFtrl;
  if (o.name == "rmsprop") return Kind::kRmsProp;
  if (o.name == "adadelta") return Kind::kAdadelta;
  return Kind::kSgd;
}

std::vector<Slot> Optimizer::slots(std::int64_t dim) const {
  const float start = options_.initial_accumulator;
  switch (kind_) {
    case Kind::kSgd:
      return {};
    case Kind::kMomentum:
      return {{"momentum", 0, dim, 0.0F}};
    case Kind::kAdagrad:
    case Kind::kProximalAdagrad:
      return {{"accumulator", 0, dim, start}};
    case Kind::kRowwiseAdagrad:
      return {{"accumulator", 0, 1, start}};
    case Kind::kAdam:
    case Kind::kAdamax:
    case Kind::kNadam:
      return {{"m", 0, dim, 0.0F}, {"v", dim, dim, 0.0F}};
    case Kind::kAmsgrad:
      return {{"m", 0, dim, 0.0F}, {"v", dim, dim, 0.0F}, {"vhat", 2 * dim, dim, 0.0F}};
    case Kind::kFtrl:
      return {{tf1_ ? "accum" : "accumulator", 0, dim, start}, {"linear", dim, dim, 0.0F}};
    case Kind::kAdadelta:
      if (tf1_) return {{"accum", 0, dim, 0.0F}, {"accum_update", dim, dim, 0.0F}};
      return {{"accum_grad", 0, dim, 0.0F}, {"accum_var", dim, dim, 0.0F}};
    case Kind::kRmsProp: {
      std::vector<Slot> list{{"rms", 0, dim, start}};
      if (has_velocity_) list.push_back({"momentum", dim, dim, 0.0F});
      if (options_.centered) list.push_back({"mg", static_cast<std::int64_t>(list.size()) * dim, dim, 0.0F});
      return list;
    }
  }
  return {};
}

std::int64_t Optimizer::slot_floats(std::int64_t dim) const noexcept {
  switch (kind_) {
    case Kind::kSgd:
      return 0;
    case Kind::kMomentum:
    case Kind::kAdagrad:
    case Kind::kProximalAdagrad:
      return dim;
    case Kind::kRowwiseAdagrad:
      return 1;
    case Kind::kAdam:
    case Kind::kAdamax:
    case Kind::kNadam:
    case Kind::kFtrl:
    case Kind::kAdadelta:
      return 2 * dim;
    case Kind::kAmsgrad:
      return 3 * dim;
    case Kind::kRmsProp:
      return (1 + (has_velocity_ ? 1 : 0) + (options_.centered ? 1 : 0)) * dim;
  }
  return 0;
}

Optimizer::Idle Optimizer::idle_of() const {
  if (!keras_ && !tf1_ && options_.lazy) return Idle::kStay;
  if (kind_ == Kind::kAdam || kind_ == Kind::kAmsgrad) return Idle::kMove;
  if (kind_ == Kind::kNadam || (kind_ == Kind::kRmsProp && !has_velocity_)) return Idle::kSlotsDecay;
  return Idle::kStay;
}

std::vector<OptimizerScalar> Optimizer::scalars(std::int64_t t) const {
  if (kind_ == Kind::kNadam) return {{"momentum_cache", momentum_cache(double(options_.beta1), t)}};
  if (kind_ != Kind::kAdam || !tf1_) return {};
  return {{"beta1_power", std::pow(double(options_.beta1), double(t + 1))},
          {"beta2_power", std::pow(double(options_.beta2), double(t + 1))}};
}

double Optimizer::rate(double factor) const noexcept {
  const bool by_itself = kind_ == Kind::kFtrl && !keras_ && !tf1_;
  return double(options_.lr) * (by_itself ? 1.0 : factor);
}

UpdateStep Optimizer::step(std::int64_t t, double factor) const noexcept {
  const OptimizerOptions& o = options_;
  const double rate = this->rate(factor);
  UpdateStep s;
  s.rate = static_cast<float>(rate);
  s.shrink = static_cast<float>(1.0 - rate * double(o.weight_decay));
  const double bias1 = 1.0 - std::pow(double(o.beta1), double(t));
  const double bias2 = 1.0 - std::pow(double(o.beta2), double(t));
  switch (kind_) {
    case Kind::kMomentum:
      s.momentum = {o.momentum, keras_ ? -s.rate : 1.0F, keras_ ? 1.0F : -s.rate, o.nesterov};
      break;
    case Kind::kProximalAdagrad:
      s.proximal = {s.rate, o.l1, o.l2};
      break;
    case Kind::kAdam:
    case Kind::kAmsgrad:
      s.adam = {static_cast<float>(rate * std::sqrt(bias2) / bias1), o.beta1, o.beta2, o.epsilon};
      break;
    case Kind::kAdamax:
      s.adam = {static_cast<float>(rate / bias1), o.beta1, o.beta2, o.epsilon};
      break;
    case Kind::kNadam: {
      const auto u = [&](std::int64_t i) { return double(o.beta1) * (1 - 0.5 * std::pow(0.96, 0.004 * double(i))); };
      const double product = momentum_cache(double(o.beta1), t);
      s.nadam = {s.rate,
                 o.beta1,
                 o.beta2,
                 o.epsilon,
                 static_cast<float>((1 - u(t)) / (1 - product)),
                 static_cast<float>(u(t + 1) / (1 - product * u(t + 1))),
                 static_cast<float>(1 / bias2)};
      break;
    }
    case Kind::kFtrl:
      s.skip = rate < kLeastFtrlRate;
      if (s.skip) break;
      s.ftrl = {s.rate, -o.lr_power, o.l1, static_cast<float>(2 * double(o.l2) + double(o.beta) / rate),
                2 * o.l2_shrinkage};
      break;
    case Kind::kRmsProp:
      s.rmsprop = {s.rate, o.rho, o.momentum, o.epsilon, has_velocity_};
      break;
    case Kind::kAdadelta:
      s.adadelta = {s.rate, o.rho, o.epsilon};
      break;
    case Kind::kSgd:
    case Kind::kAdagrad:
    case Kind::kRowwiseAdagrad:
      break;
  }
  return s;
}

void Optimizer::update(const UpdateStep& step, bool decay, float* gradient, float* weights, float* slots,
                       std::int64_t n) const noexcept {
  if (step.skip) return;
  const kernels::Table& k = *kernels_;
  if (step.gradient_scale != 1.0F) k.scale(step.gradient_scale, gradient, gradient, n);
  if (decay && step.shrink != 1.0F) k.scale(step.shrink, weights, weights, n);
  float* const second = slots + n;
  float* const third = second + n;
  switch (kind_) {
    case Kind::kSgd:
      k.sgd(step.rate, gradient, weights, n);
      break;
    case Kind::kMomentum:
      k.momentum(step.momentum, gradient, weights, slots, n);
      break;
    case Kind::kAdagrad:
      k.adagrad(step.rate, options_.epsilon, gradient, weights, slots, n);
      break;
    case Kind::kRowwiseAdagrad: {
      slots[0] += k.dot(gradient, gradient, n) / static_cast<float>(n);
      k.axpy(-step.rate / (std::sqrt(slots[0]) + options_.epsilon), gradient, weights, n);
      break;
    }
    case Kind::kProximalAdagrad:
      k.proximal_adagrad(step.proximal, gradient, weights, slots, n);
      break;
    case Kind::kAdam:
      k.adam(step.adam, gradient, weights, slots, second, n);
      break;
    case Kind::kAmsgrad:
      k.amsgrad(step.adam, gradient, weights, slots, second, third, n);
      break;
    case Kind::kAdamax:
      k.adamax(step.adam, gradient, weights, slots, second, n);
      break;
    case Kind::kNadam:
      k.nadam(step.nadam, gradient, weights, slots, second, n);
      break;
    case Kind::kFtrl:
      k.ftrl(step.ftrl, gradient, weights, slots, second, n);
      break;
    case Kind::kRmsProp: {
      float* const velocity = has_velocity_ ? second : nullptr;
      float* const mean = !options_.centered ? nullptr : has_velocity_ ? third : second;
      k.rmsprop(step.rmsprop, gradient, weights, slots, velocity, mean, n);
      break;
    }
    case Kind::kAdadelta:
      k.adadelta(step.adadelta, gradient, weights, slots, second, n);
      break;
  }
}

namespace {

/// Rows of width 1 that are updated at a time.
constexpr std::size_t kRowsAtOnce = 64;

/// `update(i, count, values)` for each run of rows i .. i + count, whose weights lie side by side in `values`, then
/// their first slots, and so on; what it leaves there goes back into the rows.
template <std::size_t kFloats, class Update>
void by_columns(std::span<const std::uint32_t> rows, float* table, std::int64_t stride, Update update) noexcept {
  float values[kFloats * kRowsAtOnce];
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, rows.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = table + rows[begin + i] * stride;
      for (std::size_t j = 0; j < kFloats; ++j) values[j * count + i] = row[j];
    }
    update(begin, count, values);
    for (std::size_t i = 0; i < count; ++i) {
      float* row = table + rows[begin + i] * stride;
      for (std::size_t j = 0; j < kFloats; ++j) row[j] = values[j * count + i];
    }
  }
}

}  // namespace

void Optimizer::update_rows(const UpdateStep& step, bool decay, float* gradients, std::span<const std::uint32_t> rows,
                            float* table, std::int64_t stride) const noexcept {
  const auto several = [&](std::size_t begin, std::size_t count, float* values) {
    update(step, decay, gradients + begin, values, values + count, static_cast<std::int64_t>(count));
  };
  const auto floats = static_cast<std::size_t>(1 + slot_floats(1));

  // Rowwise Adagrad takes the mean over a row: its rows do not mix.
  if (kind_ == Kind::kRowwiseAdagrad) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      float* const row = table + rows[i] * stride;
      update(step, decay, gradients + i, row, row + 1, 1);
    }
  } else if (floats == 1) {
    by_columns<1>(rows, table, stride, several);
  } else if (floats == 2) {
    by_columns<2>(rows, table, stride, several);
  } else if (floats == 3) {
    by_columns<3>(rows, table, stride, several);
  } else {
    by_columns<4>(rows, table, stride, several);
  }
}

void Optimizer::decay_slots(float* slots, std::int64_t n) const noexcept {
  const kernels::Table& k = *kernels_;
  const bool nadam = kind_ == Kind::kNadam;
  k.scale(nadam ? options_.beta1 : options_.rho, slots, slots, n);
  if (nadam || options_.centered) k.scale(nadam ? options_.beta2 : options_.rho, slots + n, slots + n, n);
}

}  // namespace kin
