#pragma once

#include <functional>
#include <string_view>

#include "kinspace/tensor/matrix.h"

namespace kin {

/// Writes a matrix as a NumPy file (.npy, version 1.0): '<f4', C order, shape (rows, cols).
/// `sink` takes the bytes in order, in pieces of any size.
void write_npy(ConstMatrixView matrix, const std::function<void(std::string_view)>& sink);

}  // namespace kin
