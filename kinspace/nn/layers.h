#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/layer.h"
#include "kinspace/nn/normalization.h"
#include "kinspace/nn/steps.h"

/// Layers for Sequential, as in tf.keras.layers. "Parameters" name what stands below the name of the layer.
namespace kin::layers {

struct DenseOptions {
  kernels::Activation activation = kernels::Activation::kLinear;
  bool bias = true;
  Initial initial = Initial::glorot_uniform();  ///< of the kernel
  Initial bias_initial = Initial::constant(0.0F);
};

/// activation(x kernel + bias). Parameters   kernel [D, units], bias [1, units].
/// Errors   kInvalidArgument unless units >= 1.
Layer dense(std::int64_t units, const DenseOptions& options = {});

/// Drops inputs while training (kin::dropout). Errors   kInvalidArgument unless 0 <= rate < 1.
Layer dropout(float rate);

/// f(x) element by element.
Layer activation(kernels::Activation f);

struct BatchNormLayerOptions {
  BatchNormOptions norm = {};
  bool center = true;  ///< has a beta
  bool scale = true;   ///< has a gamma
};

/// Parameters   gamma (1 at first), beta (0), moving_mean (0), moving_variance (1), all [1, D]; the last two are not
///              trained. Where gamma and beta are not trainable either, the layer is frozen, as in Keras.
/// Errors   kInvalidArgument for impossible options.
Layer batch_norm(const BatchNormLayerOptions& options = {});

struct LayerNormOptions {
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
};

/// Parameters   gamma (1 at first), beta (0), both [1, D].
Layer layer_norm(const LayerNormOptions& options = {});

/// Rows of length 1 (kin::normalize_rows).
Layer l2_normalize();

struct CrossOptions {
  std::int64_t rank = 0;  ///< of the kernels; 0: full
  bool bias = true;
};

/// A cross network of `depth` layers over its input (kin::cross).
/// Parameters   cross_<i>/kernel [D, D], or u [D, rank] and v [rank, D]; cross_<i>/bias [1, D].
/// Errors   kInvalidArgument unless depth >= 1 and rank >= 0.
Layer cross(std::int64_t depth = 1, const CrossOptions& options = {});

/// Products of all pairs of fields, added up: [B, D / fields] (kin::field_products), and over their columns too: [B, 1]
/// (kin::factorization_machine).
/// Errors   kInvalidArgument unless fields >= 1.
Layer field_products(std::int64_t fields);
Layer factorization_machine(std::int64_t fields);

/// A network as one layer, its layers below the name of this one.
Layer sequential(Sequential network);

/// x + network(x). Where the network changes the width, x goes through a projection without bias.
/// Parameters   those of the network; projection/kernel [D, width], if needed.
Layer residual(Sequential network);

/// Networks over the same input, their results side by side.
/// Parameters   those of network i below branch_<i>.
/// Errors   kInvalidArgument for none.
Layer concat(std::vector<Sequential> branches);

// Over sequences. These are called at once, as their input is no matrix.

/// kin::conv1d.
/// Parameters   kernel [size * D, filters], drawn as that of a dense layer of this shape; bias [1, filters].
SequenceInput conv1d(LayerContext& context, const std::string& name, const SequenceInput& x, std::int64_t filters,
                     const ConvOptions& options = {});

/// Attention over the steps of each row with a query that is learned (kin::attention_pool).
/// Parameters   query [1, D].
Var attention_pool(LayerContext& context, const std::string& name, const SequenceInput& x);

struct TextCnnOptions {
  std::vector<std::int64_t> sizes = {3, 4, 5};  ///< of the windows
  std::int64_t filters = 100;                   ///< for each size
  kernels::Activation activation = kernels::Activation::kRelu;
};

/// For each size of window a convolution and the greatest value over the row, side by side: [B, sizes * filters].
/// Parameters   conv_<size>/kernel, conv_<size>/bias.
/// Errors   kInvalidArgument for no size, or one twice.
/// Source   Kim, "Convolutional neural networks for sentence classification", arXiv:1408.5882.
Var text_cnn(LayerContext& context, const std::string& name, const SequenceInput& x,
             const TextCnnOptions& options = {});

}  // namespace kin::layers
