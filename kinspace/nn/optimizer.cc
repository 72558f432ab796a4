#include "kinspace/nn/optimizer.h"

#include <fmt/format.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

struct Defaults {
  std::string_view name;
  float lr;
  float epsilon;
  float initial_accumulator;
};

constexpr Defaults kDefaults[] = {
    {"sgd", 0.1F, 0.0F, 0.0F},     {"momentum", 0.01F, 0.0F, 0.0F},
    {"adagrad", 0.1F, 0.0F, 0.1F}, {"rowwise_adagrad", 0.1F, 0.0F, 0.1F},
    {"adam", 0.006F, 1e-8F, 0.0F},
};

const Defaults& defaults_of(const std::string& name) {
  std::vector<std::string> names;
  for (const Defaults& d : kDefaults) {
    if (d.name == name) return d;
    names.emplace_back(d.name);
  }
  throw Error::invalid_argument(fmt::format("[optimizer] name = {} is none of {}{}", quoted(name),
                                            fmt::join(names, ", "), did_you_mean(name, names)));
}

void check(bool good, std::string_view member, float value, std::string_view need) {
  if (!good) throw Error::invalid_argument(fmt::format("[optimizer] {} = {} has to be {}", member, value, need));
}

}  // namespace

OptimizerOptions resolve(OptimizerOptions options) {
  const Defaults& d = defaults_of(options.name);
  if (options.lr == -1.0F) options.lr = d.lr;
  if (options.epsilon == -1.0F) options.epsilon = d.epsilon;
  if (options.initial_accumulator == -1.0F) options.initial_accumulator = d.initial_accumulator;
  check(options.lr >= 0 && std::isfinite(options.lr), "lr", options.lr, "a number from 0 on, or -1 for the default");
  check(options.epsilon >= 0 && std::isfinite(options.epsilon), "epsilon", options.epsilon,
        "a number from 0 on, or -1 for the default");
  check(options.initial_accumulator >= 0 && std::isfinite(options.initial_accumulator), "initial_accumulator",
        options.initial_accumulator, "a number from 0 on, or -1 for the default");
  // A first gradient of 0 would otherwise make 0 / 0.
  check(options.initial_accumulator > 0 || options.epsilon > 0 || d.initial_accumulator == 0, "initial_accumulator",
        options.initial_accumulator, "above 0 when epsilon is 0");
  check(options.momentum >= 0 && options.momentum < 1, "momentum", options.momentum, "from 0 to below 1");
  check(options.beta1 >= 0 && options.beta1 < 1, "beta1", options.beta1, "from 0 to below 1");
  check(options.beta2 >= 0 && options.beta2 < 1, "beta2", options.beta2, "from 0 to below 1");
  check(options.weight_decay >= 0 && std::isfinite(options.weight_decay), "weight_decay", options.weight_decay,
        "a number from 0 on");
  return options;
}

Optimizer::Optimizer(const OptimizerOptions& options)
    : options_(resolve(options)), kind_(Kind::kSgd), kernels_(&kernels::active()) {
  if (options_.name == "momentum") kind_ = Kind::kMomentum;
  if (options_.name == "adagrad") kind_ = Kind::kAdagrad;
  if (options_.name == "rowwise_adagrad") kind_ = Kind::kRowwiseAdagrad;
  if (options_.name == "adam") kind_ = Kind::kAdam;
}

std::vector<Slot> Optimizer::slots(std::int64_t dim) const {
  switch (kind_) {
    case Kind::kSgd:
      return {};
    case Kind::kMomentum:
      return {{"momentum", 0, dim, 0.0F}};
    case Kind::kAdagrad:
      return {{"accumulator", 0, dim, options_.initial_accumulator}};
    case Kind::kRowwiseAdagrad:
      return {{"accumulator", 0, 1, options_.initial_accumulator}};
    case Kind::kAdam:
      return {{"m", 0, dim, 0.0F}, {"v", dim, dim, 0.0F}};
  }
  return {};
}

std::int64_t Optimizer::slot_floats(std::int64_t dim) const noexcept {
  switch (kind_) {
    case Kind::kSgd:
      return 0;
    case Kind::kMomentum:
    case Kind::kAdagrad:
      return dim;
    case Kind::kRowwiseAdagrad:
      return 1;
    case Kind::kAdam:
      return 2 * dim;
  }
  return 0;
}

UpdateStep Optimizer::step(std::int64_t t, double factor) const noexcept {
  const double rate = double(options_.lr) * factor;
  UpdateStep s;
  s.rate = static_cast<float>(rate);
  s.shrink = static_cast<float>(1.0 - rate * double(options_.weight_decay));
  if (kind_ == Kind::kAdam) {
    const double bias1 = 1.0 - std::pow(double(options_.beta1), double(t));
    const double bias2 = 1.0 - std::pow(double(options_.beta2), double(t));
    s.adam = {static_cast<float>(rate * std::sqrt(bias2) / bias1), options_.beta1, options_.beta2, options_.epsilon};
  }
  return s;
}

void Optimizer::update(const UpdateStep& step, bool decay, float* gradient, float* weights, float* slots,
                       std::int64_t n) const noexcept {
  const kernels::Table& k = *kernels_;
  if (step.gradient_scale != 1.0F) k.scale(step.gradient_scale, gradient, gradient, n);
  if (decay && step.shrink != 1.0F) k.scale(step.shrink, weights, weights, n);
  switch (kind_) {
    case Kind::kSgd:
      k.sgd(step.rate, gradient, weights, n);
      break;
    case Kind::kMomentum:
      k.momentum(step.rate, options_.momentum, options_.nesterov, gradient, weights, slots, n);
      break;
    case Kind::kAdagrad:
      k.adagrad(step.rate, options_.epsilon, gradient, weights, slots, n);
      break;
    case Kind::kRowwiseAdagrad: {
      slots[0] += k.dot(gradient, gradient, n) / static_cast<float>(n);
      k.axpy(-step.rate / (std::sqrt(slots[0]) + options_.epsilon), gradient, weights, n);
      break;
    }
    case Kind::kAdam:
      k.adam(step.adam, gradient, weights, slots, slots + n, n);
      break;
  }
}

}  // namespace kin
