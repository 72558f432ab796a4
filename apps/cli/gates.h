#pragma once

#include <string>
#include <vector>

#include "apps/cli/context.h"

namespace kin::cli {

/// One --fail-under METRIC=X.
struct Gate {
  std::string metric;
  double least = 0;  ///< of a metric that is to be large; for losses and errors the most
};

/// Errors   kInvalidArgument for one that is not METRIC=X.
std::vector<Gate> gates_of(const Arguments& arguments);

/// kin evaluate for a model over rows.
int evaluate_row_model(Context& context);

}  // namespace kin::cli
