#include "kinspace/base/file_mapping.h"

#include <sys/mman.h>

#include <cstddef>
#include <limits>

namespace kin {
namespace {

#ifdef MADV_POPULATE_READ
constexpr int kPopulate = MADV_POPULATE_READ;
#else
constexpr int kPopulate = 22;  // its value in the kernel, which may be newer than these headers
#endif

}  // namespace

std::shared_ptr<FileMapping> FileMapping::of(const InputFile& file, std::uint64_t bytes) {
  if (bytes == 0 || bytes > std::numeric_limits<std::size_t>::max()) return nullptr;
  const auto size = static_cast<std::size_t>(bytes);
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) return nullptr;
  std::shared_ptr<FileMapping> mapping(new FileMapping(static_cast<char*>(data), bytes));
  // Reading it now, a disk that fails and a file that is too short are an answer here and not a signal later.
  return ::madvise(data, size, kPopulate) == 0 ? mapping : nullptr;
}

FileMapping::~FileMapping() {
  ::munmap(data_, static_cast<std::size_t>(bytes_));
}

}  // namespace kin
