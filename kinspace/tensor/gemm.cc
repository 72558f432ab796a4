#include "kinspace/tensor/gemm.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kinspace/base/buffer.h"
#include "kinspace/base/error.h"
#include "kinspace/base/prefetch.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/internal/gemm_with.h"

namespace kin {
namespace {

using kernels::Table;

// A panel of op(B) is `gemm_tile_cols` columns of it, of which step k of the sum reads consecutive floats, where they
// lie or packed; a panel of op(A) is `gemm_tile_rows` rows, likewise. All that is packed is packed once, by all
// threads, and then every block of C needs nothing but panels. All sizes are constants, so the cut is the same for any
// number of threads; that the sums are chains over k makes the result independent of the cut as well.
constexpr std::int64_t kDepth = 512;        // slots of k multiplied at once: a panel of A is 28 KiB, stays in the L1
constexpr std::int64_t kRows = 2048;        // rows of A packed at once: 4 MiB, a share of the L3
constexpr std::int64_t kCols = 2048;        // columns of B packed at once: 4 MiB
constexpr std::int64_t kBlockSlots = 2048;  // a block of C is so many slots of panels of A by as many of B, 370 KiB
constexpr std::int64_t kBlockPanels = 8;    // in the L2, or at most 8 panels
constexpr std::int64_t kPackPanels = 16;    // panels that a thread packs at a time
constexpr std::int64_t kVectorCols = 2048;  // columns of C that a thread keeps in the L1 for one row of A
constexpr std::int64_t kNarrow = 8;         // a product with fewer columns is computed transposed
constexpr std::int64_t kLineFloats = 16;
constexpr std::int64_t kSameSet = 512;         // floats; rows of A so far apart share a set of the L1
constexpr std::int64_t kSerialWork = 1 << 20;  // fewer multiply-adds than this (some 20 us) do not wake other threads
constexpr std::int64_t kSerialPacking = 1 << 14;  // nor does packing fewer floats

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

/// The kernels of one precision. Panels consist of slots, floats that hold a term of the sum or several.
struct Tiles {
  std::int64_t rows;     // of C in a register tile
  std::int64_t cols;     // and columns
  std::int64_t granule;  // lines along k are filled up to a multiple of so many terms
  std::int64_t terms;    // in a slot
  bool reads_floats;     // the left side may be read where it lies
  decltype(Table::gemm_pack) pack;
  decltype(Table::gemm_tile) multiply;

  std::int64_t slots(std::int64_t depth) const noexcept { return ceil_div(depth, granule) * granule / terms; }
  std::int64_t most_depth() const noexcept { return kDepth * terms; }
  std::int64_t padded(std::int64_t width) const noexcept { return ceil_div(width, cols) * cols; }
};

Tiles tiles_of(const Table& t, Precision precision) {
  if (precision == Precision::kFp32) return {t.gemm_tile_rows, t.gemm_tile_cols, 1, 1, true, t.gemm_pack, t.gemm_tile};
  return {t.gemm_tile_rows, t.gemm_tile_cols, 2, t.gemm_bf16_terms, false, t.gemm_pack_bf16, t.gemm_tile_bf16};
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

/// Fetches lines of an operand that lie along k, in the order of their addresses, which the processor continues.
void prefetch_lines(const Operand& from, std::int64_t line, std::int64_t lines, std::int64_t depth) {
  for (std::int64_t l = line; l < line + lines; ++l) {
    kin::prefetch(from.data + l * from.line_stride, static_cast<std::size_t>(depth) * sizeof(float));
  }
}

/// At most a tile of rows of op(A), and columns of op(B) that lie along k, such as the few queries and the many rows of
/// a search: each panel of B is used once, and so packed where it stays in the L1.
void multiply_few_rows(const Table& table, ThreadPool& pool, bool serial, const Operand& a, const Operand& b,
                       std::int64_t depth, MatrixView c, bool accumulate) {
  const std::int64_t width = table.gemm_tile_cols;
  const std::int64_t chunk_cols = width * kPackPanels;
  for_chunks(pool, serial, ceil_div(c.cols, chunk_cols), [&](std::int64_t chunk) {
    float* panel = packing_memory(width * std::min(kDepth, depth));
    const std::int64_t end = std::min(c.cols, (chunk + 1) * chunk_cols);
    for (std::int64_t col = chunk * chunk_cols; col < end; col += width) {
      const std::int64_t cols = std::min(width, end - col);
      prefetch_lines(b, col + width, std::min(width, end - col - width), depth);
      for (std::int64_t k = 0; k < depth; k += kDepth) {
        const std::int64_t piece = std::min(kDepth, depth - k);
        table.gemm_pack(b.data + col * b.line_stride + k, b.line_stride, 1, cols, piece, width, panel);
        table.gemm_tile(piece, {a.data + k * a.k_stride, a.line_stride, a.k_stride}, {panel, width},
                        {.data = c.data + col,
                         .stride = c.stride,
                         .rows = c.rows,
                         .cols = cols,
                         .accumulate = accumulate || k > 0});
      }
    }
  });
}

/// Rows of the left side, packed or as they lie, for a piece of k.
struct Left {
  const float* data;
  std::int64_t per_row;  // from one row to the next, at the first row of a tile
  std::int64_t row;      // within a tile
  std::int64_t step;

  kernels::TileLeft tile(std::int64_t r) const noexcept { return {data + r * per_row, row, step}; }
};

/// Columns of the right side, likewise.
struct Right {
  const float* data;
  std::int64_t per_col;  // from one column to the next, at the first column of a tile
  std::int64_t step;

  kernels::TileRight tile(std::int64_t col) const noexcept { return {data + col * per_col, step}; }
};

/// Where a choice is left, packing A only pays where its rows would push each other out of the cache.
bool reads_in_place(const Tiles& tiles, const Operand& a) {
  return tiles.reads_floats && std::max(a.line_stride, a.k_stride) % kSameSet != 0;
}

/// Columns of B must lie side by side, as tiles read nothing but whole panels of them, and a panel must be spread over
/// all sets: its rows an odd number of lines apart.
bool reads_right_in_place(const Tiles& tiles, const Operand& b, std::int64_t cols) {
  return tiles.reads_floats && b.line_stride == 1 && b.k_stride % (2 * kLineFloats) == kLineFloats &&
         cols % tiles.cols == 0;
}

/// Packs all lines into panels of `width`.
void pack(const Tiles& tiles, ThreadPool& pool, bool serial, const Operand& from, std::int64_t lines,
          std::int64_t width, std::int64_t depth, float* packed) {
  const std::int64_t chunk_lines = width * kPackPanels;
  for_chunks(pool, serial, ceil_div(lines, chunk_lines), [&](std::int64_t chunk) {
    const std::int64_t line = chunk * chunk_lines;
    tiles.pack(from.data + line * from.line_stride, from.line_stride, from.k_stride,
               std::min(chunk_lines, lines - line), depth, width, packed + line * tiles.slots(depth));
  });
}

/// Fetches a part of C while another is being computed.
void prefetch(MatrixView c, std::int64_t row, std::int64_t row_end, std::int64_t col, std::int64_t col_end) {
  for (std::int64_t r = row; r < row_end; ++r) {
    for (std::int64_t n = col; n < col_end; n += 16) __builtin_prefetch(c.row(r) + n, 1);
  }
}

/// C (+)= left times right over so many slots, by blocks of C.
void multiply_panels(const Tiles& tiles, ThreadPool& pool, bool serial, const Left& left, const Right& right,
                     std::int64_t slots, MatrixView c, bool accumulate) {
  const std::int64_t panels = std::min(kBlockPanels, ceil_div(kBlockSlots, slots));
  const std::int64_t block_rows = panels * tiles.rows;
  const std::int64_t block_cols = panels * tiles.cols;
  const std::int64_t blocks_down = ceil_div(c.rows, block_rows);
  for_chunks(pool, serial, blocks_down * ceil_div(c.cols, block_cols), [&](std::int64_t chunk) {
    const std::int64_t row_begin = chunk % blocks_down * block_rows;
    const std::int64_t col_begin = chunk / blocks_down * block_cols;
    const std::int64_t row_end = std::min(c.rows, row_begin + block_rows);
    const std::int64_t col_end = std::min(c.cols, col_begin + block_cols);
    for (std::int64_t row = row_begin; row < row_end; row += tiles.rows) {
      const std::int64_t rows = std::min(tiles.rows, row_end - row);
      for (std::int64_t col = col_begin; col < col_end; col += tiles.cols) {
        const std::int64_t next = col + tiles.cols;
        prefetch(c, row, row + rows, next, std::min(col_end, next + tiles.cols));
        tiles.multiply(slots, left.tile(row), right.tile(col),
                       {.data = c.row(row) + col,
                        .stride = c.stride,
                        .rows = rows,
                        .cols = std::min(tiles.cols, col_end - col),
                        .accumulate = accumulate});
      }
    }
  });
}

/// Rows of A that are packed at once, whole panels of them.
std::int64_t rows_at_once(const Tiles& tiles, std::int64_t rows) {
  return std::min(kRows / tiles.rows, ceil_div(rows, tiles.rows)) * tiles.rows;
}

/// C (+)= A times right over `depth` steps, with room for the rows of A in `memory` unless they are read in place.
void multiply_rows(const Tiles& tiles, ThreadPool& pool, bool serial, const Operand& a, float* memory,
                   const Right& right, std::int64_t depth, MatrixView c, bool accumulate) {
  const std::int64_t slots = tiles.slots(depth);
  if (memory == nullptr) {
    const Left left{a.data, a.line_stride, a.line_stride, a.k_stride};
    return multiply_panels(tiles, pool, serial, left, right, slots, c, accumulate);
  }
  // Rows along k that have to be converted stay rows; others become panels.
  const bool stay = a.k_stride == 1 && !tiles.reads_floats;
  const Left left = stay ? Left{memory, slots, slots, 1} : Left{memory, slots, 1, tiles.rows};
  const std::int64_t step = rows_at_once(tiles, c.rows);
  for (std::int64_t row = 0; row < c.rows; row += step) {
    const std::int64_t rows = std::min(step, c.rows - row);
    pack(tiles, pool, serial, {a.data + row * a.line_stride, a.line_stride, a.k_stride}, rows, stay ? 1 : tiles.rows,
         depth, memory);
    multiply_panels(tiles, pool, serial, left, right, slots, {c.row(row), rows, c.cols, c.stride}, accumulate);
  }
}

void multiply_blocks(const Tiles& tiles, ThreadPool& pool, bool serial, const Operand& a, const Operand& b,
                     std::int64_t depth, MatrixView c, bool accumulate) {
  // Whole panels: the last one is filled up with zeros.
  const std::int64_t most_cols = std::min(kCols, tiles.padded(c.cols));
  const std::int64_t most_depth = std::min(tiles.most_depth(), depth);
  const std::int64_t most_slots = tiles.slots(most_depth);
  const bool left_in_place = reads_in_place(tiles, a);
  const bool right_in_place = reads_right_in_place(tiles, b, c.cols);
  const std::int64_t right_floats = right_in_place ? 0 : most_cols * most_slots;
  float* right = packing_memory(right_floats + (left_in_place ? 0 : rows_at_once(tiles, c.rows) * most_slots));
  float* left = left_in_place ? nullptr : right + right_floats;
  for (std::int64_t col = 0; col < c.cols; col += kCols) {
    const std::int64_t cols = std::min(kCols, c.cols - col);
    for (std::int64_t k = 0; k < depth; k += most_depth) {
      const std::int64_t piece = std::min(most_depth, depth - k);
      const Operand b_piece{b.data + col * b.line_stride + k * b.k_stride, b.line_stride, b.k_stride};
      if (!right_in_place) pack(tiles, pool, serial, b_piece, cols, tiles.cols, piece, right);
      const Right columns =
          right_in_place ? Right{b_piece.data, 1, b.k_stride} : Right{right, tiles.slots(piece), tiles.cols};
      multiply_rows(tiles, pool, serial, {a.data + k * a.k_stride, a.line_stride, a.k_stride}, left, columns, piece,
                    {c.data + col, c.rows, cols, c.stride}, accumulate || k > 0);
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

bool is_small(std::int64_t rows, std::int64_t cols, std::int64_t depth) {
  return rows * cols * depth < kSerialWork;
}

void multiply(const Table& table, ThreadPool& pool, const Operand& a, const Operand& b, std::int64_t depth,
              MatrixView c, bool accumulate) {
  const bool serial = is_small(c.rows, c.cols, depth);
  if (c.cols < kNarrow && c.rows > c.cols) return multiply_transposed(table, pool, a, b, depth, c, accumulate);
  if (c.rows == 1 && b.line_stride == 1) return multiply_row(table, pool, serial, a, b, depth, c, accumulate);
  if (c.rows <= table.gemm_tile_rows && b.k_stride == 1 && b.line_stride != 1) {
    return multiply_few_rows(table, pool, serial, a, b, depth, c, accumulate);
  }
  multiply_blocks(tiles_of(table, Precision::kFp32), pool, serial, a, b, depth, c, accumulate);
}

struct Shape {
  std::int64_t rows;
  std::int64_t cols;
};

Shape shape_of(ConstMatrixView m, Transpose transpose) {
  return transpose == Transpose::kNo ? Shape{m.rows, m.cols} : Shape{m.cols, m.rows};
}

Operand left_of(ConstMatrixView a, Transpose transpose) {
  return transpose == Transpose::kNo ? Operand{a.data, a.stride, 1} : Operand{a.data, 1, a.stride};
}

Operand right_of(ConstMatrixView b, Transpose transpose) {
  return transpose == Transpose::kNo ? Operand{b.data, 1, b.stride} : Operand{b.data, b.stride, 1};
}

void check_product(const Shape& a, const Shape& b, MatrixView c) {
  if (a.cols == b.rows && a.rows == c.rows && b.cols == c.cols) return;
  throw Error::internal(fmt::format("gemm: [{}, {}] times [{}, {}] does not make [{}, {}]", a.rows, a.cols, b.rows,
                                    b.cols, c.rows, c.cols));
}

void check_strides(ConstMatrixView a, ConstMatrixView b, ConstMatrixView c) {
  if (a.stride >= a.cols && b.stride >= b.cols && c.stride >= c.cols) return;
  throw Error::internal(fmt::format("gemm: strides {}, {}, {} of rows of {}, {}, {} floats", a.stride, b.stride,
                                    c.stride, a.cols, b.cols, c.cols));
}

}  // namespace

void internal::gemm_with(const Table& table, ThreadPool& pool, Precision precision, Transpose transpose_a,
                         ConstMatrixView a, Transpose transpose_b, ConstMatrixView b, MatrixView c, bool accumulate) {
  const Shape op_a = shape_of(a, transpose_a);
  check_product(op_a, shape_of(b, transpose_b), c);
  check_strides(a, b, c);
  if (c.rows == 0 || c.cols == 0) return;
  if (op_a.cols == 0) {
    if (!accumulate) clear(c);
    return;
  }
  const Operand left = left_of(a, transpose_a);
  const Operand right = right_of(b, transpose_b);
  if (precision == Precision::kFp32) return multiply(table, pool, left, right, op_a.cols, c, accumulate);
  multiply_blocks(tiles_of(table, precision), pool, is_small(c.rows, c.cols, op_a.cols), left, right, op_a.cols, c,
                  accumulate);
}

void internal::gemm_with(const Table& table, ThreadPool& pool, Transpose transpose_a, ConstMatrixView a,
                         const PackedRight& b, MatrixView c, bool accumulate) {
  const Shape op_a = shape_of(a, transpose_a);
  check_product(op_a, {b.depth, b.cols}, c);
  check_strides(a, c, c);
  if (c.rows == 0 || c.cols == 0) return;
  if (b.depth == 0) {
    if (!accumulate) clear(c);
    return;
  }
  const Tiles tiles = tiles_of(table, b.precision);
  const Operand from = left_of(a, transpose_a);
  const std::int64_t most_depth = std::min(tiles.most_depth(), b.depth);
  float* memory =
      reads_in_place(tiles, from) ? nullptr : packing_memory(rows_at_once(tiles, c.rows) * tiles.slots(most_depth));
  for (std::int64_t k = 0; k < b.depth; k += most_depth) {
    const std::int64_t piece = std::min(most_depth, b.depth - k);
    multiply_rows(tiles, pool, is_small(c.rows, c.cols, b.depth),
                  {from.data + k * from.k_stride, from.line_stride, from.k_stride}, memory,
                  {b.panels + tiles.slots(k) * tiles.padded(b.cols), tiles.slots(piece), tiles.cols}, piece, c,
                  accumulate || k > 0);
  }
}

PackedRight internal::pack_right_with(const Table& table, ThreadPool& pool, Precision precision, Transpose transpose,
                                      ConstMatrixView b, float* memory) {
  const Shape op_b = shape_of(b, transpose);
  check_strides(b, b, b);
  const Tiles tiles = tiles_of(table, precision);
  const Operand from = right_of(b, transpose);
  // The pieces along k are shared among threads; what is within one only where there is no other.
  const bool serial = op_b.cols * op_b.rows < kSerialPacking;
  const std::int64_t most_depth = tiles.most_depth();
  for_chunks(pool, serial, ceil_div(op_b.rows, most_depth), [&](std::int64_t piece) {
    const std::int64_t k = piece * most_depth;
    pack(tiles, pool, serial, {from.data + k * from.k_stride, from.line_stride, from.k_stride}, op_b.cols, tiles.cols,
         std::min(most_depth, op_b.rows - k), memory + tiles.slots(k) * tiles.padded(op_b.cols));
  });
  return {memory, op_b.rows, op_b.cols, precision};
}

std::int64_t stride_for_products(std::int64_t cols) noexcept {
  if (cols < kLineFloats) return cols;
  const std::int64_t stride = ceil_div(cols, kLineFloats) * kLineFloats;
  return stride % kSameSet == 0 ? stride + kLineFloats : stride;
}

std::int64_t packed_right_floats(std::int64_t depth, std::int64_t cols) noexcept {
  return (depth + depth % 2) * ceil_div(cols, kernels::kMostTileCols) * kernels::kMostTileCols;
}

PackedRight pack_right(ThreadPool& pool, Precision precision, Transpose transpose, ConstMatrixView b, float* memory) {
  return internal::pack_right_with(kernels::active(), pool, precision, transpose, b, memory);
}

PackedRight pack_right(ThreadPool& pool, Transpose transpose, ConstMatrixView b, float* memory) {
  return pack_right(pool, Precision::kFp32, transpose, b, memory);
}

void gemm(ThreadPool& pool, Transpose transpose_a, ConstMatrixView a, const PackedRight& b, MatrixView c,
          bool accumulate) {
  internal::gemm_with(kernels::active(), pool, transpose_a, a, b, c, accumulate);
}

void gemm(ThreadPool& pool, Precision precision, Transpose transpose_a, ConstMatrixView a, Transpose transpose_b,
          ConstMatrixView b, MatrixView c, bool accumulate) {
  internal::gemm_with(kernels::active(), pool, precision, transpose_a, a, transpose_b, b, c, accumulate);
}

void gemm(ThreadPool& pool, Transpose transpose_a, ConstMatrixView a, Transpose transpose_b, ConstMatrixView b,
          MatrixView c, bool accumulate) {
  gemm(pool, Precision::kFp32, transpose_a, a, transpose_b, b, c, accumulate);
}

}  // namespace kin
