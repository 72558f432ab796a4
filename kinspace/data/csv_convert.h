#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/kernels/text_cells.h"

namespace kin {

/// How the cells of a column are read.
struct CsvColumnOptions {
  ColumnType type = ColumnType::kString;
  bool keep_zeros = false;  ///< integers: 007 is bad, since its value would lose the zeros
  char decimal = '.';       ///< numbers
};

/// A cell that is no value of its column's type.
struct BadCell {
  std::size_t cell = 0;
  Parsed why = Parsed::kOther;
};

/// The values of the cells of one column, in memory that is kept from batch to batch. Empty cells (for integers and
/// numbers those of blanks too) are missing.
class CsvValues {
 public:
  static constexpr std::size_t kAtOnce = 64;

  /// Begins a batch of so many cells.
  void start(std::size_t cells, const CsvColumnOptions& options);

  /// Reads the next cells, up to kAtOnce; `first` is a multiple of it. Bad ones are appended to `bad`; what stands in
  /// their place is unspecified. Text must be readable 16 bytes before and 32 bytes behind a cell.
  void read(const CsvCells& cells, std::size_t first, const kernels::Table& kernels, std::vector<BadCell>& bad);

  /// Lends the values to `column`: those of single cells, or of lists with these offsets.
  void lend(Column& column, const std::vector<std::int32_t>* list_offsets) const;

 private:
  std::uint64_t read_integers(const CsvCells& cells, std::size_t first, std::size_t count,
                              const kernels::Table& kernels, std::vector<BadCell>& bad);
  std::uint64_t read_numbers(const CsvCells& cells, std::size_t first, std::size_t count, const kernels::Table& kernels,
                             std::vector<BadCell>& bad);
  std::uint64_t read_strings(const CsvCells& cells, std::size_t first, std::size_t count,
                             const kernels::Table& kernels);
  void make_room(std::size_t bytes);

  CsvColumnOptions options_;
  std::vector<std::int64_t> integers_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> offsets_;
  std::vector<char> bytes_;
  std::vector<std::uint64_t> validity_;
  bool any_missing_ = false;
  kernels::StringCopies copies_{};
  std::string scratch_;
};

}  // namespace kin
