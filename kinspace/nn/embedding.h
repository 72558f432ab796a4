#pragma once

#include <cstdint>
#include <string_view>

#include "kinspace/nn/parameter.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

enum class Combiner : std::uint8_t { kSum = 0, kMean = 1, kSqrtN = 2 };  // stored in models: never renumber

/// "sum", "mean", "sqrtn". Errors: kInvalidArgument.
Combiner combiner_from_name(std::string_view name);

struct CombineOptions {
  Combiner combiner = Combiner::kSum;
  float max_norm = 0.0F;  ///< longer rows count as scaled down to it; 0: none do
  bool prune = true;      ///< false: ids below 0 are errors, and weights of any sign count
};

/// Combines the table rows named by each example's ids into one vector.
///
///   out[b] = sum_k w[b,k] * table[ids[b,k]] / s(b)     s: 1 | sum of w | sqrt(sum of w^2), by `combiner`
///
/// Shapes   table [N, D]; ids sparse [B, any], NNZ in all; weights [1, NNZ], or none: those of `ids`, which default to
///          1; out [B, D].
/// Clipped  with max_norm > 0 a row e longer than it counts as e * max_norm / |e|; the table itself stays as it is.
/// Left out with `prune`: ids below 0; with mean and sqrtn also ids whose weight is 0, negative or NaN.
/// Empty    an example without ids, or with s = 0, yields the zero vector.
/// Gradient to the rows as sparse contributions, and to `weights` when it is tracked. Where the table's optimizer follows
///          TensorFlow (compat), row 0 is among them, with zeros, if with `prune` some example has no ids: there it is.
/// Errors   kInvalidArgument when an id that is not left out is N or more, the weights have another length, or max_norm
///          is negative or NaN; kInternal for broken offsets.
/// Cost     O(NNZ * D).
/// Source   tf.nn.safe_embedding_lookup_sparse; without `prune` embedding_lookup_sparse.
Var combine(Tape& tape, Parameter& table, const SparseTensor& ids, const CombineOptions& options, Var weights = {});

inline Var combine(Tape& tape, Parameter& table, const SparseTensor& ids, Combiner combiner, Var weights = {}) {
  return combine(tape, table, ids, CombineOptions{.combiner = combiner, .max_norm = 0, .prune = true}, weights);
}

/// Weight of each id by its age, the number of ids after it in its example: 2^(-age / half_life). [1, NNZ], no
/// gradient. Errors: kInvalidArgument unless half_life is above 0.
Var recency_weights(Tape& tape, const SparseTensor& ids, double half_life);

/// Weight of each id learned by its age a: exp(logits[min(a, P - 1)]) * 2^(-min(a, P - 1) / half_life), always
/// positive, so that it can come back from any small value. `half_life` says where weights start from when logits start
/// at zeros; 0: all equal. logits [P, 1]; out [1, NNZ].
Var position_weights(Tape& tape, Var logits, const SparseTensor& ids, double half_life = 0);

/// `ids` with each one replaced by -1 with probability `rate`, drawn from (seed, step, example); an example that had
/// some keeps at least one. Unchanged when not training. Errors: kInvalidArgument unless 0 <= rate < 1.
SparseTensor drop_ids(Tape& tape, const SparseTensor& ids, float rate);

}  // namespace kin
