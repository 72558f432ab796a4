#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/nn/tape.h"

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

}  // namespace kin
