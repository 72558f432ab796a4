#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/tensor/matrix.h"

namespace kin {

/// What stands before the values of an array in a .npy file (version 1.0, C order). `type` is NumPy's, such as "<f4".
std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape);

/// Writes a matrix as a NumPy file (.npy, version 1.0): '<f4', C order, shape (rows, cols).
/// `sink` takes the bytes in order, in pieces of any size.
void write_npy(ConstMatrixView matrix, const std::function<void(std::string_view)>& sink);

}  // namespace kin
