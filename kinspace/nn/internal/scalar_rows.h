#pragma once

#include "kinspace/nn/optimizer.h"
#include "kinspace/nn/row_gradient.h"

namespace kin::internal {

/// Sums at most kMostIndexed contributions to a parameter of width 1 by row and updates these rows, with the bits of
/// going through RowGradient::group() and Optimizer::update(), but without sorting, and many rows at a time.
/// Errors   kInternal when a row is N or more.
void update_scalar_rows(const RowGradient& gradient, const UpdateStep& step, float l2);

}  // namespace kin::internal
