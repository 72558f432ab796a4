#pragma once

#include "kinspace/tensor/matrix.h"

namespace kin::internal {

/// Errors: kInternal when the offsets of `ids` do not rise from 0 to the number of ids, or weights have another length.
void check_sparse(const char* op, const SparseTensor& ids);

/// Errors: kInternal unless `m` is [rows, cols].
void check_shape(const char* op, const char* what, ConstMatrixView m, std::int64_t rows, std::int64_t cols);

}  // namespace kin::internal
