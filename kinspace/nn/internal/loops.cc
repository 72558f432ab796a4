#include "kinspace/nn/internal/loops.h"

#include <algorithm>

namespace kin::internal {

void for_rows(Tape& tape, std::int64_t rows, FunctionRef<void(std::int64_t)> f) {
  parallel_for(tape.pool(), rows, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) f(r);
  });
}

void for_runs(Tape& tape, std::int64_t n, FunctionRef<std::int64_t(std::int64_t)> size,
              FunctionRef<void(std::int64_t, std::int64_t)> f) {
  const auto ends = tape.arena().array<std::int64_t>(static_cast<std::size_t>(n) + 1);
  std::int64_t runs = 0;
  std::int64_t sum = 0;
  ends[0] = 0;
  for (std::int64_t item = 0; item < n; ++item) {
    sum += size(item);
    if (sum < kChunkNumbers && item + 1 < n) continue;
    ends[static_cast<std::size_t>(++runs)] = item + 1;
    sum = 0;
  }
  tape.pool().run(
      runs, [&](std::int64_t run) { f(ends[static_cast<std::size_t>(run)], ends[static_cast<std::size_t>(run) + 1]); });
}

std::span<double> column_sums(Tape& tape, std::int64_t rows, std::int64_t cols,
                              FunctionRef<void(std::int64_t, float*)> add_row) {
  const std::int64_t chunks = (rows + kChunkRows - 1) / kChunkRows;
  const MatrixView partial = tape.zeros(chunks, cols);
  parallel_for(tape.pool(), rows, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) add_row(r, partial.row(begin / kChunkRows));
  });
  const auto sums = tape.arena().array<double>(static_cast<std::size_t>(cols));
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (std::int64_t c = 0; c < cols; ++c) sums[static_cast<std::size_t>(c)] += double(partial.row(chunk)[c]);
  }
  return sums;
}

void add_row_gradient(Tape& tape, Var row, std::span<const double> sums) {
  const MatrixView d = tape.matrix(1, static_cast<std::int64_t>(sums.size()));
  std::transform(sums.begin(), sums.end(), d.data, [](double sum) { return static_cast<float>(sum); });
  tape.add_gradient(row, d);
}

MatrixView matrix_for_products(Tape& tape, std::int64_t rows, std::int64_t cols) {
  const std::int64_t stride = stride_for_products(cols);
  return {tape.matrix(rows, stride).data, rows, cols, stride};
}

float* filled(Tape& tape, std::int64_t n, float value) {
  const auto row = tape.arena().array<float>(static_cast<std::size_t>(n));
  std::fill(row.begin(), row.end(), value);
  return row.data();
}

}  // namespace kin::internal
