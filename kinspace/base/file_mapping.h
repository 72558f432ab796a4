#pragma once

#include <cstdint>
#include <memory>

#include "kinspace/base/file.h"

namespace kin {

/// The bytes of a file as memory: those that the page cache holds are not copied. What is written to the memory stays
/// with this process and never reaches the file.
///
/// The file keeps its bytes when it is removed or replaced by a rename, as all files of Kinspace are. It must not be
/// shortened or overwritten in place meanwhile: then the memory changes too, or has a hole whose use ends the process.
class FileMapping {
 public:
  /// The first `bytes` bytes, all of them read from the disk when this returns. Null where that cannot be had (not
  /// every file system can be mapped, no kernel before Linux 5.14 says whether reading failed, and the file may be
  /// shorter): then read the file instead.
  static std::shared_ptr<FileMapping> of(const InputFile& file, std::uint64_t bytes);

  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  char* data() const noexcept { return data_; }  ///< starts on a page

 private:
  FileMapping(char* data, std::uint64_t bytes) noexcept : data_(data), bytes_(bytes) {}

  char* data_;
  std::uint64_t bytes_;
};

}  // namespace kin
