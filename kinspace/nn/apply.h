#pragma once

#include <cstdint>

#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// How the gradients of a step reach the parameters.
struct ApplyOptions {
  std::int64_t step = 1;     ///< number of this update, from 1 on (adam's t)
  double rate_factor = 1.0;  ///< of the learning rate, from the schedule
  float l2 = 0.0F;           ///< gradient += l2 * weight of every touched row, before clipping
  float clip_norm = 0.0F;    ///< gradients are scaled down to this global norm; 0: never
};

/// Updates every parameter that got a gradient on the tape since begin().
///
/// Rows     contributions are sorted by row (stable), summed in their order, added to the matrix gradient if there is
///          one, and the optimizer updates each row once, in one pass over weights and slots. Rows without a gradient
///          stay as they are (see Optimizer for adam without `lazy`); a matrix gradient touches all rows.
/// Clipping by g * clip_norm / max(norm, clip_norm), norm being that of all gradients together. Rows that occur several
///          times are summed first; TensorFlow's clip_by_global_norm takes the norm over the slices as given, which is
///          smaller or larger than that of the gradient. A norm that is not finite makes the gradients NaN.
/// Returns  the norm before clipping, or 0 without clipping.
/// Threads  the result does not depend on how many there are.
/// Errors   kInternal when the store does not train or a contribution names a row that does not exist.
double apply_gradients(Tape& tape, ParameterStore& store, const ApplyOptions& options);

/// The gradient of a parameter after backward(), contributions and matrix together, as apply_gradients would see it
/// without l2; zeros when it got none.
Matrix total_gradient(Tape& tape, Parameter& parameter);

}  // namespace kin
