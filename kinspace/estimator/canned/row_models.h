#pragma once

#include <cstdint>

#include "kinspace/estimator/step.h"

namespace kin {

/// Linear and deep models over the columns of rows; model functions like any user's (see Step).
///
///   baseline   logits = b
///   linear     logits = sum over columns of combined weights of the row's ids, or x W for numbers, + b
///   deep       h = input(columns); per layer h = batch_norm(dropout(f(h K + b)));  logits = h K + b
///   wide_deep  linear + deep
///
/// Parameters  "baseline/bias"; "linear/<column>", "linear/bias"; "<column>/embedding", "layer_<i>/kernel",
///             "layer_<i>/bias", "logits/kernel", "logits/bias".
/// Source      tensorflow_estimator's canned estimators.
EstimatorSpec baseline(Step& step);
EstimatorSpec linear(Step& step);
EstimatorSpec deep(Step& step);
EstimatorSpec wide_deep(Step& step);

/// The model function of a spec's kind. Errors   kInvalidArgument for one that is none over rows.
ModelFn row_model(const Spec& spec);

}  // namespace kin
