#pragma once

#include <cstdint>

#include "kinspace/nn/tape.h"

namespace kin {

/// Columns first .. first + count of x, without a copy: the inverse of concat().
///
/// Shapes   x [B, any]; out [B, count].
/// Gradient to x where it is tracked; zeros beside the columns.
/// Errors   kInternal when x has fewer columns.
Var take_columns(Tape& tape, Var x, std::int64_t first, std::int64_t count);

}  // namespace kin
