#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kinspace/data/byte_source.h"

namespace kin {

/// Bytes that come only once, such as those of a pipe, kept in a nameless temporary file as far as they have been read,
/// so that they can be read again.
///
/// Threads  one at a time.
class Spool {
 public:
  /// `source` gives the bytes, `name` is for messages. Errors   kIo when no temporary file can be made.
  Spool(std::string name, ByteSource::Read source);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Up to `bytes` bytes from position `at`, which lies where an earlier read began or ended; 0 at the end.
  /// Errors   kIo; kNotSupported for bytes that have not been kept.
  std::size_t read(std::uint64_t at, void* to, std::size_t bytes);

  /// Bytes that come from now on are not kept: they can be read once.
  void stop_keeping() noexcept { keeping_ = false; }

 private:
  void keep(const void* bytes, std::size_t size);

  std::string name_;
  ByteSource::Read source_;
  std::string directory_;
  int fd_ = -1;
  bool keeping_ = true;
  std::uint64_t kept_ = 0;  // bytes in the file
  std::uint64_t came_ = 0;  // bytes of the source so far
};

}  // namespace kin
