#include "kinspace/base/arena.h"

#include <algorithm>

namespace kin {
namespace {

constexpr std::size_t kSmallestBlock = std::size_t{1} << 20;

}  // namespace

void* Arena::allocate(std::size_t bytes) {
  const std::size_t size = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  if (blocks_.empty() || size > blocks_.back().bytes() - offset_) {
    blocks_.emplace_back(std::max({kSmallestBlock, size, capacity() / 2}));
    offset_ = 0;
  }
  void* piece = static_cast<char*>(blocks_.back().data()) + offset_;
  offset_ += size;
  used_ += size;
  return piece;
}

void Arena::reset() {
  if (blocks_.size() > 1) {
    // One block in place of several; an eighth more, so that steps of slightly different sizes settle.
    const std::size_t size = used_ + used_ / 8;
    blocks_.clear();
    blocks_.emplace_back(size);
  }
  offset_ = 0;
  used_ = 0;
}

std::size_t Arena::capacity() const noexcept {
  std::size_t bytes = 0;
  for (const RawBuffer& block : blocks_) bytes += block.bytes();
  return bytes;
}

}  // namespace kin
