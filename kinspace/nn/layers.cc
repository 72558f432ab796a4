#include "kinspace/nn/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/nn/activation.h"
#include "kinspace/nn/concat.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/interactions.h"

namespace kin::layers {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw Error::invalid_argument(message);
}

Var kernel_of(LayerContext& context, const std::string& name, std::int64_t rows, std::int64_t cols,
              Initial initial = Initial::glorot_uniform()) {
  return context.variable(name, rows, cols, {.initial = initial});
}

/// [1, cols], without decay; nothing unless `wanted`.
Var row_of(LayerContext& context, const std::string& name, std::int64_t cols, Initial initial, bool wanted = true) {
  return wanted ? context.variable(name, 1, cols, {.initial = initial, .decay = false}) : Var();
}

const Initial kZeros = Initial::constant(0.0F);
const Initial kOnes = Initial::constant(1.0F);

/// Descriptions of a network whose layers stand below `scope`.
std::vector<LayerInfo> below(const std::string& scope, const Sequential& network) {
  std::vector<LayerInfo> out = network.describe();
  for (LayerInfo& one : out) one.name = fmt::format("{}/{}", scope, one.name);
  return out;
}

}  // namespace

Layer dense(std::int64_t units, const DenseOptions& options) {
  require(units >= 1, fmt::format("dense: units = {} has to be at least 1", units));
  const bool linear = options.activation == kernels::Activation::kLinear;
  return Layer(
      "dense",
      [units, options](LayerContext& context, const std::string& name, Var x) {
        const Var kernel = kernel_of(context, name + "/kernel", x.cols(), units, options.initial);
        const Var bias = row_of(context, name + "/bias", units, options.bias_initial, options.bias);
        return kin::dense(context.tape, x, kernel, bias, options.activation);
      },
      linear ? fmt::format("{}", units) : fmt::format("{}, {}", units, activation_name(options.activation)));
}

Layer dropout(float rate) {
  require(rate >= 0 && rate < 1, fmt::format("dropout: rate = {} has to be from 0 to below 1", rate));
  return Layer(
      "dropout",
      [rate](LayerContext& context, const std::string&, Var x) { return kin::dropout(context.tape, x, rate); },
      fmt::format("{}", rate));
}

Layer activation(kernels::Activation f) {
  return Layer(
      "activation", [f](LayerContext& context, const std::string&, Var x) { return activate(context.tape, x, f); },
      std::string(activation_name(f)));
}

Layer batch_norm(const BatchNormLayerOptions& options) {
  require(options.norm.epsilon > 0, fmt::format("batch_norm: epsilon = {} has to be above 0", options.norm.epsilon));
  require(options.norm.momentum >= 0 && options.norm.momentum <= 1,
          fmt::format("batch_norm: momentum = {} has to be 0 to 1", options.norm.momentum));
  return Layer("batch_norm", [options](LayerContext& context, const std::string& name, Var x) {
    const Var gamma = row_of(context, name + "/gamma", x.cols(), kOnes, options.scale);
    const Var beta = row_of(context, name + "/beta", x.cols(), kZeros, options.center);
    Parameter& mean = context.state(name + "/moving_mean", x.cols(), kZeros);
    Parameter& variance = context.state(name + "/moving_variance", x.cols(), kOnes);
    BatchNormOptions norm = options.norm;
    const bool trains = gamma.tracked() || beta.tracked() || !(gamma.exists() || beta.exists());
    norm.frozen = norm.frozen || (context.tape.training() && !trains);
    return kin::batch_norm(context.tape, x, gamma, beta, mean, variance, norm);
  });
}

Layer layer_norm(const LayerNormOptions& options) {
  require(options.epsilon > 0, fmt::format("layer_norm: epsilon = {} has to be above 0", options.epsilon));
  return Layer("layer_norm", [options](LayerContext& context, const std::string& name, Var x) {
    const Var gamma = row_of(context, name + "/gamma", x.cols(), kOnes, options.scale);
    const Var beta = row_of(context, name + "/beta", x.cols(), kZeros, options.center);
    return kin::layer_norm(context.tape, x, gamma, beta, options.epsilon);
  });
}

Layer l2_normalize() {
  return Layer("l2_normalize",
               [](LayerContext& context, const std::string&, Var x) { return normalize_rows(context.tape, x); });
}

Layer cross(std::int64_t depth, const CrossOptions& options) {
  require(depth >= 1, fmt::format("cross: depth = {} has to be at least 1", depth));
  require(options.rank >= 0, fmt::format("cross: rank = {} has to be at least 0", options.rank));
  return Layer(
      "cross",
      [depth, options](LayerContext& context, const std::string& name, Var x0) {
        const std::int64_t width = x0.cols();
        Var x = x0;
        for (std::int64_t i = 0; i < depth; ++i) {
          const std::string part = fmt::format("{}/cross_{}", name, i);
          if (options.rank == 0) {
            const Var kernel = kernel_of(context, part + "/kernel", width, width);
            x = kin::cross(context.tape, x0, x, kernel, row_of(context, part + "/bias", width, kZeros, options.bias));
          } else {
            const Var u = kernel_of(context, part + "/u", width, options.rank);
            const Var v = kernel_of(context, part + "/v", options.rank, width);
            x = kin::cross(context.tape, x0, x, u, v, row_of(context, part + "/bias", width, kZeros, options.bias));
          }
        }
        return x;
      },
      options.rank == 0 ? fmt::format("{}", depth) : fmt::format("{}, rank {}", depth, options.rank));
}

Layer field_products(std::int64_t fields) {
  require(fields >= 1, fmt::format("field_products: fields = {} has to be at least 1", fields));
  return Layer(
      "field_products",
      [fields](LayerContext& context, const std::string&, Var x) {
        return kin::field_products(context.tape, x, fields);
      },
      fmt::format("{}", fields));
}

Layer factorization_machine(std::int64_t fields) {
  require(fields >= 1, fmt::format("factorization_machine: fields = {} has to be at least 1", fields));
  return Layer(
      "factorization_machine",
      [fields](LayerContext& context, const std::string&, Var x) {
        return kin::factorization_machine(context.tape, x, fields);
      },
      fmt::format("{}", fields));
}

Layer sequential(Sequential network) {
  auto within = network.describe();
  return Layer(
      "sequential",
      [network = std::move(network)](LayerContext& context, const std::string& name, Var x) {
        return network(context, name, x);
      },
      "", std::move(within));
}

Layer residual(Sequential network) {
  auto within = network.describe();
  return Layer(
      "residual",
      [network = std::move(network)](LayerContext& context, const std::string& name, Var x) {
        const Var changed = network(context, name, x);
        if (changed.cols() != x.cols()) {
          const Var kernel = kernel_of(context, name + "/projection/kernel", x.cols(), changed.cols());
          x = kin::dense(context.tape, x, kernel, Var(), kernels::Activation::kLinear);
        }
        return add(context.tape, x, changed);
      },
      "", std::move(within));
}

Layer concat(std::vector<Sequential> branches) {
  require(!branches.empty(), "concat: there is nothing to join");
  std::vector<LayerInfo> within;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const auto infos = below(fmt::format("branch_{}", i), branches[i]);
    within.insert(within.end(), infos.begin(), infos.end());
  }
  std::string settings = fmt::format("{}", branches.size());
  return Layer(
      "concat",
      [branches = std::move(branches)](LayerContext& context, const std::string& name, Var x) {
        std::vector<Var> parts;
        for (std::size_t i = 0; i < branches.size(); ++i) {
          parts.push_back(branches[i](context, fmt::format("{}/branch_{}", name, i), x));
        }
        return kin::concat(context.tape, parts);
      },
      std::move(settings), std::move(within));
}

SequenceInput conv1d(LayerContext& context, const std::string& name, const SequenceInput& x, std::int64_t filters,
                     const ConvOptions& options) {
  require(filters >= 1 && options.size >= 1,
          fmt::format("{}: filters = {} and size = {} have to be at least 1", name, filters, options.size));
  const Var kernel = kernel_of(context, name + "/kernel", options.size * x.steps.cols(), filters);
  return kin::conv1d(context.tape, x, kernel, row_of(context, name + "/bias", filters, kZeros), options);
}

Var attention_pool(LayerContext& context, const std::string& name, const SequenceInput& x) {
  const std::int64_t width = x.steps.cols();
  const float spread = 1.0F / std::sqrt(static_cast<float>(std::max<std::int64_t>(width, 1)));
  const Var query = row_of(context, name + "/query", width, Initial::truncated_normal(spread));
  return kin::attention_pool(context.tape, query, x, x.steps);
}

Var text_cnn(LayerContext& context, const std::string& name, const SequenceInput& x, const TextCnnOptions& options) {
  require(!options.sizes.empty(), fmt::format("{}: no size of window is given", name));
  std::vector<Var> parts;
  for (std::size_t i = 0; i < options.sizes.size(); ++i) {
    const std::int64_t size = options.sizes[i];
    const auto end = options.sizes.begin() + static_cast<std::ptrdiff_t>(i);
    require(std::find(options.sizes.begin(), end, size) == end, fmt::format("{}: size {} twice", name, size));
    const ConvOptions conv{.size = size, .activation = options.activation};
    const SequenceInput found = conv1d(context, fmt::format("{}/conv_{}", name, size), x, options.filters, conv);
    parts.push_back(pool_steps(context.tape, found, StepPooling::kMax));
  }
  return kin::concat(context.tape, parts);
}

}  // namespace kin::layers
