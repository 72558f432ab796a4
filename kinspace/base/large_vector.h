#pragma once

#include <cstddef>
#include <limits>
#include <new>
#include <utility>
#include <vector>

namespace kin {

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// Zeroed memory of the kernel that starts on a huge page and asks for such pages: a hundredth of the page faults.
/// Null when it is not to be had.
void* map_huge(std::size_t bytes) noexcept;
void unmap_huge(void* data, std::size_t bytes) noexcept;

/// std::allocator, but from 2 MiB on memory of map_huge().
template <class T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>& /*other*/) noexcept {}  // NOLINT(google-explicit-constructor): as std's

  T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
    const std::size_t bytes = n * sizeof(T);
    if (bytes < kHugePage) return static_cast<T*>(::operator new(bytes));
    void* const data = map_huge(bytes);
    if (data == nullptr) throw std::bad_alloc();
    return static_cast<T*>(data);
  }
  void deallocate(T* data, std::size_t n) noexcept {
    if (n * sizeof(T) < kHugePage) {
      ::operator delete(data);
    } else {
      unmap_huge(data, n * sizeof(T));
    }
  }
  /// resize() leaves new values unset.
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
  friend bool operator==(LargeAllocator, LargeAllocator) noexcept { return true; }
};

/// A vector for many numbers that are written once and read often; resize() leaves new ones unset.
template <class T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace kin
