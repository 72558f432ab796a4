#pragma once

#include <cstdint>

#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

enum class Reduction : std::uint8_t { kMean = 0, kSum = 1 };

struct SoftmaxOptions {
  float scale = 1.0F;                      ///< logits are scale * query . item: 1 / temperature
  Reduction reduction = Reduction::kMean;  ///< of the losses of the examples
};

/// Cross entropy of a softmax over all items; an example with several targets counts as the mean of its targets' cross
/// entropies.
///
///   z[b, i] = scale * query[b] . items[i] + bias[i]
///   loss[b] = - sum_t y[b, t] log softmax(z[b])[t]       y[b, t] = w[b, t] / sum_t w[b, t], so 1 / |T_b| by default
///
/// Shapes   query [B, D]; items [N, D]; bias [N, 1] or none; targets sparse [B, any] with weights or without; masked
///          sparse [B, any] or null; out [1, 1].
/// Masked   items that take no part in the softmax of their example, unless they are its targets; ids below 0 name
/// none. Empty    target ids below 0 are left out; an example without targets has no loss and does not count in the
/// mean. Gradient to query, items and bias where tracked. It is computed on the way forward, as softmax values are at
/// hand. Errors   kInvalidArgument when an id is N or more; kInternal when the shapes do not fit. Cost     6 B N D FLOP
/// when training; memory of a block of examples x N.
Var softmax_loss(Tape& tape, Var query, Var items, Var bias, const SparseTensor& targets, const SoftmaxOptions& options,
                 const SparseTensor* masked = nullptr);

}  // namespace kin
