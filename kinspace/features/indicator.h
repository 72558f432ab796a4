#pragma once

#include <cstdint>
#include <span>

#include "kinspace/features/encoder.h"

namespace kin {

/// Counts the ids of each row, or sums their weights.
///
/// Shapes   column of B rows; out [B, num_buckets], overwritten.
/// Ids      out of vocabulary or beyond num_buckets count nowhere.
void indicator(const EncodedColumn& column, std::int64_t num_buckets, std::span<float> out);

/// The same for each step of a sequence.
///
/// Shapes   out [B, steps, num_buckets], overwritten; steps from `steps` on are left out.
void sequence_indicator(const EncodedColumn& column, std::int64_t num_buckets, std::int64_t steps,
                        std::span<float> out);

}  // namespace kin
