#pragma once

#include <string>

#include "apps/cli/context.h"
#include "kinspace/estimator/train.h"

namespace kin::cli {

/// The spec that the first argument names ("-": standard input), with --set and, where the command has it, --seed.
Spec read_spec_argument(const Context& context);

/// What the flags of all commands say about a run; relative paths of the spec start where it lies.
RunOptions run_options(const Context& context);

}  // namespace kin::cli
