#pragma once

#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin::internal {

/// sum of x * weights as [1, 1], a loss whose gradient by x is `weights`; they must outlive the step. Added up in
/// double, so that differences of it say something.
Var weighted_sum(Tape& tape, Var x, const Matrix& weights);

}  // namespace kin::internal
