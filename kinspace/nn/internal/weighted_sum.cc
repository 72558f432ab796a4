#include "kinspace/nn/internal/weighted_sum.h"

#include "kinspace/base/error.h"

namespace kin::internal {

Var weighted_sum(Tape& tape, Var x, const Matrix& weights) {
  KIN_ASSERT(x.rows() == weights.rows() && x.cols() == weights.cols());
  double sum = 0;
  for (std::int64_t r = 0; r < x.rows(); ++r) {
    for (std::int64_t c = 0; c < x.cols(); ++c) sum += double(x.value().row(r)[c]) * double(weights.row(r)[c]);
  }
  const MatrixView out = tape.matrix(1, 1);
  *out.data = static_cast<float>(sum);
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, &weights, x](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(x.rows(), x.cols());
    for (std::int64_t r = 0; r < d.rows; ++r) {
      for (std::int64_t c = 0; c < d.cols; ++c) d.row(r)[c] = *d_out.data * weights.row(r)[c];
    }
    tape.add_gradient(x, d);
  });
  return result;
}

}  // namespace kin::internal
