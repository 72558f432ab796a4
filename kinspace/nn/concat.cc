#include "kinspace/nn/concat.h"

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"

namespace kin {
Var concat(Tape& tape, std::span<const Var> parts) {
  if (parts.empty()) throw Error::internal("concat: nothing to join");
  std::int64_t width = 0;
  ColumnRange wanted;
  for (const Var& part : parts) {
    internal::check_shape("concat", "part", part.value(), parts[0].rows(), part.cols());
    if (part.tracked()) {
      const auto [begin, end] = part.wanted();
      wanted = {wanted.end == 0 ? width + begin : wanted.begin, width + end};
    }
    width += part.cols();
  }
  const auto kept = tape.arena().array<Var>(parts.size());
  std::copy(parts.begin(), parts.end(), kept.begin());

  const MatrixView out = internal::matrix_for_products(tape, parts[0].rows(), width);
  parallel_for(tape.pool(), out.rows, internal::rows_worth_a_thread(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      float* to = out.row(b);
      for (const Var& part : kept) to = std::copy_n(part.value().row(b), part.cols(), to);
    }
  });
  const Var result = tape.result(out, wanted);
  tape.record(result, [&tape, kept](ConstMatrixView d_out) {
    std::int64_t offset = 0;
    for (const Var& part : kept) {
      if (part.tracked()) {
        const MatrixView d = tape.matrix(d_out.rows, part.cols());
        for (std::int64_t b = 0; b < d.rows; ++b) std::copy_n(d_out.row(b) + offset, d.cols, d.row(b));
        tape.add_gradient(part, d);
      }
      offset += part.cols();
    }
  });
  return result;
}

}  // namespace kin
