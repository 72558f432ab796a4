#include "kinspace/tensor/rows_view.h"

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

template <class T>
T* row_of(const RowsView& rows, std::int64_t r) noexcept {
  return reinterpret_cast<T*>(static_cast<char*>(rows.data) + r * rows.stride_bytes);
}

void check(const RowsView& rows, std::int64_t first, ConstMatrixView other) {
  KIN_ASSERT(other.cols == rows.cols && first >= 0 && other.rows <= rows.rows - first);
}

}  // namespace

void RowsView::read(std::int64_t first, MatrixView to) const {
  check(*this, first, to);
  for (std::int64_t r = 0; r < to.rows; ++r) {
    if (precision == Precision::kFp32) {
      std::copy_n(row_of<const float>(*this, first + r), cols, to.row(r));
    } else {
      kernels::active().widen_bf16(row_of<const kernels::Bf16>(*this, first + r), to.row(r), cols);
    }
  }
}

void RowsView::write(std::int64_t first, ConstMatrixView from) const {
  check(*this, first, from);
  for (std::int64_t r = 0; r < from.rows; ++r) {
    if (precision == Precision::kFp32) {
      std::copy_n(from.row(r), cols, row_of<float>(*this, first + r));
    } else {
      kernels::active().round_to_bf16(from.row(r), row_of<kernels::Bf16>(*this, first + r), cols);
    }
  }
}

Matrix RowsView::copy() const {
  Matrix out(rows, cols);
  read(0, out.view());
  return out;
}

MatrixView RowsView::floats() const {
  KIN_ASSERT(precision == Precision::kFp32);
  return {static_cast<float*>(data), rows, cols, stride_bytes / std::int64_t{sizeof(float)}};
}

}  // namespace kin
