#pragma once

#include <cstdint>

#include "kinspace/nn/tape.h"

// Products of features, as recommenders and click models use them.

namespace kin {

/// Sum over all pairs of fields of their product, element by element, by the square trick.
///
///   out[b] = sum_{f < g} x[b, f] * x[b, g] = ((sum_f x[b, f])^2 - sum_f x[b, f]^2) / 2
///
/// Shapes   x [B, F * D], field f in the columns f D .. (f + 1) D; out [B, D].
/// Empty    fewer than two fields have no pair: zeros.
/// Errors   kInvalidArgument unless fields >= 1 and the columns are a multiple of it.
/// Cost     O(B F D).
/// Source   bi-interaction pooling, He & Chua, arXiv:1708.05027.
Var field_products(Tape& tape, Var x, std::int64_t fields);

/// Sum over all pairs of fields of the dot product of their vectors: the columns of field_products() added up, [B, 1].
/// Source   Rendle, "Factorization Machines", ICDM 2010.
Var factorization_machine(Tape& tape, Var x, std::int64_t fields);

/// One layer of a cross network: products of the input of the network with what is known so far, of one degree more.
///
///   out = x0 * (x kernel + bias) + x
///
/// Shapes   x0, x [B, D]; kernel [D, D]; bias [1, D] or none; out [B, D].
/// Errors   kInternal when the shapes do not fit.
/// Source   DCN-V2, Wang et al., arXiv:2008.13535.
Var cross(Tape& tape, Var x0, Var x, Var kernel, Var bias);

/// The same with a kernel of low rank: u [D, R] times v [R, D].
Var cross(Tape& tape, Var x0, Var x, Var u, Var v, Var bias);

}  // namespace kin
