#pragma once

#include <cstdint>

#include "kinspace/base/thread_pool.h"
#include "kinspace/tensor/matrix.h"
#include "kinspace/tensor/precision.h"

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

/// The same with factors of a precision.
///
/// Bits     kBf16: factors are rounded to nearest, ties to even, and denormal ones are 0. A chain takes steps
///          1, 0, 3, 2 and so on, behind an odd K one of 0 * 0, and denormal sums are 0, as in VDPBF16PS. The result
///          depends on nothing else, as above; but a product may be cut along k only where k is even.
/// Cost     kBf16: both sides are packed, O(M K + K N); half the time where Isa::kAvx512Bf16 runs, else a little more
///          than that of kFp32.
void gemm(ThreadPool& pool, Precision precision, Transpose transpose_a, ConstMatrixView a, Transpose transpose_b,
          ConstMatrixView b, MatrixView c, bool accumulate = false);

/// Floats from row to row that let gemm() read matrices of so many columns where they lie: whole cache lines, and rows
/// that do not share a set of the cache. Below 16 columns it is `cols`.
std::int64_t stride_for_products(std::int64_t cols) noexcept;

/// The right side op(B) of matrix products, packed once for many of them. Refers to memory of its maker.
struct PackedRight {
  const float* panels;
  std::int64_t depth;  ///< K
  std::int64_t cols;   ///< N
  Precision precision = Precision::kFp32;
};

/// Floats of memory that suffice for pack_right() of an op(B) [depth, cols].
std::int64_t packed_right_floats(std::int64_t depth, std::int64_t cols) noexcept;

/// Packs op(B) into `memory` of packed_right_floats(); B may change afterwards. Cost: one pass over B.
PackedRight pack_right(ThreadPool& pool, Transpose transpose_b, ConstMatrixView b, float* memory);
PackedRight pack_right(ThreadPool& pool, Precision precision, Transpose transpose_b, ConstMatrixView b, float* memory);

/// gemm() of the precision of B with the same bits, without packing B again.
void gemm(ThreadPool& pool, Transpose transpose_a, ConstMatrixView a, const PackedRight& b, MatrixView c,
          bool accumulate = false);

}  // namespace kin
