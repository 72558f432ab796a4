#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/tape.h"

namespace kin::internal {

/// Rows of a chunk. How sums over rows are rounded depends on it, and on nothing else.
inline constexpr std::int64_t kChunkRows = 64;

/// Numbers, or ids, of which a chunk has about so many where each takes little time: enough to be worth a thread's
/// while, and few enough that all threads end together.
inline constexpr std::int64_t kChunkNumbers = 1 << 10;

/// Rows of a chunk of element-wise work on rows of so many numbers.
inline std::int64_t rows_worth_a_thread(std::int64_t cols) noexcept {
  return std::max(kChunkRows, kChunkNumbers / std::max<std::int64_t>(1, cols));
}

/// Calls f(row) for all rows, in parallel.
void for_rows(Tape& tape, std::int64_t rows, FunctionRef<void(std::int64_t row)> f);

/// Cuts items 0 .. n into runs of neighbours whose sizes add up to kChunkNumbers, and calls f(begin, end) for all runs,
/// in parallel.
void for_runs(Tape& tape, std::int64_t n, FunctionRef<std::int64_t(std::int64_t item)> size,
              FunctionRef<void(std::int64_t begin, std::int64_t end)> f);

/// Sums over rows: add_row(row, sums) adds its row to `sums` (D floats). Each chunk is summed on its own in order, and
/// the chunks then in order in double. Returns arena memory.
std::span<double> column_sums(Tape& tape, std::int64_t rows, std::int64_t cols,
                              FunctionRef<void(std::int64_t row, float* sums)> add_row);

/// Adds `sums` to the gradient of a row [1, D].
void add_row_gradient(Tape& tape, Var row, std::span<const double> sums);

/// Arena memory for values that are multiplied next, so laid out that products can read it where it lies.
MatrixView matrix_for_products(Tape& tape, std::int64_t rows, std::int64_t cols);

/// An arena row of floats, each `value`.
float* filled(Tape& tape, std::int64_t n, float value);

}  // namespace kin::internal
