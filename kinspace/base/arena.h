#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "kinspace/base/buffer.h"

namespace kin {

/// Memory for one step: taken piece by piece, given back all at once. After the first steps it is one block that every
/// step uses again, so a step allocates nothing.
///
/// Every piece starts on a cache line and is not cleared. Destructors never run, so only trivially destructible things
/// may live here. One thread at a time takes memory; any number may use it.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Errors: kResourceLimit when the memory is not to be had.
  void* allocate(std::size_t bytes);

  /// Room for n values whose content is whatever was there.
  template <class T>
  std::span<T> array(std::size_t n) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(allocate(n * sizeof(T))), n};
  }

  template <class T, class... Args>
  T* create(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
    return new (allocate(sizeof(T))) T{std::forward<Args>(args)...};
  }

  /// Everything taken so far may be handed out again.
  void reset();

  /// Bytes taken since the last reset, and bytes held.
  std::size_t used() const noexcept { return used_; }
  std::size_t capacity() const noexcept;

 private:
  static constexpr std::size_t kAlignment = 64;

  std::vector<RawBuffer> blocks_;  // the last one is being filled
  std::size_t offset_ = 0;         // in the last block
  std::size_t used_ = 0;
};

}  // namespace kin
