#include "kinspace/nn/interactions.h"

#include <fmt/format.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/products.h"
#include "kinspace/nn/reduce.h"

namespace kin {

Var field_products(Tape& tape, Var x, std::int64_t fields) {
  if (fields < 1 || x.cols() % fields != 0) {
    throw Error::invalid_argument(
        fmt::format("field_products: {} columns are not {} fields of the same width", x.cols(), fields));
  }
  const std::int64_t width = x.cols() / fields;
  const MatrixView sums = tape.zeros(x.rows(), width);
  const MatrixView squares = tape.matrix(x.rows(), width);
  const MatrixView out = tape.zeros(x.rows(), width);
  internal::for_rows(tape, x.rows(), [&](std::int64_t b) {
    const kernels::Table& k = kernels::active();
    for (std::int64_t f = 0; f < fields; ++f) {
      const float* field = x.value().row(b) + f * width;
      k.add(field, sums.row(b), width);
      std::copy_n(field, width, squares.row(b));
      k.multiply(field, squares.row(b), width);
      k.axpy(-0.5F, squares.row(b), out.row(b), width);
    }
    std::copy_n(sums.row(b), width, squares.row(b));
    k.multiply(sums.row(b), squares.row(b), width);
    k.axpy(0.5F, squares.row(b), out.row(b), width);
  });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, sums, fields, width](ConstMatrixView d_out) {
    const MatrixView d = tape.matrix(x.rows(), x.cols());
    internal::for_rows(tape, d.rows, [&](std::int64_t b) {
      for (std::int64_t f = 0; f < fields; ++f) {  // each field times the sum of the others
        float* to = d.row(b) + f * width;
        std::copy_n(sums.row(b), width, to);
        kernels::active().axpy(-1.0F, x.value().row(b) + f * width, to, width);
        kernels::active().multiply(d_out.row(b), to, width);
      }
    });
    tape.add_gradient(x, d);
  });
  return result;
}

Var factorization_machine(Tape& tape, Var x, std::int64_t fields) {
  return sum_over_columns(tape, field_products(tape, x, fields));
}

Var cross(Tape& tape, Var x0, Var x, Var kernel, Var bias) {
  const Var mixed = dense(tape, x, kernel, bias, kernels::Activation::kLinear);
  return add(tape, multiply(tape, x0, mixed), x);
}

Var cross(Tape& tape, Var x0, Var x, Var u, Var v, Var bias) {
  const Var few = dense(tape, x, u, Var(), kernels::Activation::kLinear);
  const Var mixed = dense(tape, few, v, bias, kernels::Activation::kLinear);
  return add(tape, multiply(tape, x0, mixed), x);
}

}  // namespace kin
