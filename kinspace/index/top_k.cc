#include "kinspace/index/top_k.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

// Small enough that a scan for one hit is short, large enough that the call of the kernel is not the cost.
constexpr std::size_t kBlock = 64;

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
  const auto max = kernels::active().max;
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::span<const float> block = scores.subspan(begin, std::min(kBlock, scores.size() - begin));
    if (max(block.data(), static_cast<std::int64_t>(block.size())) < worst_.score) continue;
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i] >= worst_.score) offer({first_row + static_cast<std::int64_t>(begin + i), block[i]});
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
