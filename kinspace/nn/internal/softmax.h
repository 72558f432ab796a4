#pragma once

#include <cstdint>
#include <span>

#include "kinspace/nn/softmax_loss.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin::internal {

/// How much each target and each example counts.
struct TargetShares {
  std::span<float> share;  ///< NNZ: y[b, t]; 0 for what is left out
  float factor = 0;        ///< of every example's loss: 1, or 1 / number of examples with targets

  /// Whether example b has targets.
  bool counts(const SparseTensor& targets, std::int64_t b) const noexcept;
};

/// Errors: kInternal for a broken tensor, kInvalidArgument when an id is `items` or more or a weight is negative or not
/// finite.
TargetShares target_shares(Tape& tape, const char* op, const SparseTensor& targets, std::int64_t examples,
                           std::int64_t items, Reduction reduction);

/// z = factor * softmax(z); returns log sum exp(z), NaN when z holds one.
float softmax_in_place(float* z, std::int64_t n, float factor) noexcept;

/// Sum in order.
double ordered_sum(std::span<const double> values) noexcept;

}  // namespace kin::internal
