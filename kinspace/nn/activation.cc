#include "kinspace/nn/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "kinspace/base/error.h"

namespace kin {
namespace {

/// By the numbers of kernels::Activation.
constexpr std::array<std::string_view, 10> kNames = {"linear", "relu", "tanh",     "sigmoid", "gelu",
                                                     "elu",    "selu", "softplus", "swish",   "leaky_relu"};

}  // namespace

std::string_view activation_name(kernels::Activation f) noexcept {
  return kNames[static_cast<std::size_t>(f)];
}

kernels::Activation activation_named(std::string_view name) {
  if (name.empty()) return kernels::Activation::kLinear;
  if (name == "silu") return kernels::Activation::kSwish;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<kernels::Activation>(i);
  }
  throw Error::invalid_argument(fmt::format("no activation is called '{}'", name),
                                fmt::format("take one of {}", fmt::join(kNames, ", ")));
}

}  // namespace kin
