#pragma once

#include <cstdint>
#include <span>

#include "kinspace/nn/tape.h"

namespace kin {

/// out[i] = x[rows[i]]; a row may be taken any number of times. `rows` is read here and copied.
/// Errors   kInternal for a row that x does not have.
Var gather_rows(Tape& tape, Var x, std::span<const std::int64_t> rows);

/// [B, D] to [D, B].
Var transpose(Tape& tape, Var x);

/// The same values in the same order, as [rows, cols]; copied only where x has gaps between its rows.
/// Errors   kInternal when that is another number of values.
Var reshape(Tape& tape, Var x, std::int64_t rows, std::int64_t cols);

}  // namespace kin
