#include "kinspace/nn/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "kinspace/base/error.h"

namespace kin {

Parameter& LayerContext::parameter(const std::string& name, std::int64_t rows, std::int64_t cols,
                                   const ParameterOptions& options) const {
  return parameters(name, rows, cols, options, [](std::int64_t row) { return static_cast<std::uint64_t>(row); });
}

Var LayerContext::variable(const std::string& name, std::int64_t rows, std::int64_t cols,
                           const ParameterOptions& options) const {
  return tape.variable(parameter(name, rows, cols, options));
}

Parameter& LayerContext::state(const std::string& name, std::int64_t cols, Initial initial) const {
  return parameter(name, 1, cols, {.initial = initial, .decay = false, .trainable = false});
}

Layer::Layer(std::string kind, Call call, std::string settings, std::vector<LayerInfo> within)
    : body_(std::make_shared<const Body>(
          Body{std::move(kind), std::move(call), std::move(settings), std::move(within)})) {}

Layer Layer::named(std::string name) const {
  if (name.empty()) throw Error::invalid_argument(fmt::format("a layer '{}' without a name", kind()));
  Layer out = *this;
  out.name_ = std::move(name);
  return out;
}

Var Layer::operator()(LayerContext& context, const std::string& name, Var x) const {
  if (!x.exists()) throw Error::invalid_argument(fmt::format("{}: there is no input", name));
  try {
    return body_->call(context, name, x);
  } catch (const Error& e) {
    if (e.message().rfind(name, 0) == 0) throw;  // said by a layer within
    throw Error(e.code(), fmt::format("{}: {} (the input is [{}, {}])", name, e.message(), x.rows(), x.cols()),
                e.fix());
  }
}

Sequential::Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {
  std::map<std::string, std::int64_t> count;
  for (const Layer& layer : layers_) {
    const std::int64_t number = layer.name().empty() ? count[layer.kind()]++ : 0;
    names_.push_back(layer.name().empty() ? fmt::format("{}_{}", layer.kind(), number) : layer.name());
    if (std::find(names_.begin(), names_.end() - 1, names_.back()) != names_.end() - 1) {
      throw Error::invalid_argument(fmt::format("two layers are called '{}'", names_.back()),
                                    "name one of them otherwise, with named()");
    }
  }
}

Var Sequential::operator()(LayerContext& context, const std::string& scope, Var x) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i](context, scope.empty() ? names_[i] : fmt::format("{}/{}", scope, names_[i]), x);
  }
  return x;
}

std::vector<LayerInfo> Sequential::describe() const {
  std::vector<LayerInfo> out;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    out.push_back({names_[i], layers_[i].kind(), layers_[i].settings()});
    for (const LayerInfo& inner : layers_[i].within()) {
      out.push_back({fmt::format("{}/{}", names_[i], inner.name), inner.kind, inner.settings});
    }
  }
  return out;
}

std::vector<LayerSummary> Sequential::summarize(std::int64_t width) const {
  ThreadPool pool(1);
  ParameterStore store;
  Tape tape(pool, 1);
  tape.begin({.training = false});
  std::map<std::string, std::int64_t> weights;
  const auto source = [&](const std::string& name, std::int64_t rows, std::int64_t cols, ParameterOptions options,
                          KeyNumber key_number) -> Parameter& {
    weights[name] = rows * cols;
    options.initial = {};
    return store.parameter(pool, name, rows, cols, options, key_number);
  };
  LayerContext context{tape, source};
  std::vector<LayerSummary> out;
  Var x = tape.constant(tape.zeros(1, width));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    weights.clear();
    x = layers_[i](context, names_[i], x);
    LayerSummary one{{names_[i], layers_[i].kind(), layers_[i].settings()}, x.cols(), 0};
    for (const auto& [name, count] : weights) one.weights += count;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace kin
