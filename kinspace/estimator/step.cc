#include "kinspace/estimator/step.h"

#include <fmt/format.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/layers.h"

namespace kin {

RowContext& Step::row_context() const {
  if (rows_ != nullptr) return *rows_;
  throw Error::invalid_argument("the model function reads the columns of rows, and the spec has histories",
                                "leave out data.group_by, or read the history with Step::embedding");
}

const ModelContext& Step::context() const {
  if (context_ != nullptr) return *context_;
  throw Error::invalid_argument("the model function reads a history, and the spec has rows without histories",
                                "name the column of the users: data.group_by = \"userId\"");
}

const EncodedBatch& Step::rows() const {
  row_context();
  return *row_batch_;
}

std::span<const HeadLabels> Step::row_labels() const {
  row_context();
  if (mode_ != Mode::kPredict) return row_labels_;
  throw Error::internal("[Step] the model function reads labels while predicting, when there are none");
}

const Head& Step::head() const {
  return *row_context().head;
}

template <class Layer>
auto Step::run(const Layer& layer) {
  return layer(
      tape_,
      [this](const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options,
             KeyNumber key_number) -> Parameter& { return parameter(name, rows, dim, options, key_number); },
      *row_batch_);
}

Var Step::input(const std::vector<std::string>& columns) {
  RowContext& rows = row_context();
  const std::string key = fmt::format("{}", fmt::join(columns, ","));
  return run(rows.inputs.try_emplace(key, spec_->columns, *rows.encoder, columns).first->second);
}

Var Step::linear(const std::string& name, const LinearOptions& options) {
  RowContext& rows = row_context();
  return run(
      rows.linears
          .try_emplace(name, spec_->columns, *rows.encoder, options.columns, name, options.units, options.combiner)
          .first->second);
}

SequenceInput Step::sequence(const std::vector<std::string>& columns) {
  RowContext& rows = row_context();
  const std::string key = fmt::format("{}", fmt::join(columns, ","));
  return run(rows.sequences.try_emplace(key, spec_->columns, *rows.encoder, columns).first->second);
}

EstimatorSpec Step::estimate(Var logits) {
  const Head& head = this->head();
  if (logits.cols() != head.logits()) {
    throw Error::invalid_argument(
        fmt::format("the model function makes {} logits, and the head takes {}", logits.cols(), head.logits()),
        "give the last layer as many units as Step::head().logits()");
  }
  EstimatorSpec out;
  out.logits = logits;
  if (mode_ != Mode::kPredict) out.loss = head.loss(tape_, logits, row_labels());
  return out;
}

SparseTensor Step::ids() const {
  context();
  return {examples_->context_offsets, examples_->context_rows, {}};
}

SparseTensor Step::labels() const {
  context();
  if (mode_ == Mode::kPredict) {
    throw Error::internal("[Step] the model function reads labels while predicting, when there are none");
  }
  return {examples_->target_offsets, examples_->target_rows, {}};
}

Var Step::embedding(const std::string& name, const EmbeddingLayer& layer) {
  const float std_dev = layer.init_std > 0 ? layer.init_std : 1.0F / std::sqrt(static_cast<float>(layer.dim));
  Parameter& table = item_parameter(name + "/embedding", layer.dim,
                                    {.initial = Initial::truncated_normal(std_dev), .by_row = samples_items()});
  const SparseTensor kept = drop_ids(tape_, ids(), layer.item_dropout);
  Var weights;
  if (layer.position == "recency") weights = recency_weights(tape_, kept, layer.half_life);
  if (layer.position == "learned") {
    Parameter& logits =
        parameter(name + "/position", layer.positions, 1, {.initial = Initial::constant(0), .decay = false});
    weights = position_weights(tape_, tape_.variable(logits), kept, layer.half_life);
  }
  const Var combined = combine(tape_, table, kept, layer.combiner, weights);
  // A sum shrinks with what is dropped; the other combiners make up for it by themselves.
  const bool shrinks = layer.combiner == Combiner::kSum && layer.item_dropout > 0 && mode_ == Mode::kTrain;
  return shrinks ? scale(tape_, combined, 1.0F / (1.0F - layer.item_dropout)) : combined;
}

Var Step::dense(const std::string& name, Var x, const DenseLayer& layer) {
  Parameter& kernel = parameter(name + "/kernel", x.cols(), layer.units, {.initial = Initial::glorot_uniform()});
  Var bias;
  if (layer.bias)
    bias = tape_.variable(parameter(name + "/bias", 1, layer.units, {.initial = Initial::constant(0), .decay = false}));
  return kin::dense(tape_, x, tape_.variable(kernel), bias, layer.activation);
}

Var Step::batch_norm(const std::string& name, Var x, const BatchNormOptions& options) {
  const auto row = [&](const char* part, float start, bool trainable) -> Parameter& {
    return parameter(name + "/" + part, 1, x.cols(),
                     {.initial = Initial::constant(start), .decay = false, .trainable = trainable});
  };
  const Var gamma = tape_.variable(row("gamma", 1, true));
  const Var beta = tape_.variable(row("beta", 0, true));
  return kin::batch_norm(tape_, x, gamma, beta, row("moving_mean", 0, false), row("moving_variance", 1, false),
                         options);
}

Parameter& Step::item_parameter(const std::string& name, std::int64_t dim, const ParameterOptions& options) {
  const KeyList& keys = context().vocabulary->keys();
  return parameter(name, context().item_rows(), dim, options,
                   [&](std::int64_t row) { return row < keys.size() ? keys.number(row) : ~std::uint64_t{0}; });
}

Parameter& Step::parameter(const std::string& name, std::int64_t rows, std::int64_t dim,
                           const ParameterOptions& options) {
  return parameter(name, rows, dim, options, [](std::int64_t row) { return static_cast<std::uint64_t>(row); });
}

Parameter& Step::parameter(const std::string& name, std::int64_t rows, std::int64_t dim,
                           const ParameterOptions& options, KeyNumber key_number) {
  if (mode_ != Mode::kTrain) return existing(name, rows, dim);
  return store_.parameter(tape_.pool(), name, rows, dim, options, key_number);
}

Parameter& Step::existing(const std::string& name, std::int64_t rows, std::int64_t dim) {
  Parameter* found = store_.find(name);
  if (found == nullptr || found->rows() != rows || found->dim() != dim) {
    throw Error::corruption(
        fmt::format("the model needs a tensor '{}' of shape [{}, {}] and {}", name, rows, dim,
                    found == nullptr ? std::string("has none of that name")
                                     : fmt::format("holds one of shape [{}, {}]", found->rows(), found->dim())),
        "its files do not belong together: train again, or take them from a backup");
  }
  return *found;
}

template <class Body>
Var Step::with_layers(Body body) {
  const auto source = [this](const std::string& parameter_name, std::int64_t rows, std::int64_t dim,
                             const ParameterOptions& options, KeyNumber key_number) -> Parameter& {
    return parameter(parameter_name, rows, dim, options, key_number);
  };
  LayerContext context{tape_, source};
  return body(context);
}

Var Step::apply(const std::string& name, const Sequential& network, Var x) {
  return with_layers([&](LayerContext& context) { return network(context, name, x); });
}

Var Step::attention_pool(const std::string& name, const SequenceInput& x) {
  return with_layers([&](LayerContext& context) { return layers::attention_pool(context, name, x); });
}

ModelFn estimator_from(Sequential network, std::vector<std::string> columns) {
  return [network = std::move(network), columns = std::move(columns)](Step& step) {
    const Var h = step.apply("", network, step.input(columns));
    return step.estimate(step.dense("logits", h, {.units = step.head().logits()}));
  };
}

}  // namespace kin
