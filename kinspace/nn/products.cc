#include "kinspace/nn/products.h"

#include <algorithm>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

Transpose flag(bool transposed) {
  return transposed ? Transpose::kYes : Transpose::kNo;
}

/// Gradient of `to` += x * factors of the same place.
void add_product(Tape& tape, Var to, ConstMatrixView x, ConstMatrixView factors) {
  const MatrixView d = tape.matrix(x.rows, x.cols);
  internal::for_rows(tape, d.rows, [&](std::int64_t r) {
    std::copy_n(x.row(r), d.cols, d.row(r));
    kernels::active().multiply(factors.row(r), d.row(r), d.cols);
  });
  tape.add_gradient(to, d);
}

}  // namespace

Var matmul(Tape& tape, Var a, Var b, const MatmulOptions& options) {
  const bool ta = options.transpose_a;
  const bool tb = options.transpose_b;
  const std::int64_t rows = ta ? a.cols() : a.rows();
  const std::int64_t inner = ta ? a.rows() : a.cols();
  const std::int64_t cols = tb ? b.rows() : b.cols();
  internal::check_shape("matmul", "the second matrix", b.value(), tb ? cols : inner, tb ? inner : cols);
  const MatrixView out = tape.matrix(rows, cols);
  const Precision precision = tape.precision(std::min({rows, inner, cols}));
  gemm(tape.pool(), precision, flag(ta), a.value(), flag(tb), b.value(), out);
  const Var result = tape.result(out, a.tracked() || b.tracked());
  tape.record(result, [&tape, a, b, ta, tb, precision](ConstMatrixView d) {
    if (a.tracked()) {  // d op(b)', transposed once more if a was
      const GradientTarget to = tape.gradient_target(a);
      if (ta) {
        gemm(tape.pool(), precision, flag(tb), b.value(), Transpose::kYes, d, to.matrix, !to.fresh);
      } else {
        gemm(tape.pool(), precision, Transpose::kNo, d, flag(!tb), b.value(), to.matrix, !to.fresh);
      }
    }
    if (b.tracked()) {  // op(a)' d
      const GradientTarget to = tape.gradient_target(b);
      if (tb) {
        gemm(tape.pool(), precision, Transpose::kYes, d, flag(ta), a.value(), to.matrix, !to.fresh);
      } else {
        gemm(tape.pool(), precision, flag(!ta), a.value(), Transpose::kNo, d, to.matrix, !to.fresh);
      }
    }
  });
  return result;
}

Var multiply(Tape& tape, Var a, Var b) {
  internal::check_shape("multiply", "the second value", b.value(), a.rows(), a.cols());
  const MatrixView out = tape.matrix(a.rows(), a.cols());
  internal::for_rows(tape, out.rows, [&](std::int64_t r) {
    std::copy_n(a.value().row(r), out.cols, out.row(r));
    kernels::active().multiply(b.value().row(r), out.row(r), out.cols);
  });
  const Var result = tape.result(out, a.tracked() || b.tracked());
  tape.record(result, [&tape, a, b](ConstMatrixView d_out) {
    if (a.tracked()) add_product(tape, a, d_out, b.value());
    if (b.tracked()) add_product(tape, b, d_out, a.value());
  });
  return result;
}

Var scale_rows(Tape& tape, Var x, Var factors) {
  internal::check_shape("scale_rows", "the factors", factors.value(), x.rows(), 1);
  const auto scaled = [&tape, factors](ConstMatrixView in) {
    const MatrixView out = tape.matrix(in.rows, in.cols);
    internal::for_rows(tape, out.rows, [&](std::int64_t r) {
      kernels::active().scale(*factors.value().row(r), in.row(r), out.row(r), out.cols);
    });
    return out;
  };
  const Var result = tape.result(scaled(x.value()), x.tracked() || factors.tracked());
  tape.record(result, [&tape, x, factors, scaled](ConstMatrixView d_out) {
    if (x.tracked()) tape.add_gradient(x, scaled(d_out));
    if (!factors.tracked()) return;
    const MatrixView d = tape.matrix(d_out.rows, 1);
    internal::for_rows(tape, d.rows, [&](std::int64_t r) {
      *d.row(r) = kernels::active().dot(d_out.row(r), x.value().row(r), d_out.cols);
    });
    tape.add_gradient(factors, d);
  });
  return result;
}

}  // namespace kin
