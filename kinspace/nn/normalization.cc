#include "kinspace/nn/normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"

namespace kin {
namespace {

using internal::column_sums;
using internal::for_rows;

void check_epsilon(const char* op, double epsilon) {
  if (epsilon > 0 && epsilon < HUGE_VAL) return;
  throw Error::invalid_argument(fmt::format("{}: epsilon = {} has to be above 0", op, epsilon));
}

void check_factors(const char* op, Var x, Var gamma, Var beta) {
  if (gamma.exists()) internal::check_shape(op, "gamma", gamma.value(), 1, x.cols());
  if (beta.exists()) internal::check_shape(op, "beta", beta.value(), 1, x.cols());
}

/// gamma * normal + beta.
MatrixView scaled_and_shifted(Tape& tape, ConstMatrixView normal, Var gamma, Var beta) {
  const MatrixView out = tape.matrix(normal.rows, normal.cols);
  for_rows(tape, out.rows, [&](std::int64_t r) {
    const kernels::Table& k = kernels::active();
    std::copy_n(normal.row(r), out.cols, out.row(r));
    if (gamma.exists()) k.multiply(gamma.value().data, out.row(r), out.cols);
    if (beta.exists()) k.add(beta.value().data, out.row(r), out.cols);
  });
  return out;
}

std::span<double> sums_of(Tape& tape, ConstMatrixView x) {
  return column_sums(tape, x.rows, x.cols,
                     [&](std::int64_t r, float* to) { kernels::active().add(x.row(r), to, x.cols); });
}

std::span<double> sums_of_products(Tape& tape, ConstMatrixView a, ConstMatrixView b) {
  return column_sums(tape, a.rows, a.cols, [&](std::int64_t r, float* to) {
    for (std::int64_t c = 0; c < a.cols; ++c) to[c] += a.row(r)[c] * b.row(r)[c];
  });
}

/// -sums / n as floats.
float* negative_mean(Tape& tape, std::span<const double> sums, std::int64_t n) {
  float* out = internal::filled(tape, static_cast<std::int64_t>(sums.size()), 0.0F);
  if (n == 0) return out;
  std::transform(sums.begin(), sums.end(), out, [&](double s) { return static_cast<float>(-s / double(n)); });
  return out;
}

/// moving -= decay (moving - value), the form of tf.compat.v1's assign_moving_average.
void move(Parameter& moving, const float* value, float decay) {
  float* to = moving.row(0);
  for (std::int64_t c = 0; c < moving.dim(); ++c) to[c] -= (to[c] - value[c]) * decay;
}

}  // namespace

Var batch_norm(Tape& tape, Var x, Var gamma, Var beta, Parameter& moving_mean, Parameter& moving_variance,
               const BatchNormOptions& options) {
  const std::int64_t rows = x.rows();
  const std::int64_t cols = x.cols();
  check_factors("batch_norm", x, gamma, beta);
  internal::check_shape("batch_norm", "moving_mean", std::as_const(moving_mean).weights(), 1, cols);
  internal::check_shape("batch_norm", "moving_variance", std::as_const(moving_variance).weights(), 1, cols);
  check_epsilon("batch_norm", options.epsilon);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    throw Error::invalid_argument(fmt::format("batch_norm: momentum = {} has to be 0 to 1", options.momentum));
  }
  const bool of_batch = tape.training() && !options.frozen && rows > 0;

  float* shift = internal::filled(tape, cols, 0.0F);  // minus the mean
  if (of_batch) {
    shift = negative_mean(tape, sums_of(tape, x.value()), rows);
  } else {
    kernels::active().axpy(-1.0F, moving_mean.row(0), shift, cols);
  }
  const MatrixView normal = tape.matrix(rows, cols);
  for_rows(tape, rows, [&](std::int64_t r) {
    std::copy_n(x.value().row(r), cols, normal.row(r));
    kernels::active().add(shift, normal.row(r), cols);
  });
  float* variance = moving_variance.row(0);
  if (of_batch) {
    variance = negative_mean(tape, sums_of_products(tape, normal, normal), rows);
    kernels::active().scale(-1.0F, variance, variance, cols);
    const auto decay = static_cast<float>(1.0 - options.momentum);
    float* mean = internal::filled(tape, cols, 0.0F);
    kernels::active().axpy(-1.0F, shift, mean, cols);
    if (!tape.dry()) {
      move(moving_mean, mean, decay);
      move(moving_variance, variance, decay);
    }
  }
  float* inverse = internal::filled(tape, cols, 0.0F);
  std::transform(variance, variance + cols, inverse,
                 [&](float v) { return 1.0F / std::sqrt(v + static_cast<float>(options.epsilon)); });
  for_rows(tape, rows, [&](std::int64_t r) { kernels::active().multiply(inverse, normal.row(r), cols); });

  const MatrixView out = scaled_and_shifted(tape, normal, gamma, beta);
  const Var result = tape.result(out, x.tracked() || gamma.tracked() || beta.tracked());
  tape.record(result, [&tape, x, gamma, beta, normal, inverse, of_batch](ConstMatrixView d_out) {
    const auto d_beta = sums_of(tape, d_out);
    const auto d_gamma = sums_of_products(tape, d_out, normal);
    if (beta.tracked()) internal::add_row_gradient(tape, beta, d_beta);
    if (gamma.tracked()) internal::add_row_gradient(tape, gamma, d_gamma);
    if (!x.tracked()) return;
    // gamma / deviation (d - mean(d) - normal mean(d normal)); moving averages do not depend on x.
    if (gamma.exists()) kernels::active().multiply(gamma.value().data, inverse, d_out.cols);
    const float* through_mean = negative_mean(tape, d_beta, of_batch ? d_out.rows : 0);
    const float* through_variance = negative_mean(tape, d_gamma, of_batch ? d_out.rows : 0);
    const MatrixView d = tape.matrix(d_out.rows, d_out.cols);
    for_rows(tape, d.rows, [&](std::int64_t r) {
      const kernels::Table& k = kernels::active();
      std::copy_n(normal.row(r), d.cols, d.row(r));
      k.multiply(through_variance, d.row(r), d.cols);
      k.add(through_mean, d.row(r), d.cols);
      k.add(d_out.row(r), d.row(r), d.cols);
      k.multiply(inverse, d.row(r), d.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

Var layer_norm(Tape& tape, Var x, Var gamma, Var beta, double epsilon) {
  const std::int64_t cols = x.cols();
  check_factors("layer_norm", x, gamma, beta);
  check_epsilon("layer_norm", epsilon);
  const float share = 1.0F / static_cast<float>(std::max<std::int64_t>(cols, 1));
  const float* ones = internal::filled(tape, cols, 1.0F);
  const MatrixView normal = tape.matrix(x.rows(), cols);
  float* inverse = internal::filled(tape, x.rows(), 0.0F);
  for_rows(tape, x.rows(), [&](std::int64_t r) {
    const kernels::Table& k = kernels::active();
    float* row = normal.row(r);
    std::copy_n(x.value().row(r), cols, row);
    k.axpy(-share * k.sum(row, cols), ones, row, cols);
    inverse[r] = 1.0F / std::sqrt(share * k.dot(row, row, cols) + static_cast<float>(epsilon));
    k.scale(inverse[r], row, row, cols);
  });

  const MatrixView out = scaled_and_shifted(tape, normal, gamma, beta);
  const Var result = tape.result(out, x.tracked() || gamma.tracked() || beta.tracked());
  tape.record(result, [&tape, x, gamma, beta, normal, inverse, ones, share](ConstMatrixView d_out) {
    if (beta.tracked()) internal::add_row_gradient(tape, beta, sums_of(tape, d_out));
    if (gamma.tracked()) internal::add_row_gradient(tape, gamma, sums_of_products(tape, d_out, normal));
    if (!x.tracked()) return;
    const MatrixView d = scaled_and_shifted(tape, d_out, gamma, Var());
    for_rows(tape, d.rows, [&](std::int64_t r) {
      const kernels::Table& k = kernels::active();
      float* row = d.row(r);
      const float through_mean = -share * k.sum(row, d.cols);
      const float through_variance = -share * k.dot(row, normal.row(r), d.cols);
      k.axpy(through_mean, ones, row, d.cols);
      k.axpy(through_variance, normal.row(r), row, d.cols);
      k.scale(inverse[r], row, row, d.cols);
    });
    tape.add_gradient(x, d);
  });
  return result;
}

}  // namespace kin
