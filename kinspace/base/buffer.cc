#include "kinspace/base/buffer.h"

#include <fmt/core.h>

#include <cstdlib>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/base/large_vector.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::size_t kCacheLine = 64;

}  // namespace

RawBuffer::RawBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes >= kHugePage) {
    data_ = map_huge(bytes);
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
    unmap_huge(data_, bytes_);
  } else {
    std::free(data_);
  }
}

}  // namespace kin
