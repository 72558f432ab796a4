#pragma once

#include "kinspace/nn/parameter.h"
#include "kinspace/nn/tape.h"

namespace kin {

/// As in tf.keras.layers.BatchNormalization, except that the momentum of canned DNNs is 0.999.
struct BatchNormOptions {
  double momentum = 0.99;  ///< share of the moving averages that a step keeps, 0 to 1
  double epsilon = 1e-3;   ///< added to the variance, above 0
  bool frozen = false;     ///< the moving averages are used, and left alone, while training too
};

/// Columns of mean 0 and variance 1, then scaled and shifted.
///
///   out = gamma (x - mean) / sqrt(variance + epsilon) + beta
///
/// Training the mean and the biased variance are those of the batch, gradients go through them, and each step moves
///          moving -= (1 - momentum) (moving - of the batch); an empty batch and a dry step move nothing.
///          Predicting, or frozen, they are the moving ones.
/// Shapes   x [B, D]; gamma, beta [1, D] or none; moving_mean, moving_variance [1, D]; out [B, D].
/// Errors   kInternal when the shapes do not fit, kInvalidArgument for impossible options.
/// Threads  the result does not depend on how many there are: see internal::column_sums.
/// Source   tf.keras.layers.BatchNormalization for matrices: not fused, hence no Bessel correction.
Var batch_norm(Tape& tape, Var x, Var gamma, Var beta, Parameter& moving_mean, Parameter& moving_variance,
               const BatchNormOptions& options);

/// Rows of mean 0 and variance 1, then scaled and shifted by column.
///
///   out[b] = gamma (x[b] - mean(x[b])) / sqrt(variance(x[b]) + epsilon) + beta
///
/// Shapes   x [B, D]; gamma, beta [1, D] or none; out [B, D].
/// Errors   kInternal when the shapes do not fit, kInvalidArgument unless epsilon > 0.
/// Source   tf.keras.layers.LayerNormalization, whose epsilon is 1e-3.
Var layer_norm(Tape& tape, Var x, Var gamma, Var beta, double epsilon = 1e-3);

}  // namespace kin
