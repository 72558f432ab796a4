#pragma once

#include <cstdint>

#include "kinspace/estimator/step.h"

namespace kin {

/// The recommender: who watched these watches those next.
///
///   x     = dropout(combine(table[context], weights by age))         [B, D]
///   h     = layers(x), with dropout between them; added to x (projected when the widths differ) with `residual`
///   query = h, projected to D when the output table is the input table and the widths differ; of length 1 and divided
///           by the temperature with `normalize`
///   score = query . output row + item bias
///   loss  = mean over the examples of -1/|T| sum over targets t of log softmax(score)_t
///
/// A model function like any user's: see Step.
EstimatorSpec recommender(Step& step);

/// Number of negatives when the user leaves the choice: 0 (full softmax) for a catalogue of up to 20 000 items, where
/// it costs at most a few times as much as sampling and learns better; else 1024 shared by the batch.
std::int64_t default_negatives(std::int64_t items) noexcept;

/// Trained numbers of the model when its tables have `rows` rows.
std::int64_t parameter_count(const Spec& spec, std::int64_t rows);

/// Floating-point operations of one example of a training step, forward and backward: matrix products only.
double flop_per_example(const Spec& spec, std::int64_t items, std::int64_t negatives);

}  // namespace kin
