#pragma once

#include "kinspace/kernels/bf16_rows_impl.h"
#include "kinspace/kernels/copy_strings_impl.h"
#include "kinspace/kernels/csv_scan_impl.h"
#include "kinspace/kernels/digits_impl.h"
#include "kinspace/kernels/gemm_bf16_impl.h"
#include "kinspace/kernels/gemm_impl.h"
#include "kinspace/kernels/hash_strings_impl.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/loops_impl.h"
#include "kinspace/kernels/random_impl.h"
#include "kinspace/kernels/update_impl.h"
#include "kinspace/kernels/vec16.h"

namespace kin::kernels {
namespace {

template <Vec16 V, class Bytes, class Words>
inline constexpr Table kTable = {
    .isa = V::kIsa,
    .dot = dot<V>,
    .sum = sum<V>,
    .max = max<V>,
    .squared_distance = squared_distance<V>,
    .axpy = axpy<V>,
    .scale = scale<V>,
    .add = add<V>,
    .multiply = multiply<V>,
    .all_finite = all_finite<V>,
    .at_least = at_least<V>,
    .exp = exp<V>,
    .log = log<V>,
    .log1p = log1p<V>,
    .log_expected_count = log_expected_count<V>,
    .activate = activate<V>,
    .activate_backward = activate_backward<V>,
    .exp_shift_sum = exp_shift_sum<V>,
    .truncated_normals = truncated_normals,
    .widen_bf16 = widen_bf16,
    .round_to_bf16 = round_to_bf16,
    .round_to_bf16_randomly = round_to_bf16_randomly,
    .sgd = sgd<V>,
    .momentum = momentum<V>,
    .adagrad = adagrad<V>,
    .proximal_adagrad = proximal_adagrad<V>,
    .adam = adam<V>,
    .amsgrad = amsgrad<V>,
    .adamax = adamax<V>,
    .nadam = nadam<V>,
    .ftrl = ftrl<V>,
    .rmsprop = rmsprop<V>,
    .adadelta = adadelta<V>,
    .gemm_tile_rows = V::kTileRows,
    .gemm_tile_cols = 16 * V::kTileVectors,
    .gemm_pack = gemm_pack<V>,
    .gemm_tile = gemm_tile<V>,
    .gemm_bf16_terms = RoundedFloats<V>::kTerms,
    .gemm_pack_bf16 = gemm_pack<V, RoundedFloats<V>>,
    .gemm_tile_bf16 = gemm_tile_bf16<V>,
    .scan_csv = scan_csv<Bytes>,
    .read_integers = read_integers<Bytes>,
    .read_numbers = read_numbers<Bytes>,
    .copy_strings = copy_strings,
    .hash_strings = hash_strings<Words>,
};

}  // namespace
}  // namespace kin::kernels
