#pragma once

#include "kinspace/nn/tape.h"

namespace kin {

/// Over the rows: [B, D] to [1, D]. Chunks of rows are summed in order, so the result does not depend on threads.
/// Empty    the sum over no rows is 0, and so is the mean.
Var sum_over_rows(Tape& tape, Var x);
Var mean_over_rows(Tape& tape, Var x);

/// Over the columns: [B, D] to [B, 1]; without columns 0.
Var sum_over_columns(Tape& tape, Var x);
Var mean_over_columns(Tape& tape, Var x);

}  // namespace kin
