#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace kin {

/// Bytes that can be read from the start as often as needed: a file, or a text in memory.
struct ByteSource {
  /// Up to `bytes` bytes, 0 at the end.
  using Read = std::function<std::size_t(void* to, std::size_t bytes)>;

  std::string name;             ///< for messages
  std::uint64_t size = 0;       ///< in bytes, when it was opened
  std::function<Read()> start;  ///< a new reader at the first byte
};

/// Errors   kIo when the file cannot be read; kNotSupported for what cannot be read twice: "-" (standard input)
///          and pipes.
ByteSource file_source(const std::string& path);

ByteSource memory_source(std::string name, std::string text);

}  // namespace kin
