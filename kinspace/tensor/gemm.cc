#include "kinspace/tensor/gemm.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kinspace/base/buffer.h"
#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/internal/gemm_with.h"

namespace kin {
namespace {

using kernels::Table;

// A panel of op(A) is `gemm_tile_rows` rows of it, a panel of op(B) `gemm_tile_cols` columns, each packed so that step
// k of the sum reads consecutive floats. Both operands are packed once, by all threads, and then every block of C needs
// nothing but packed panels. All sizes are constants, so the cut is the same for any number of threads; that the sums
// are chains over k makes the result independent of the cut as well.
constexpr std::int64_t kDepth = 256;           // k packed at once: a panel of A is 14 KiB and stays in the L1
constexpr std::int64_t kRows = 2048;           // rows of A packed at once: 2 MiB, a share of the L3
constexpr std::int64_t kCols = 2048;           // columns of B packed at once: 2 MiB
constexpr std::int64_t kBlockPanels = 8;       // a block of C is 8 panels of A by 8 of B, 370 KiB in the L2
constexpr std::int64_t kPackPanels = 16;       // panels that a thread packs at a time
constexpr std::int64_t kVectorCols = 2048;     // columns of C that a thread keeps in the L1 for one row of A
constexpr std::int64_t kNarrow = 8;            // a product with fewer columns is computed transposed
constexpr std::int64_t kSerialWork = 1 << 20;  // fewer multiply-adds than this (some 20 us) do not wake other threads

/// A matrix with any distance between neighbours along k and along the other dimension ("lines": rows of op(A) or
/// columns of op(B)).
struct Operand {
  const float* data;
  std::int64_t line_stride;
  std::int64_t k_stride;
};

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Memory for packed panels, kept from call to call by each thread that starts a product.
float* packing_memory(std::int64_t floats) {
  thread_local Buffer<float> memory;
  if (static_cast<std::int64_t>(memory.size()) < floats) memory = Buffer<float>(static_cast<std::size_t>(floats));
  return memory.data();
}

/// Runs the loop here when the whole product is too small to wake other threads for.
void for_chunks(ThreadPool& pool, bool serial, std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (!serial) return pool.run(chunks, body);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
}

void clear(MatrixView c) {
  for (std::int64_t r = 0; r < c.rows; ++r) std::fill_n(c.row(r), c.cols, 0.0F);
}

/// One row of op(A): C is updated by whole rows of op(B), which must lie along their columns. Nothing is packed.
void multiply_row(const Table& table, ThreadPool& pool, bool serial, const Operand& a, const Operand& b,
                  std::int64_t depth, MatrixView c, bool accumulate) {
  if (!accumulate) clear(c);
  for_chunks(pool, serial, ceil_div(c.cols, kVectorCols), [&](std::int64_t chunk) {
    const std::int64_t begin = chunk * kVectorCols;
    const std::int64_t count = std::min(kVectorCols, c.cols - begin);
    for (std::int64_t k = 0; k < depth; ++k) {
      table.axpy(a.data[k * a.k_stride], b.data + k * b.k_stride + begin, c.data + begin, count);
    }
  });
}

struct Packed {
  float* a;
  float* b;
  std::int64_t depth;
};

/// Packs all lines into panels of `width`.
void pack(const Table& table, ThreadPool& pool, bool serial, const Operand& from, std::int64_t lines,
          std::int64_t width, std::int64_t depth, float* packed) {
  const std::int64_t chunk_lines = width * kPackPanels;
  for_chunks(pool, serial, ceil_div(lines, chunk_lines), [&](std::int64_t chunk) {
    const std::int64_t line = chunk * chunk_lines;
    table.gemm_pack(from.data + line * from.line_stride, from.line_stride, from.k_stride,
                    std::min(chunk_lines, lines - line), depth, width, packed + line * depth);
  });
}

/// Fetches a part of C while another is being computed.
void prefetch(MatrixView c, std::int64_t row, std::int64_t row_end, std::int64_t col, std::int64_t col_end) {
  for (std::int64_t r = row; r < row_end; ++r) {
    for (std::int64_t n = col; n < col_end; n += 16) __builtin_prefetch(c.row(r) + n, 1);
  }
}

/// C (+)= packed A times packed B, by blocks of C.
void multiply_packed(const Table& table, ThreadPool& pool, bool serial, const Packed& packed, MatrixView c,
                     bool accumulate) {
  const std::int64_t block_rows = kBlockPanels * table.gemm_tile_rows;
  const std::int64_t block_cols = kBlockPanels * table.gemm_tile_cols;
  const std::int64_t blocks_down = ceil_div(c.rows, block_rows);
  for_chunks(pool, serial, blocks_down * ceil_div(c.cols, block_cols), [&](std::int64_t chunk) {
    const std::int64_t row_begin = chunk % blocks_down * block_rows;
    const std::int64_t col_begin = chunk / blocks_down * block_cols;
    const std::int64_t row_end = std::min(c.rows, row_begin + block_rows);
    const std::int64_t col_end = std::min(c.cols, col_begin + block_cols);
    for (std::int64_t row = row_begin; row < row_end; row += table.gemm_tile_rows) {
      const std::int64_t rows = std::min(table.gemm_tile_rows, row_end - row);
      for (std::int64_t col = col_begin; col < col_end; col += table.gemm_tile_cols) {
        const std::int64_t next = col + table.gemm_tile_cols;
        prefetch(c, row, row + rows, next, std::min(col_end, next + table.gemm_tile_cols));
        table.gemm_tile(packed.depth, packed.a + row * packed.depth, packed.b + col * packed.depth, c.row(row) + col,
                        c.stride, rows, std::min(table.gemm_tile_cols, col_end - col), accumulate);
      }
    }
  });
}

void multiply_blocks(const Table& table, ThreadPool& pool, bool serial, const Operand& a, const Operand& b,
                     std::int64_t depth, MatrixView c, bool accumulate) {
  // Whole panels: the last one is filled up with zeros.
  const std::int64_t step_rows = kRows / table.gemm_tile_rows * table.gemm_tile_rows;
  const std::int64_t most_rows = std::min(step_rows, ceil_div(c.rows, table.gemm_tile_rows) * table.gemm_tile_rows);
  const std::int64_t most_cols = std::min(kCols, ceil_div(c.cols, table.gemm_tile_cols) * table.gemm_tile_cols);
  const std::int64_t most_depth = std::min(kDepth, depth);
  float* memory = packing_memory((most_rows + most_cols) * most_depth);
  for (std::int64_t col = 0; col < c.cols; col += kCols) {
    const std::int64_t cols = std::min(kCols, c.cols - col);
    for (std::int64_t k = 0; k < depth; k += kDepth) {
      const Packed packed{memory + most_cols * most_depth, memory, std::min(kDepth, depth - k)};
      pack(table, pool, serial, {b.data + col * b.line_stride + k * b.k_stride, b.line_stride, b.k_stride}, cols,
           table.gemm_tile_cols, packed.depth, packed.b);
      for (std::int64_t row = 0; row < c.rows; row += step_rows) {
        const std::int64_t rows = std::min(step_rows, c.rows - row);
        pack(table, pool, serial, {a.data + row * a.line_stride + k * a.k_stride, a.line_stride, a.k_stride}, rows,
             table.gemm_tile_rows, packed.depth, packed.a);
        multiply_packed(table, pool, serial, packed, {c.row(row) + col, rows, cols, c.stride}, accumulate || k > 0);
      }
    }
  }
}

void multiply(const Table& table, ThreadPool& pool, const Operand& a, const Operand& b, std::int64_t depth,
              MatrixView c, bool accumulate);

/// C^T = op(B)^T op(A)^T, so that the vectors run along the rows of C when it has few columns.
void multiply_transposed(const Table& table, ThreadPool& pool, const Operand& a, const Operand& b, std::int64_t depth,
                         MatrixView c, bool accumulate) {
  Matrix across(c.cols, c.rows);
  if (accumulate) {
    for (std::int64_t r = 0; r < c.rows; ++r) {
      for (std::int64_t n = 0; n < c.cols; ++n) across.row(n)[r] = c.row(r)[n];
    }
  }
  multiply(table, pool, b, a, depth, across.view(), accumulate);
  for (std::int64_t r = 0; r < c.rows; ++r) {
    for (std::int64_t n = 0; n < c.cols; ++n) c.row(r)[n] = across.row(n)[r];
  }
}

void multiply(const Table& table, ThreadPool& pool, const Operand& a, const Operand& b, std::int64_t depth,
              MatrixView c, bool accumulate) {
  const bool serial = c.rows * c.cols * depth < kSerialWork;
  if (c.cols < kNarrow && c.rows > c.cols) return multiply_transposed(table, pool, a, b, depth, c, accumulate);
  if (c.rows == 1 && b.line_stride == 1) return multiply_row(table, pool, serial, a, b, depth, c, accumulate);
  multiply_blocks(table, pool, serial, a, b, depth, c, accumulate);
}

struct Shape {
  std::int64_t rows;
  std::int64_t cols;
};

Shape shape_of(ConstMatrixView m, Transpose transpose) {
  return transpose == Transpose::kNo ? Shape{m.rows, m.cols} : Shape{m.cols, m.rows};
}

}  // namespace

void internal::gemm_with(const Table& table, ThreadPool& pool, Transpose transpose_a, ConstMatrixView a,
                         Transpose transpose_b, ConstMatrixView b, MatrixView c, bool accumulate) {
  const Shape op_a = shape_of(a, transpose_a);
  const Shape op_b = shape_of(b, transpose_b);
  if (op_a.cols != op_b.rows || op_a.rows != c.rows || op_b.cols != c.cols) {
    throw Error::internal(fmt::format("gemm: [{}, {}] times [{}, {}] does not make [{}, {}]", op_a.rows, op_a.cols,
                                      op_b.rows, op_b.cols, c.rows, c.cols));
  }
  if (a.stride < a.cols || b.stride < b.cols || c.stride < c.cols) {
    throw Error::internal(fmt::format("gemm: strides {}, {}, {} of rows of {}, {}, {} floats", a.stride, b.stride,
                                      c.stride, a.cols, b.cols, c.cols));
  }
  if (c.rows == 0 || c.cols == 0) return;
  if (op_a.cols == 0) {
    if (!accumulate) clear(c);
    return;
  }
  const bool a_along_k = transpose_a == Transpose::kNo;
  const bool b_along_k = transpose_b == Transpose::kYes;
  const Operand from_a{a.data, a_along_k ? a.stride : 1, a_along_k ? 1 : a.stride};
  const Operand from_b{b.data, b_along_k ? b.stride : 1, b_along_k ? 1 : b.stride};
  multiply(table, pool, from_a, from_b, op_a.cols, c, accumulate);
}

void gemm(ThreadPool& pool, Transpose transpose_a, ConstMatrixView a, Transpose transpose_b, ConstMatrixView b,
          MatrixView c, bool accumulate) {
  internal::gemm_with(kernels::active(), pool, transpose_a, a, transpose_b, b, c, accumulate);
}

}  // namespace kin
