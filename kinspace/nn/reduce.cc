#include "kinspace/nn/reduce.h"

#include <algorithm>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/loops.h"

namespace kin {
namespace {

double share(std::int64_t n) {
  return n == 0 ? 0.0 : 1.0 / static_cast<double>(n);
}

Var reduce_rows(Tape& tape, Var x, double factor) {
  const auto sums = internal::column_sums(tape, x.rows(), x.cols(), [&](std::int64_t r, float* to) {
    kernels::active().add(x.value().row(r), to, x.cols());
  });
  const MatrixView out = tape.matrix(1, x.cols());
  std::transform(sums.begin(), sums.end(), out.data, [&](double sum) { return static_cast<float>(factor * sum); });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, factor](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(x.rows(), x.cols());
    internal::for_rows(tape, d.rows, [&](std::int64_t r) {
      kernels::active().scale(static_cast<float>(factor), d_out.data, d.row(r), d.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

Var reduce_columns(Tape& tape, Var x, float factor) {
  const MatrixView out = tape.matrix(x.rows(), 1);
  internal::for_rows(tape, out.rows,
                     [&](std::int64_t r) { *out.row(r) = factor * kernels::active().sum(x.value().row(r), x.cols()); });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, factor](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(x.rows(), x.cols());
    internal::for_rows(tape, d.rows, [&](std::int64_t r) { std::fill_n(d.row(r), d.cols, factor * *d_out.row(r)); });
    tape.add_gradient(x, d);
  });
  return result;
}

}  // namespace

Var sum_over_rows(Tape& tape, Var x) {
  return reduce_rows(tape, x, 1.0);
}

Var mean_over_rows(Tape& tape, Var x) {
  return reduce_rows(tape, x, share(x.rows()));
}

Var sum_over_columns(Tape& tape, Var x) {
  return reduce_columns(tape, x, 1.0F);
}

Var mean_over_columns(Tape& tape, Var x) {
  return reduce_columns(tape, x, static_cast<float>(share(x.cols())));
}

}  // namespace kin
