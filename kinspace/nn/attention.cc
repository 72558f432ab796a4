#include <algorithm>
#include <cmath>

#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/sequence.h"
#include "kinspace/nn/internal/softmax.h"
#include "kinspace/nn/steps.h"

namespace kin {

using internal::for_rows;
using internal::rows_of;
using internal::steps_of;

Var attention_pool(Tape& tape, Var query, const SequenceInput& keys, Var values) {
  internal::check_sequence("attention_pool", keys);
  const std::int64_t batch = rows_of(keys);
  const bool shared = query.rows() == 1;
  internal::check_shape("attention_pool", "the query", query.value(), shared ? 1 : batch, keys.steps.cols());
  internal::check_shape("attention_pool", "the matrix of values", values.value(), keys.steps.rows(), values.cols());
  const float factor = 1.0F / std::sqrt(static_cast<float>(std::max<std::int64_t>(query.cols(), 1)));
  const auto query_of = [query, shared](std::int64_t b) { return query.value().row(shared ? 0 : b); };

  const MatrixView weights = tape.matrix(batch, keys.length);
  const MatrixView out = tape.zeros(batch, values.cols());
  for_rows(tape, batch, [&](std::int64_t b) {
    const kernels::Table& k = kernels::active();
    const std::int64_t steps = steps_of(keys, b);
    if (steps == 0) return;
    float* w = weights.row(b);
    for (std::int64_t t = 0; t < steps; ++t) {
      w[t] = factor * k.dot(query_of(b), keys.steps.value().row(b * keys.length + t), query.cols());
    }
    internal::softmax_in_place(w, steps, 1.0F);
    for (std::int64_t t = 0; t < steps; ++t) {
      k.axpy(w[t], values.value().row(b * keys.length + t), out.row(b), out.cols);
    }
  });

  const Var result = tape.result(out, query.tracked() || keys.steps.tracked() || values.tracked());
  tape.record(result, [&tape, query, query_of, keys, values, weights, factor, shared](ConstMatrixView d_out) {
    const std::int64_t width = query.cols();
    const MatrixView d_values = tape.zeros(values.rows(), values.cols());
    const MatrixView d_keys = tape.zeros(keys.steps.rows(), width);
    const MatrixView d_query = tape.zeros(d_out.rows, width);
    const MatrixView d_scores = tape.matrix(d_out.rows, keys.length);
    for_rows(tape, d_out.rows, [&](std::int64_t b) {
      const kernels::Table& k = kernels::active();
      const std::int64_t steps = steps_of(keys, b);
      const float* w = weights.row(b);
      float* d = d_scores.row(b);
      for (std::int64_t t = 0; t < steps; ++t) {
        const std::int64_t row = b * keys.length + t;
        d[t] = k.dot(d_out.row(b), values.value().row(row), d_out.cols);
        k.scale(w[t], d_out.row(b), d_values.row(row), d_out.cols);
      }
      const float mean = k.dot(w, d, steps);
      for (std::int64_t t = 0; t < steps; ++t) {
        const std::int64_t row = b * keys.length + t;
        const float through = factor * w[t] * (d[t] - mean);
        k.scale(through, query_of(b), d_keys.row(row), width);
        k.axpy(through, keys.steps.value().row(row), d_query.row(b), width);
      }
    });
    if (values.tracked()) tape.add_gradient(values, d_values);
    if (keys.steps.tracked()) tape.add_gradient(keys.steps, d_keys);
    if (!query.tracked()) return;
    if (shared) {
      internal::add_row_gradient(tape, query,
                                 internal::column_sums(tape, d_query.rows, width, [&](std::int64_t b, float* to) {
                                   kernels::active().add(d_query.row(b), to, width);
                                 }));
    } else {
      tape.add_gradient(query, d_query);
    }
  });
  return result;
}

}  // namespace kin
