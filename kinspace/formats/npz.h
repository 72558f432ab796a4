#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/safetensors.h"

namespace kin {

/// Writes arrays as a NumPy archive (.npz: a ZIP of .npy files, stored); each is named "<name>.npy" in it. `sink` takes
/// the bytes in order, in pieces of any size. The bytes are a function of the arrays.
/// Errors   kInvalidArgument for two arrays of one name, a type that NumPy does not have (BF16), more than 4 GiB in an
///          array or in all (safetensors has no such limit), or more than 65 535 arrays.
void write_npz(std::span<const TensorSource> arrays, const std::function<void(std::string_view)>& sink);

}  // namespace kin
