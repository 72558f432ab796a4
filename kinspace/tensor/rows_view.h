#pragma once

#include <cstdint>

#include "kinspace/tensor/matrix.h"
#include "kinspace/tensor/precision.h"

namespace kin {

/// Borrowed row-major matrix [rows, cols] of floats or of bf16, for those who copy weights in and out.
struct RowsView {
  void* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride_bytes = 0;  ///< from row to row
  Precision precision = Precision::kFp32;

  RowsView() = default;
  RowsView(void* d, std::int64_t r, std::int64_t c, std::int64_t s, Precision p) noexcept
      : data(d), rows(r), cols(c), stride_bytes(s), precision(p) {}
  RowsView(const MatrixView& m) noexcept  // NOLINT(google-explicit-constructor): floats are the usual case
      : RowsView(m.data, m.rows, m.cols, m.stride * std::int64_t{sizeof(float)}, Precision::kFp32) {}

  /// to[r] = row first + r, for all rows of `to`. Errors: kInternal unless they are rows of this of the same width.
  void read(std::int64_t first, MatrixView to) const;

  /// row first + r = from[r]; bf16 are the nearest to it, ties to even. Errors: as read().
  void write(std::int64_t first, ConstMatrixView from) const;

  /// All rows as floats, copied.
  Matrix copy() const;

  /// Where floats lie. Errors: kInternal for bf16.
  MatrixView floats() const;
};

}  // namespace kin
