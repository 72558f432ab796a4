#include "kinspace/index/top_k.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

// Scores are compared with the worst one kept as it is when their piece begins. The pieces grow, since early ones raise
// it most.
constexpr std::size_t kFirstPiece = 64;
constexpr std::size_t kLastPiece = 1024;

// -inf and NaN do not rank before it, every other score does.
constexpr Neighbour kAnything{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<float>::lowest()};

}  // namespace

TopK::TopK(std::int64_t k) : k_(static_cast<std::size_t>(k)), worst_(kAnything) {
  KIN_ASSERT(k >= 0);
}

void TopK::clear() noexcept {
  kept_.clear();
  worst_ = kAnything;
}

void TopK::cut() {
  const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
  std::nth_element(kept_.begin(), last, kept_.end(), ranks_before);
  worst_ = *last;
  kept_.resize(k_);
}

void TopK::offer(Neighbour candidate) {
  if (k_ == 0 || !ranks_before(candidate, worst_)) return;
  kept_.push_back(candidate);
  if (kept_.size() == 2 * k_) cut();
}

void TopK::offer_block(std::span<const float> scores, std::int64_t first_row) {
  if (k_ == 0) return;
  const auto at_least = kernels::active().at_least;
  std::uint32_t places[kLastPiece];
  std::size_t length = kFirstPiece;
  for (std::size_t begin = 0; begin < scores.size(); begin += length, length = std::min(2 * length, kLastPiece)) {
    const std::span<const float> piece = scores.subspan(begin, std::min(length, scores.size() - begin));
    const auto found = at_least(worst_.score, piece.data(), static_cast<std::int64_t>(piece.size()), places);
    for (std::int64_t i = 0; i < found; ++i) {
      const std::uint32_t place = places[i];
      offer({first_row + static_cast<std::int64_t>(begin + place), piece[place]});
    }
  }
}

std::vector<Neighbour> TopK::take() {
  if (kept_.size() > k_) cut();
  worst_ = kAnything;
  std::sort(kept_.begin(), kept_.end(), ranks_before);
  return std::exchange(kept_, {});
}

}  // namespace kin
