#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// Some cells of a column from all over the table: every 2^k-th one, k as small as the memory allows.
///
/// Limits   as given; a cell longer than 64 KiB is left out.
/// Bits     a function of the cells in their order.
class CellSample {
 public:
  CellSample(std::size_t max_cells, std::uint64_t max_bytes) : max_cells_(max_cells), max_bytes_(max_bytes) {}

  void add(std::string_view cell);

  const std::vector<std::string>& cells() const noexcept { return cells_; }

 private:
  void halve();

  std::size_t max_cells_;
  std::uint64_t max_bytes_;
  std::int64_t seen_ = 0;
  std::int64_t stride_ = 1;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> cells_;
};

}  // namespace kin
