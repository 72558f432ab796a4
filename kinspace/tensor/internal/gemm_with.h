#pragma once

#include "kinspace/base/thread_pool.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/gemm.h"
#include "kinspace/tensor/matrix.h"

namespace kin::internal {

/// gemm() of tensor/gemm.h with the kernels of a given instruction set; for tests and benchmarks.
void gemm_with(const kernels::Table& table, ThreadPool& pool, Precision precision, Transpose transpose_a,
               ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, MatrixView c, bool accumulate);
void gemm_with(const kernels::Table& table, ThreadPool& pool, Transpose transpose_a, ConstMatrixView a,
               const PackedRight& b, MatrixView c, bool accumulate);

/// pack_right(), for gemm_with() of the same table.
PackedRight pack_right_with(const kernels::Table& table, ThreadPool& pool, Precision precision, Transpose transpose,
                            ConstMatrixView b, float* memory);

}  // namespace kin::internal
