#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kinspace/base/buffer.h"

namespace kin {

/// Borrowed row-major float32 matrix [rows, cols]; row r starts at data + r * stride.
struct MatrixView {
  float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  float* row(std::int64_t r) const noexcept { return data + r * stride; }
};

/// The same, for reading.
struct ConstMatrixView {
  const float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  ConstMatrixView() = default;
  ConstMatrixView(const float* d, std::int64_t r, std::int64_t c, std::int64_t s) noexcept
      : data(d), rows(r), cols(c), stride(s) {}
  ConstMatrixView(const MatrixView& m) noexcept  // NOLINT(google-explicit-constructor): as string_view from string
      : data(m.data), rows(m.rows), cols(m.cols), stride(m.stride) {}

  const float* row(std::int64_t r) const noexcept { return data + r * stride; }
};

/// A dense float32 matrix [rows, cols] that owns its memory, all zero at first. Moves, does not copy.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::int64_t rows, std::int64_t cols)
      : buffer_(static_cast<std::size_t>(rows * cols)), rows_(rows), cols_(cols) {}

  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t cols() const noexcept { return cols_; }
  float* row(std::int64_t r) noexcept { return buffer_.data() + r * cols_; }
  const float* row(std::int64_t r) const noexcept { return buffer_.data() + r * cols_; }
  std::span<float> values() noexcept { return buffer_.span(); }
  std::span<const float> values() const noexcept { return buffer_.span(); }
  MatrixView view() noexcept { return {buffer_.data(), rows_, cols_, cols_}; }
  ConstMatrixView view() const noexcept { return {buffer_.data(), rows_, cols_, cols_}; }

 private:
  Buffer<float> buffer_;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
};

/// Borrowed sparse ids of a batch [B, any]: example b has ids[offsets[b] .. offsets[b + 1]); `weights` is empty (all 1)
/// or parallel to `ids`.
struct SparseTensor {
  std::span<const std::int64_t> offsets;  ///< B + 1 values, offsets[0] = 0
  std::span<const std::int64_t> ids;      ///< NNZ
  std::span<const float> weights;         ///< NNZ or none

  std::int64_t rows() const noexcept { return offsets.empty() ? 0 : static_cast<std::int64_t>(offsets.size()) - 1; }
};

}  // namespace kin
