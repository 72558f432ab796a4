#pragma once

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/tape.h"

namespace kin {

/// A fully connected layer: activation(x * kernel + bias).
///
/// Shapes   x [B, I]; kernel [I, O]; bias [1, O] or none; out [B, O].
/// Gradient to every input that is tracked.
/// Errors   kInternal when the shapes do not fit.
/// Cost     2 B I O FLOP forward, 4 B I O backward.
Var dense(Tape& tape, Var x, Var kernel, Var bias, kernels::Activation activation);

}  // namespace kin
