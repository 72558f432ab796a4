#include "kinspace/base/large_vector.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace kin {
namespace {

// Whole pages; a last huge page that is used by more than half is whole too.
std::size_t mapped_size(std::size_t bytes) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t rest = bytes % kHugePage;
  return rest > kHugePage / 2 ? bytes - rest + kHugePage : (bytes + page - 1) / page * page;
}

}  // namespace

void* map_huge(std::size_t bytes) noexcept {
  if (bytes > std::numeric_limits<std::size_t>::max() - 2 * kHugePage) return nullptr;
  const std::size_t size = mapped_size(bytes);
  void* const mapped = ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  // Of one huge page too many, what lies before the first whole one and behind the last byte goes back.
  auto* const begin = static_cast<char*>(mapped);
  const std::size_t skip = (kHugePage - reinterpret_cast<std::uintptr_t>(mapped) % kHugePage) % kHugePage;
  if (skip > 0) ::munmap(begin, skip);
  if (skip < kHugePage) ::munmap(begin + skip + size, kHugePage - skip);
  ::madvise(begin + skip, size, MADV_HUGEPAGE);  // advice: a refusal costs speed only
  return begin + skip;
}

void unmap_huge(void* data, std::size_t bytes) noexcept {
  ::munmap(data, mapped_size(bytes));
}

}  // namespace kin
