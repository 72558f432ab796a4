#pragma once

#include <cstdint>
#include <span>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/tape.h"

namespace kin::internal {

/// Rows of a chunk. How sums over rows are rounded depends on it, and on nothing else.
inline constexpr std::int64_t kChunkRows = 64;

/// Calls f(row) for all rows, in parallel.
void for_rows(Tape& tape, std::int64_t rows, FunctionRef<void(std::int64_t row)> f);

/// Sums over rows: add_row(row, sums) adds its row to `sums` (D floats). Each chunk is summed on its own in order, and
/// the chunks then in order in double. Returns arena memory.
std::span<double> column_sums(Tape& tape, std::int64_t rows, std::int64_t cols,
                              FunctionRef<void(std::int64_t row, float* sums)> add_row);

/// Adds `sums` to the gradient of a row [1, D].
void add_row_gradient(Tape& tape, Var row, std::span<const double> sums);

/// An arena row of floats, each `value`.
float* filled(Tape& tape, std::int64_t n, float value);

}  // namespace kin::internal
