#pragma once

#include "kinspace/nn/parameter.h"
#include "kinspace/tensor/matrix.h"

namespace kin::internal {

/// Errors: kInternal when the offsets of `ids` do not rise from 0 to the number of ids, or weights have another length.
void check_sparse(const char* op, const SparseTensor& ids);

/// Errors: kInternal unless `m` is [rows, cols].
void check_shape(const char* op, const char* what, ConstMatrixView m, std::int64_t rows, std::int64_t cols);

/// Throws kInvalidArgument: example b has an id that `table` lacks.
[[noreturn]] void refuse_id(const char* op, const Parameter& table, std::int64_t b, std::int64_t id);

/// Throws kInternal: a gradient names a row that `parameter` lacks.
[[noreturn]] void refuse_row(const Parameter& parameter, std::int64_t row);

/// TensorFlow's safe lookup gives examples without ids the id 0 and takes its row away afterwards, so that row 0 has a
/// gradient, of zeros. Rules that move a row for that (FTRL, momentum) are to move it too where they follow TensorFlow.
inline bool empty_examples_touch_row_0(const Parameter& table) noexcept {
  return table.optimizer() != nullptr && table.optimizer()->options().compat != "none";
}

}  // namespace kin::internal
