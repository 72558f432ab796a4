#pragma once

#include <cstdint>

#include "kinspace/nn/input_layer.h"

namespace kin::internal {

/// Errors   kInternal unless there are `length` steps for each row and no row has more.
void check_sequence(const char* op, const SequenceInput& x);

inline std::int64_t rows_of(const SequenceInput& x) noexcept {
  return static_cast<std::int64_t>(x.lengths.size());
}

/// Steps of row b.
inline std::int64_t steps_of(const SequenceInput& x, std::int64_t b) noexcept {
  return x.lengths[static_cast<std::size_t>(b)];
}

}  // namespace kin::internal
