#pragma once

#include <span>

#include "kinspace/nn/tape.h"

namespace kin {

/// Matrices side by side: out[b] = parts[0][b], parts[1][b], ...
///
/// Shapes   parts [B, any], at least one; out [B, sum of their widths].
/// Gradient to every part that is tracked.
/// Errors   kInternal when there is no part or their rows differ.
Var concat(Tape& tape, std::span<const Var> parts);

}  // namespace kin
