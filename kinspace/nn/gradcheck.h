#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/layer.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

struct GradcheckOptions {
  double step = 0.02;       ///< distance of the points around each weight; below it the function has to be smooth
  std::uint64_t seed = 1;   ///< of the tape, so dropout is the same at every point
  std::int64_t most = 200;  ///< weights tried of each parameter, evenly spread
};

struct GradcheckResult {
  double worst = 0;   ///< largest |difference| / max(1e-2, largest |gradient| of its parameter)
  std::string where;  ///< that weight, its gradient by the tape and by differences
};

/// Compares the gradient that a tape computes for `parameters` with central differences of fourth order,
/// (8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) / 12h.
///
/// `loss` builds the loss [1, 1] on a training tape and must be a function of the parameters alone. The parameters are
/// as they were when it returns. Values are float32, so a right gradient differs by a few 1e-4.
GradcheckResult gradcheck(ThreadPool& pool, std::span<Parameter* const> parameters, FunctionRef<Var(Tape&)> loss,
                          const GradcheckOptions& options = {});

/// The same for a layer, or a whole network as layers::sequential(), of one's own: the loss is a sum of what it makes
/// of `input` with fixed random weights. Checked are the gradients by the input, which is called "input", and by every
/// trainable parameter of the store that the layer takes as a value of the tape; missing ones are made.
///
///   kin::ParameterStore store(/*seed=*/1, {});
///   const kin::GradcheckResult found = kin::gradcheck(pool, store, my_layer, input.view());
///   if (found.worst > 2e-3) std::cerr << found.where;
///
/// State    parameters that are no values of the tape, such as moving averages, have their start values whenever the
///          loss is taken, and afterwards.
/// Errors   kInvalidArgument for an input without rows or columns; those of the layer.
GradcheckResult gradcheck(ThreadPool& pool, ParameterStore& store, const Layer& layer, ConstMatrixView input,
                          const GradcheckOptions& options = {});

}  // namespace kin
