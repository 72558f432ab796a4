#pragma once

#include "kinspace/nn/tape.h"

namespace kin {

/// Which factors of a matrix product are taken transposed.
struct MatmulOptions {
  bool transpose_a = false;
  bool transpose_b = false;
};

/// Matrix product op(a) op(b).
///
/// Shapes   op(a) [M, K], op(b) [K, N]; out [M, N]. K = 0 gives zeros.
/// Gradient to both.
/// Errors   kInternal when the shapes do not fit.
/// Cost     2 M N K FLOP forward, twice that backward.
Var matmul(Tape& tape, Var a, Var b, const MatmulOptions& options = {});

/// a * b element by element, both [B, D]. Errors: kInternal when the shapes differ.
Var multiply(Tape& tape, Var a, Var b);

/// Each row times its own factor: x [B, D], factors [B, 1]. Errors: kInternal when the shapes do not fit.
Var scale_rows(Tape& tape, Var x, Var factors);

}  // namespace kin
