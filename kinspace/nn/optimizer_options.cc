#include <fmt/format.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/nn/optimizer.h"

namespace kin {
namespace {

/// Of one form of an optimizer; the members that are left out are 0.
struct Defaults {
  std::string_view name;
  std::string_view compat;
  float lr;
  float epsilon = 0.0F;
  float initial_accumulator = 0.0F;
  float rho = 0.0F;
  float momentum = 0.0F;
};

// Where TensorFlow has no default of the learning rate, ours or that of its canned Estimators stands.
constexpr Defaults kDefaults[] = {
    {.name = "sgd", .compat = "none", .lr = 0.1F},
    {.name = "sgd", .compat = "tf1", .lr = 0.1F},
    {.name = "sgd", .compat = "keras", .lr = 0.01F},
    {.name = "momentum", .compat = "none", .lr = 0.01F, .momentum = 0.9F},
    {.name = "momentum", .compat = "tf1", .lr = 0.01F, .momentum = 0.9F},
    {.name = "momentum", .compat = "keras", .lr = 0.01F, .momentum = 0.9F},
    {.name = "adagrad", .compat = "none", .lr = 0.1F, .initial_accumulator = 0.1F},
    {.name = "adagrad", .compat = "tf1", .lr = 0.05F, .initial_accumulator = 0.1F},
    {.name = "adagrad", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F, .initial_accumulator = 0.1F},
    {.name = "rowwise_adagrad", .compat = "none", .lr = 0.1F, .initial_accumulator = 0.1F},
    {.name = "proximal_adagrad", .compat = "none", .lr = 0.1F, .initial_accumulator = 0.1F},
    {.name = "proximal_adagrad", .compat = "tf1", .lr = 0.1F, .initial_accumulator = 0.1F},
    {.name = "adam", .compat = "none", .lr = 0.006F, .epsilon = 1e-8F},
    {.name = "adam", .compat = "tf1", .lr = 0.001F, .epsilon = 1e-8F},
    {.name = "adam", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F},
    {.name = "adamax", .compat = "none", .lr = 0.001F, .epsilon = 1e-7F},
    {.name = "adamax", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F},
    {.name = "nadam", .compat = "none", .lr = 0.001F, .epsilon = 1e-7F},
    {.name = "nadam", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F},
    {.name = "ftrl", .compat = "none", .lr = 0.2F, .initial_accumulator = 0.1F},
    {.name = "ftrl", .compat = "tf1", .lr = 0.2F, .initial_accumulator = 0.1F},
    {.name = "ftrl", .compat = "keras", .lr = 0.001F, .initial_accumulator = 0.1F},
    {.name = "rmsprop", .compat = "none", .lr = 0.001F, .epsilon = 1e-7F, .rho = 0.9F},
    {.name = "rmsprop", .compat = "tf1", .lr = 0.001F, .epsilon = 1e-10F, .initial_accumulator = 1.0F, .rho = 0.9F},
    {.name = "rmsprop", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F, .rho = 0.9F},
    {.name = "adadelta", .compat = "none", .lr = 1.0F, .epsilon = 1e-6F, .rho = 0.95F},
    {.name = "adadelta", .compat = "tf1", .lr = 0.001F, .epsilon = 1e-8F, .rho = 0.95F},
    {.name = "adadelta", .compat = "keras", .lr = 0.001F, .epsilon = 1e-7F, .rho = 0.95F},
};

const Defaults& defaults_of(const OptimizerOptions& o) {
  std::vector<std::string> names;
  std::vector<std::string> forms;
  for (const Defaults& d : kDefaults) {
    if (d.name == o.name && d.compat == o.compat) return d;
    if (d.name == o.name) forms.emplace_back(d.compat);
    if (d.compat == "none") names.emplace_back(d.name);
  }
  if (!forms.empty()) {
    throw Error::invalid_argument(fmt::format("[optimizer] {} has no form compat = {}; it has {}", o.name,
                                              quoted(o.compat), fmt::join(forms, ", ")));
  }
  throw Error::invalid_argument(fmt::format("[optimizer] name = {} is none of {}{}", quoted(o.name),
                                            fmt::join(names, ", "), did_you_mean(o.name, names)));
}

void check(bool good, std::string_view member, float value, std::string_view need) {
  if (!good) throw Error::invalid_argument(fmt::format("[optimizer] {} = {} has to be {}", member, value, need));
}

void check_from_zero(std::string_view member, float value, std::string_view need = "a number from 0 on") {
  check(value >= 0 && std::isfinite(value), member, value, need);
}

void check_share(std::string_view member, float value) {
  check(value >= 0 && value < 1, member, value, "from 0 to below 1");
}

/// What could make 0 / 0 of a first gradient of 0, or of one whose square is too small for a float.
void check_divisor(const OptimizerOptions& o) {
  const bool sums = o.name.ends_with("adagrad") || o.name == "ftrl";
  const bool means =
      o.name == "adam" || o.name == "adamax" || o.name == "nadam" || o.name == "rmsprop" || o.name == "adadelta";
  if (means) check(o.epsilon > 0, "epsilon", o.epsilon, "above 0");
  if (!sums || o.initial_accumulator > 0) return;
  if (o.name == "ftrl") {
    check(o.l2 > 0 || o.beta > 0, "initial_accumulator", o.initial_accumulator, "above 0 when l2 and beta are 0");
  } else {
    check(o.epsilon > 0 && o.name != "proximal_adagrad", "initial_accumulator", o.initial_accumulator,
          "above 0 when epsilon is 0");
  }
}

}  // namespace

OptimizerOptions resolve(OptimizerOptions o) {
  if (o.name == "auto") o.name = "adam";
  const Defaults& d = defaults_of(o);
  if (o.lr == -1.0F) o.lr = d.lr;
  if (o.epsilon == -1.0F) o.epsilon = d.epsilon;
  if (o.initial_accumulator == -1.0F) o.initial_accumulator = d.initial_accumulator;
  if (o.rho == -1.0F) o.rho = d.rho;
  if (o.momentum == -1.0F) o.momentum = d.momentum;
  constexpr std::string_view kOrDefault = "a number from 0 on, or -1 for the default";
  check_from_zero("lr", o.lr, kOrDefault);
  check_from_zero("epsilon", o.epsilon, kOrDefault);
  check_from_zero("initial_accumulator", o.initial_accumulator, kOrDefault);
  check_share("momentum", o.momentum);
  check_share("beta1", o.beta1);
  check_share("beta2", o.beta2);
  check_share("rho", o.rho);
  check_from_zero("weight_decay", o.weight_decay);
  check_from_zero("l1", o.l1);
  check_from_zero("l2", o.l2);
  check_from_zero("l2_shrinkage", o.l2_shrinkage);
  check_from_zero("beta", o.beta);
  check(o.lr_power >= -4 && o.lr_power <= 0, "lr_power", o.lr_power, "from -4 to 0");
  check_from_zero("clip_value", o.clip_value);
  check_from_zero("clip_norm", o.clip_norm);
  check_from_zero("global_clip_norm", o.global_clip_norm);
  check(!o.amsgrad || o.compat != "tf1", "amsgrad", 1, "false for compat = 'tf1', whose adam has none");
  check_divisor(o);
  return o;
}

}  // namespace kin
