#pragma once

#include <string_view>

#include "kinspace/kernels/kernels.h"

namespace kin {

/// Names of activations: linear, relu, tanh, sigmoid, gelu, elu, selu, softplus, swish, leaky_relu.
std::string_view activation_name(kernels::Activation f) noexcept;

/// The other way round; "silu" is swish and "" linear.
/// Errors   kInvalidArgument for another name.
kernels::Activation activation_named(std::string_view name);

}  // namespace kin
