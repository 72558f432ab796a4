#pragma once

#include <cstdint>
#include <span>

#include "kinspace/nn/parameter.h"
#include "kinspace/nn/row_gradient.h"

namespace kin::internal {

/// Ids beyond which a hash table would not stay in the caches: more are better sorted, and cut into chunks of rows.
inline constexpr std::int64_t kMostIndexed = 1 << 16;

/// Indexes at most kMostIndexed ids, which may be negative, by a hash table that the thread keeps, and asks for the
/// rows of `table` on the way. `rows` has room for one more than `ids`, `places` for as many. Returns the number of
/// places in `rows` that are used, that of place 0 among them; 0 when some id is N or more.
std::size_t index_rows(const Parameter& table, std::span<const std::int64_t> ids, std::uint32_t* rows,
                       std::uint32_t* places);

}  // namespace kin::internal
