#include "kinspace/nn/nn_testing.h"

#include <cstring>

#include "kinspace/base/error.h"

namespace kin::testing {

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
    for (std::int64_t i = 0; i < d.rows * d.cols; ++i) {
      d.data[i] = *d_out.data * weights.values()[static_cast<std::size_t>(i)];
    }
    tape.add_gradient(x, d);
  });
  return result;
}

std::string bytes_of(ParameterStore& store) {
  std::string bytes;
  for (const NamedMatrix& m : store.matrices(/*with_slots=*/true)) {
    bytes += m.name;
    for (std::int64_t r = 0; r < m.matrix.rows; ++r) {
      bytes.append(reinterpret_cast<const char*>(m.matrix.row(r)),
                   static_cast<std::size_t>(m.matrix.cols) * sizeof(float));
    }
  }
  return bytes;
}

}  // namespace kin::testing
