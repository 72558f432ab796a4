#pragma once

#include <cstdint>

#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// How the gradients of a step reach the parameters.
struct ApplyOptions {
  std::int64_t step = 1;     ///< number of this update, from 1 on (adam's t)
  double rate_factor = 1.0;  ///< of the learning rates, from the schedule
  float l2 = 0.0F;           ///< gradient += l2 * weight of every touched row, before clipping
  float clip_norm = 0.0F;    ///< gradients are scaled down to this global norm; 0: never
  bool clip_slices = false;  ///< clip what ops gave, not its sum by row: TensorFlow's way
};

/// Updates every trainable parameter that got a gradient on the tape since begin(), each by its own optimizer.
///
/// Rows     contributions are sorted by row (stable), summed in their order, added to the matrix gradient if there is
///          one, and the optimizer updates each row once, in one pass over weights and slots. Rows without a gradient
///          stay as they are, or do what Optimizer::idle_rows() says; a matrix gradient touches all rows.
/// Clipping first the optimizers' own: by value, by the norm of each parameter (clip_norm), by that of all parameters
/// of
///          the optimizer (global_clip_norm); then by g * clip_norm / max(norm, clip_norm), norm being that of all
///          gradients together. A norm that is not finite makes the gradients NaN, but for clip_norm of an optimizer,
///          where an infinite norm makes them 0 (see clip.h).
///          Rows that occur several times are summed first. With clip_slices, values are clipped and squares summed
///          over the contributions as given, as TensorFlow does with IndexedSlices; that norm is smaller or larger than
///          that of the gradient. A parameter with a matrix gradient is summed all the same, and l2 is one more slice.
/// bf16     a row of a table in bf16 is read as floats, moved, and rounded stochastically, by random numbers that are a
///          function of (seed of the store, number of the update, name, row).
/// Returns  the norm before clipping by options.clip_norm, or 0 without it.
/// Threads  the result does not depend on how many there are.
/// Errors   kInternal when the store does not train or a contribution names a row that does not exist.
double apply_gradients(Tape& tape, ParameterStore& store, const ApplyOptions& options);

/// The gradient of a parameter after backward(), contributions and matrix together, as apply_gradients would see it
/// without l2; zeros when it got none.
Matrix total_gradient(Tape& tape, Parameter& parameter);

}  // namespace kin
