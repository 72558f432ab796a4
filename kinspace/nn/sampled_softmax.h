#pragma once

#include <span>

#include "kinspace/nn/parameter.h"
#include "kinspace/nn/sampler.h"
#include "kinspace/nn/softmax_loss.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

struct SampledSoftmaxOptions {
  float scale = 1.0F;                      ///< logits are scale * query . item: 1 / temperature
  Reduction reduction = Reduction::kMean;  ///< of the losses of the examples
  bool normalize = false;                  ///< rows of the table are brought to length 1 first, as by normalize_rows
  bool remove_accidental_hits = true;      ///< negatives that are targets of an example do not count against it
};

/// Cross entropy of a softmax over an example's targets and S negatives that the whole batch shares; an example with
/// several targets counts as the mean of its targets' cross entropies.
///
///   z[b, i] = scale * query[b] . table[i] + bias[i] - log Q[i]          i: a target of b, or a negative
///   loss[b] = - sum_t y[b, t] (z[b, t] - log sum_i exp z[b, i])         y[b, t] = w[b, t] / sum_t w[b, t]
///
/// log Q is `target_log_expected` for targets and that of `negatives` for these; empty ones correct nothing.
/// Shapes   query [B, D]; table [N, D]; bias [N, 1] or null; targets sparse [B, any], NNZ; target_log_expected NNZ or
///          none; out [1, 1].
/// Empty    target ids below 0 are left out; an example without targets has no loss and does not count in the mean.
///          Negatives may repeat; a target that an example repeats is as many classes.
/// Gradient to query where tracked, and to the rows of table and bias as sparse contributions.
/// Errors   kInvalidArgument when an id is not in the table; kInternal when the shapes do not fit.
/// Cost     6 B (S + T) D FLOP when training; memory of a block of examples x (S + T), and 2 S D.
/// Source   tf.nn.sampled_softmax_loss; with num_true = |T| it is the same, but that TensorFlow removes only one of a
///          negative's occurrences where it is an accidental hit.
Var sampled_softmax_loss(Tape& tape, Var query, Parameter& table, Parameter* bias, const SparseTensor& targets,
                         std::span<const float> target_log_expected, const Negatives& negatives,
                         const SampledSoftmaxOptions& options);

}  // namespace kin
