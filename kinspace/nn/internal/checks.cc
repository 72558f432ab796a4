#include "kinspace/nn/internal/checks.h"

#include <fmt/format.h>

#include "kinspace/base/error.h"

namespace kin::internal {

void check_sparse(const char* op, const SparseTensor& ids) {
  const auto count = static_cast<std::int64_t>(ids.ids.size());
  if (!ids.weights.empty() && ids.weights.size() != ids.ids.size()) {
    throw Error::internal(fmt::format("{}: {} weights for {} ids", op, ids.weights.size(), count));
  }
  const std::span<const std::int64_t> offsets = ids.offsets;
  // Its sign says whether some offset is below 0, or below the one before.
  std::uint64_t falls = 0;
  for (std::size_t b = 1; b < offsets.size(); ++b) {
    const auto offset = static_cast<std::uint64_t>(offsets[b]);
    falls |= offset | (offset - static_cast<std::uint64_t>(offsets[b - 1]));
  }
  if (falls >> 63 != 0 || (!offsets.empty() && offsets.front() != 0)) {
    std::size_t b = 0;
    while (b == 0 ? offsets[0] == 0 : offsets[b] >= offsets[b - 1]) ++b;
    throw Error::internal(fmt::format("{}: offset {} is {} after {}; offsets rise from 0", op, b, offsets[b],
                                      b == 0 ? 0 : offsets[b - 1]));
  }
  const std::int64_t last = offsets.empty() ? 0 : offsets.back();
  if (last != count) throw Error::internal(fmt::format("{}: offsets end at {}, there are {} ids", op, last, count));
}

void check_shape(const char* op, const char* what, ConstMatrixView m, std::int64_t rows, std::int64_t cols) {
  if (m.rows != rows || m.cols != cols) {
    throw Error::internal(
        fmt::format("{}: {} is [{}, {}] and has to be [{}, {}]", op, what, m.rows, m.cols, rows, cols));
  }
}

void refuse_id(const char* op, const Parameter& table, std::int64_t b, std::int64_t id) {
  throw Error::invalid_argument(fmt::format("{}: id {} of example {} is not in table '{}', which has {} rows", op, id,
                                            b, table.name(), table.rows()));
}

void refuse_row(const Parameter& parameter, std::int64_t row) {
  throw Error::internal(
      fmt::format("a gradient names row {} of '{}', which has {} rows", row, parameter.name(), parameter.rows()));
}

}  // namespace kin::internal
