#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// Cuts the cells of a string column at each occurrence of `separator` (1 to 4 bytes). An empty or missing cell has no
/// pieces; between two separators lies the piece ''.
///
/// Cost   a look at every byte, 8 at a time for separators of one byte.
void split_cells(const Column& column, const BatchRows& rows, const std::string& separator, std::vector<Piece>& pieces,
                 std::vector<std::int64_t>& offsets, std::vector<std::int32_t>& positions);

}  // namespace kin::internal
