#include "kinspace/estimator/canned/row_models.h"

#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/activation.h"

namespace kin {
namespace {

Var linear_logits(Step& step) {
  const ModelOptions& model = step.spec().model;
  return step.linear(
      "linear", {.units = step.head().logits(), .columns = model.wide, .combiner = combiner_from_name(model.combiner)});
}

Var deep_logits(Step& step) {
  const ModelOptions& model = step.spec().model;
  const kernels::Activation activation = activation_named(model.activation);
  Var h = step.input(model.deep);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::string name = fmt::format("layer_{}", i);
    h = step.dropout(step.dense(name, h, {.units = model.layers[i], .activation = activation}), model.dropout);
    if (model.batch_norm) h = step.batch_norm(name + "/batch_norm", h, {.momentum = model.batch_norm_momentum});
  }
  return step.dense("logits", h, {.units = step.head().logits()});
}

}  // namespace

EstimatorSpec baseline(Step& step) {
  Tape& tape = step.tape();
  const std::int64_t units = step.head().logits();
  const Var bias =
      tape.variable(step.parameter("baseline/bias", 1, units, {.initial = Initial::constant(0), .decay = false}));
  return step.estimate(add_row(tape, tape.constant(tape.zeros(step.rows().rows, units)), bias));
}

EstimatorSpec linear(Step& step) {
  return step.estimate(linear_logits(step));
}

EstimatorSpec deep(Step& step) {
  return step.estimate(deep_logits(step));
}

EstimatorSpec wide_deep(Step& step) {
  return step.estimate(add(step.tape(), deep_logits(step), linear_logits(step)));
}

ModelFn row_model(const Spec& spec) {
  const std::string& kind = spec.model.kind;
  if (kind == "baseline") return baseline;
  if (kind == "linear") return linear;
  if (kind == "deep") return deep;
  if (kind == "wide_deep") return wide_deep;
  throw Error::invalid_argument(fmt::format("model.kind = \"{}\" is no model over rows", kind),
                                "take one of: linear, deep, wide_deep, baseline");
}

}  // namespace kin
