#include "kinspace/base/buffer.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kCacheLine = 64;

}  // namespace

void advise_huge_pages(void* data, std::size_t bytes) noexcept {
  // Only whole pages of the memory itself: what lies around it is somebody else's.
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kHugePage * kHugePage;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

RawBuffer::RawBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes >= kHugePage) {
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped != MAP_FAILED) {
      data_ = mapped;
      ::madvise(data_, bytes, MADV_HUGEPAGE);  // advice: a refusal costs speed only
    }
  } else {
    data_ = std::aligned_alloc(kCacheLine, (bytes + kCacheLine - 1) / kCacheLine * kCacheLine);
    if (data_ != nullptr) std::memset(data_, 0, bytes);
  }
  if (data_ == nullptr) {
    throw Error::resource_limit(fmt::format("{} of memory could not be allocated", human_bytes(bytes)),
                                "use a smaller model or batch, or a machine with more memory");
  }
}

RawBuffer::~RawBuffer() {
  if (bytes_ >= kHugePage) {
    ::munmap(data_, bytes_);
  } else {
    std::free(data_);
  }
}

}  // namespace kin
