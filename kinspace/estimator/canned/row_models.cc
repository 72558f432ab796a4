#include "kinspace/estimator/canned/row_models.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/nn/activation.h"
#include "kinspace/nn/concat.h"
#include "kinspace/nn/steps.h"

namespace kin {
namespace {

Var linear_logits(Step& step) {
  const ModelOptions& model = step.spec().model;
  return step.linear(
      "linear", {.units = step.head().logits(), .columns = model.wide, .combiner = combiner_from_name(model.combiner)});
}

bool is_sequence(const FeatureColumn& column) {
  return std::visit(
      [](const auto& c) {
        if constexpr (requires { c.sequence; }) return c.sequence;
        return false;
      },
      column);
}

/// The steps of one sequence column as one vector.
Var pooled(Step& step, const std::string& column) {
  const std::string& pooling = step.spec().model.pooling;
  const SequenceInput steps = step.sequence({column});
  if (pooling == "attention") return step.attention_pool(column + "/attention", steps);
  return pool_steps(step.tape(), steps,
                    pooling == "max"   ? StepPooling::kMax
                    : pooling == "sum" ? StepPooling::kSum
                                       : StepPooling::kMean);
}

/// The columns of the deep part side by side: bags first, then what sequences are pooled to.
Var deep_input(Step& step) {
  std::vector<std::string> bags;
  std::vector<std::string> sequences;
  const std::vector<std::string>& wanted = step.spec().model.deep;
  for (const auto& [name, column] : step.spec().columns) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    (is_sequence(column) ? sequences : bags).push_back(name);
  }
  if (sequences.empty()) return step.input(wanted);
  std::vector<Var> parts;
  if (!bags.empty()) parts.push_back(step.input(bags));
  for (const std::string& name : sequences) parts.push_back(pooled(step, name));
  return parts.size() == 1 ? parts.front() : concat(step.tape(), parts);
}

Var deep_logits(Step& step) {
  const ModelOptions& model = step.spec().model;
  const kernels::Activation activation = activation_named(model.activation);
  Var h = deep_input(step);
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
