#pragma once

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/tape.h"

namespace kin {

/// a + b, both [B, D]. Errors: kInternal when the shapes differ.
Var add(Tape& tape, Var a, Var b);

/// row added to each row of x: x [B, D], row [1, D]. Errors: kInternal when the shapes differ.
Var add_row(Tape& tape, Var x, Var row);

/// factor * x.
Var scale(Tape& tape, Var x, float factor);

/// f(x) element by element.
Var activate(Tape& tape, Var x, kernels::Activation f);

/// While training, each element is 0 with probability `rate` and else divided by 1 - rate; a function of (seed, step,
/// which dropout of the step, row, column). Otherwise x itself. Errors: kInvalidArgument unless 0 <= rate < 1.
Var dropout(Tape& tape, Var x, float rate);

/// Rows of length 1: x / sqrt(max(sum of x^2, 1e-12)), as tf.math.l2_normalize.
Var normalize_rows(Tape& tape, Var x);

}  // namespace kin
