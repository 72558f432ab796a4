#pragma once

#include <span>

#include "kinspace/kernels/kernels.h"

/// What lies between the instruction set files and dispatch.cc; declared for these and for tests.
namespace kin::kernels::internal {

const Table& scalar_table() noexcept;
const Table& avx2_table() noexcept;
const Table& avx512_table() noexcept;
const Table& avx512_bf16_table() noexcept;

/// The set that `wanted` (the value of KIN_ISA) names, or the last of `supported` when it is null or empty.
/// Errors: kInvalidArgument when it names none, kNotSupported when it names one that is not in `supported`.
Isa choose(const char* wanted, std::span<const Isa> supported);

}  // namespace kin::kernels::internal
