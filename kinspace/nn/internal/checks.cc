#include "kinspace/nn/internal/checks.h"

#include <fmt/format.h>

#include "kinspace/base/error.h"

namespace kin::internal {

void check_sparse(const char* op, const SparseTensor& ids) {
  const auto count = static_cast<std::int64_t>(ids.ids.size());
  if (!ids.weights.empty() && ids.weights.size() != ids.ids.size()) {
    throw Error::internal(fmt::format("{}: {} weights for {} ids", op, ids.weights.size(), count));
  }
  std::int64_t before = 0;
  for (std::size_t b = 0; b < ids.offsets.size(); ++b) {
    if (ids.offsets[b] < before || (b == 0 && ids.offsets[0] != 0)) {
      throw Error::internal(
          fmt::format("{}: offset {} is {} after {}; offsets rise from 0", op, b, ids.offsets[b], before));
    }
    before = ids.offsets[b];
  }
  if (before != count) throw Error::internal(fmt::format("{}: offsets end at {}, there are {} ids", op, before, count));
}

void check_shape(const char* op, const char* what, ConstMatrixView m, std::int64_t rows, std::int64_t cols) {
  if (m.rows != rows || m.cols != cols) {
    throw Error::internal(
        fmt::format("{}: {} is [{}, {}] and has to be [{}, {}]", op, what, m.rows, m.cols, rows, cols));
  }
}

}  // namespace kin::internal
