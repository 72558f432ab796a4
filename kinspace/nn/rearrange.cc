#include "kinspace/nn/rearrange.h"

#include <fmt/format.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/loops.h"

namespace kin {
namespace {

MatrixView transposed(Tape& tape, ConstMatrixView in) {
  const MatrixView out = tape.matrix(in.cols, in.rows);
  internal::for_rows(tape, out.rows, [&](std::int64_t r) {
    for (std::int64_t c = 0; c < out.cols; ++c) out.row(r)[c] = in.row(c)[r];
  });
  return out;
}

MatrixView copied(Tape& tape, ConstMatrixView in) {
  const MatrixView out = tape.matrix(in.rows, in.cols);
  internal::for_rows(tape, out.rows, [&](std::int64_t r) { std::copy_n(in.row(r), in.cols, out.row(r)); });
  return out;
}

}  // namespace

Var gather_rows(Tape& tape, Var x, std::span<const std::int64_t> rows) {
  for (const std::int64_t row : rows) {
    if (row < 0 || row >= x.rows()) {
      throw Error::internal(fmt::format("gather_rows: row {} of [{}, {}]", row, x.rows(), x.cols()));
    }
  }
  const auto kept = tape.arena().array<std::int64_t>(rows.size());
  std::copy(rows.begin(), rows.end(), kept.begin());
  const MatrixView out = tape.matrix(static_cast<std::int64_t>(rows.size()), x.cols());
  internal::for_rows(tape, out.rows, [&](std::int64_t r) {
    std::copy_n(x.value().row(kept[static_cast<std::size_t>(r)]), out.cols, out.row(r));
  });
  const Var result = tape.result(out, x.tracked());
  tape.record(result, [&tape, x, kept](ConstMatrixView d_out) {
    const GradientTarget to = tape.gradient_target(x);
    if (to.fresh) std::fill_n(to.matrix.data, to.matrix.rows * to.matrix.cols, 0.0F);
    // Threads share the columns, so that what a row gets is added in order.
    constexpr std::int64_t kChunkCols = 64;
    parallel_for(tape.pool(), d_out.cols, kChunkCols, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = 0; r < d_out.rows; ++r) {
        kernels::active().add(d_out.row(r) + begin, to.matrix.row(kept[static_cast<std::size_t>(r)]) + begin,
                              end - begin);
      }
    });
  });
  return result;
}

Var transpose(Tape& tape, Var x) {
  const Var result = tape.result(transposed(tape, x.value()), x.tracked());
  tape.record(result, [&tape, x](ConstMatrixView d_out) { tape.add_gradient(x, transposed(tape, d_out)); });
  return result;
}

Var reshape(Tape& tape, Var x, std::int64_t rows, std::int64_t cols) {
  if (rows < 0 || cols < 0 || rows * cols != x.rows() * x.cols()) {
    throw Error::internal(fmt::format("reshape: [{}, {}] to [{}, {}]", x.rows(), x.cols(), rows, cols));
  }
  const bool gaps = x.value().stride != x.cols();
  const float* values = gaps ? copied(tape, x.value()).data : x.value().data;
  const Var result = tape.result(ConstMatrixView(values, rows, cols, cols), x.tracked());
  tape.record(result, [&tape, x](ConstMatrixView d_out) {
    const ConstMatrixView d(d_out.data, x.rows(), x.cols(), x.cols());
    tape.add_gradient(x, copied(tape, d));
  });
  return result;
}

}  // namespace kin
