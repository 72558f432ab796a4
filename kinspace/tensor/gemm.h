#pragma once

#include <cstdint>

#include "kinspace/base/thread_pool.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

enum class Transpose : bool { kNo = false, kYes = true };

/// Matrix product.
///
///   C[m, n] = sum_k op(A)[m, k] * op(B)[k, n]   (+ C[m, n] when `accumulate`)
///
/// Bits     every C[m, n] is one chain of fused multiply-adds in rising k, started from 0 or from the old C[m, n]; so
///          the result does not depend on the threads, the blocking or the instruction set, and a product may be cut
///          along k into calls that accumulate.
/// Shapes   op(A) [M, K], op(B) [K, N], C [M, N]; any strides >= cols. C overlaps neither A nor B.
/// Empty    K = 0 leaves C zero (or as it was, when accumulating).
/// Errors   kInternal when the shapes do not fit.
/// Cost     2 M N K FLOP; packing buffers are kept per thread and reused.
/// Source   packed panels and register tiles as in Goto & van de Geijn, "Anatomy of high-performance matrix
///          multiplication", TOMS 2008.
void gemm(ThreadPool& pool, Transpose transpose_a, ConstMatrixView a, Transpose transpose_b, ConstMatrixView b,
          MatrixView c, bool accumulate = false);

}  // namespace kin
