#include "kinspace/profile/cell_sample.h"

#include <utility>

namespace kin {
namespace {

constexpr std::size_t kMaxCell = std::size_t{64} << 10;

}  // namespace

void CellSample::add(std::string_view cell) {
  if (cell.size() > kMaxCell) return;
  if (seen_++ % stride_ != 0) return;
  cells_.emplace_back(cell);
  bytes_ += cell.size();
  if (cells_.size() >= max_cells_ || bytes_ >= max_bytes_) halve();
}

void CellSample::halve() {
  std::vector<std::string> kept;
  bytes_ = 0;
  for (std::size_t i = 0; i < cells_.size(); i += 2) {
    bytes_ += cells_[i].size();
    kept.push_back(std::move(cells_[i]));
  }
  cells_ = std::move(kept);
  stride_ *= 2;
}

}  // namespace kin
