#pragma once

#include <span>

#include "kinspace/nn/parameter.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// Rows of a table [N, D] named by the ids of each example.
struct TableRows {
  Parameter* table;
  SparseTensor ids;  ///< [B, any], without weights
};

/// All that a linear model adds up, in one pass: D = 1, or few, weights for each id of many columns.
///
///   out[b] = sum_i others[i][b]  +  sum_c sum_k table_c[ids_c[b, k]]  +  bias
///
/// Shapes   others [B, D], bias [1, D], out [B, D].
/// Order    of the sum as written, that of each column (c) or other value by itself first.
/// Left out ids below 0.
/// Gradient to all three; to rows as combine() gives it, and not before the gradients are applied: what the ids point
///          to stays until then.
/// Errors   kInvalidArgument when an id is N or more; kInternal for broken offsets, or shapes that differ.
Var sum_rows(Tape& tape, std::span<const TableRows> columns, std::span<const Var> others, Var bias);

}  // namespace kin
