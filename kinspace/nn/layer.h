#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/nn/input_layer.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"

// Layers as values: a network is written down once and then called on any tape.
//
//   namespace layers = kin::layers;
//   const kin::Sequential tower({layers::dense(64, {.activation = kin::kernels::Activation::kRelu}),
//                                layers::dropout(0.2F),
//                                layers::batch_norm(),
//                                layers::dense(1).named("logits")});
//   kin::LayerContext context{tape, source};
//   const kin::Var out = tower(context, "deep", x);    // deep/dense_0/kernel ... deep/logits/bias

namespace kin {

/// What a layer needs for one step: the tape, which also says whether it trains, and its parameters. Borrows both; what
/// `parameters` refers to must outlive it, so it is no temporary.
struct LayerContext {
  Tape& tape;
  ParameterSource parameters;

  /// The parameter `<name>` of a layer; row r has the key number r.
  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t cols,
                       const ParameterOptions& options) const;

  /// Its value on the tape.
  Var variable(const std::string& name, std::int64_t rows, std::int64_t cols, const ParameterOptions& options) const;

  /// A parameter [1, cols] that is not trained, such as a moving average.
  Parameter& state(const std::string& name, std::int64_t cols, Initial initial) const;
};

/// A layer of a network, by name.
struct LayerInfo {
  std::string name;      ///< below the network: "dense_0", or "residual_0/dense_0" within another layer
  std::string kind;      ///< such as "dense"
  std::string settings;  ///< such as "64, relu"; may be empty
};

/// A function from matrix to matrix that has named parameters. Shapes follow from the input of the first call.
///
/// Copies   share what they are made of, which never changes.
/// Threads  any number may call it, each with a context of its own.
class Layer {
 public:
  /// `name` is the full name of the layer: parameters are called `<name>/kernel` and so on.
  using Call = std::function<Var(LayerContext& context, const std::string& name, Var x)>;

  /// Any function may be a layer. `within` describes layers that it calls below its own name.
  Layer(std::string kind, Call call, std::string settings = {}, std::vector<LayerInfo> within = {});

  /// The same layer under a name of its own instead of `<kind>_<number>`; parameters of like names are shared.
  /// Errors   kInvalidArgument for an empty name.
  Layer named(std::string name) const;

  /// x [B, D]; out [B, whatever the layer makes of it].
  /// Errors   those of its ops, begun with `name` and ended with the shape of x.
  Var operator()(LayerContext& context, const std::string& name, Var x) const;

  const std::string& kind() const noexcept { return body_->kind; }
  const std::string& name() const noexcept { return name_; }  ///< empty unless named()
  const std::string& settings() const noexcept { return body_->settings; }
  const std::vector<LayerInfo>& within() const noexcept { return body_->within; }

 private:
  struct Body {
    std::string kind;
    Call call;
    std::string settings;
    std::vector<LayerInfo> within;
  };

  std::shared_ptr<const Body> body_;
  std::string name_;
};

/// One layer of a summary.
struct LayerSummary {
  LayerInfo layer;
  std::int64_t width = 0;    ///< of its output
  std::int64_t weights = 0;  ///< of all its parameters, moving averages too
};

/// Layers one after the other, as in tf.keras.Sequential.
///
/// Names    layers without a name of their own are called `<kind>_<number>`, counted for each kind from 0; so a dropout
///          more or less does not rename the parameters of dense layers.
/// Empty    without layers the result is x itself.
class Sequential {
 public:
  Sequential() = default;
  /// Errors   kInvalidArgument when two layers have the same name.
  Sequential(std::initializer_list<Layer> layers) : Sequential(std::vector<Layer>(layers)) {}
  explicit Sequential(std::vector<Layer> layers);

  /// Layer i is called `<scope>/<its name>`, or by its name alone when `scope` is empty.
  Var operator()(LayerContext& context, const std::string& scope, Var x) const;

  const std::vector<Layer>& layers() const noexcept { return layers_; }

  /// All layers in order, each followed by those within it.
  std::vector<LayerInfo> describe() const;

  /// What each layer makes of rows of `width` columns. Errors   as operator().
  /// Cost     makes the parameters of the network once and drops them.
  std::vector<LayerSummary> summarize(std::int64_t width) const;

 private:
  std::vector<Layer> layers_;
  std::vector<std::string> names_;
};

}  // namespace kin
