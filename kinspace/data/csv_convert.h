#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/parse_number.h"

namespace kin {

/// The values of some cells: what a Column of a batch borrows from. Memory is kept from batch to batch.
struct CsvValues {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::int32_t> offsets;
  std::vector<char> bytes;
  std::vector<std::uint64_t> validity;
  bool any_missing = false;
  std::vector<std::int32_t> list_offsets;
};

/// A cell that is no value of its column's type.
struct BadCell {
  std::size_t cell = 0;
  Parsed why = Parsed::kOther;
};

/// The values of cells, one after the other; empty ones (for numbers those of blanks too) are missing. Bad cells are
/// appended to `bad`; what stands in their place is unspecified. Text must be readable 16 bytes before and 32 bytes
/// behind a cell.
/// keep_zeros   an integer such as 007 is bad, since its value would lose the zeros
void convert_integers(const CsvCells& cells, bool keep_zeros, const kernels::Table& kernels, CsvValues& values,
                      std::vector<BadCell>& bad);
void convert_numbers(const CsvCells& cells, char decimal, const kernels::Table& kernels, CsvValues& values,
                     std::vector<BadCell>& bad);
void convert_strings(const CsvCells& cells, CsvValues& values);

}  // namespace kin
