#include "kinspace/estimator/step.h"

#include <fmt/core.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"

namespace kin {

SparseTensor Step::ids() const noexcept {
  return {batch_.context_offsets, batch_.context_rows, {}};
}

SparseTensor Step::labels() const {
  if (mode_ == Mode::kPredict) {
    throw Error::internal("[Step] the model function reads labels while predicting, when there are none");
  }
  return {batch_.target_offsets, batch_.target_rows, {}};
}

Var Step::embedding(const std::string& name, const EmbeddingLayer& layer) {
  const float std_dev = layer.init_std > 0 ? layer.init_std : 1.0F / std::sqrt(static_cast<float>(layer.dim));
  Parameter& table = item_parameter(name + "/embedding", layer.dim, {.initial = Initial::truncated_normal(std_dev)});
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

Parameter& Step::item_parameter(const std::string& name, std::int64_t dim, const ParameterOptions& options) {
  if (mode_ == Mode::kPredict) return existing(name, context_.item_rows(), dim);
  const KeyList& keys = context_.vocabulary->keys();
  return store_.parameter(tape_.pool(), name, context_.item_rows(), dim, options,
                          [&](std::int64_t row) { return row < keys.size() ? keys.number(row) : ~std::uint64_t{0}; });
}

Parameter& Step::parameter(const std::string& name, std::int64_t rows, std::int64_t dim,
                           const ParameterOptions& options) {
  if (mode_ == Mode::kPredict) return existing(name, rows, dim);
  return store_.parameter(tape_.pool(), name, rows, dim, options);
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

}  // namespace kin
