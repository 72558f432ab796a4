#include "kinspace/nn/take_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

Var take_columns(Tape& tape, Var x, std::int64_t first, std::int64_t count) {
  if (first < 0 || count < 0 || first > x.cols() - count) {
    throw Error::internal(fmt::format("take_columns: columns {} to {} of {}", first, first + count, x.cols()));
  }
  const ConstMatrixView all = x.value();
  const Var result = tape.result({all.data + first, all.rows, count, all.stride}, x.tracked());
  tape.record(result, [&tape, x, first](ConstMatrixView d_out) {
    const GradientTarget to = tape.gradient_target(x);
    for (std::int64_t b = 0; b < d_out.rows; ++b) {
      float* const row = to.matrix.row(b);
      if (to.fresh) std::fill_n(row, to.matrix.cols, 0.0F);
      kernels::active().add(d_out.row(b), row + first, d_out.cols);
    }
  });
  return result;
}

}  // namespace kin
