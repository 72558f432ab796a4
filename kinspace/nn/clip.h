#pragma once

#include <span>

#include "kinspace/tensor/matrix.h"

namespace kin {

// Gradients made smaller, in place, as TensorFlow's clip operations do. Squares are summed as float32 within a row, so
// that a row whose squares overflow has an infinite norm. NaN stays NaN.

/// Elements below `low` become `low`, those above `high` become `high`.
/// Errors   kInvalidArgument unless low <= high.
void clip_by_value(MatrixView g, float low, float high);

/// g *= limit / max(|g|, limit), |g| being the root of the sum of squares of all elements; an infinite norm makes
/// finite elements 0 and infinite ones NaN. Errors   kInvalidArgument unless limit >= 0. Source   tf.clip_by_norm.
void clip_by_norm(MatrixView g, float limit);

/// The same for every row by itself (axes = [1]).
void clip_rows_by_norm(MatrixView g, float limit);

/// g *= min(1, limit n / |g|), n being the number of elements.
/// Source   tf.compat.v1.clip_by_average_norm.
void clip_by_average_norm(MatrixView g, float limit);

/// All gradients together: g *= limit / max(norm, limit); a norm that is not finite makes all of them NaN. Views
/// without data are gradients that are not there. Returns the norm before. Source   tf.clip_by_global_norm.
double clip_by_global_norm(std::span<const MatrixView> gradients, float limit);

/// The factors of clip_by_norm and clip_by_global_norm for a norm.
float norm_clipping(double norm, float limit) noexcept;
float global_norm_clipping(double norm, float limit) noexcept;

}  // namespace kin
