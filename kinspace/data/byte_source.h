#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace kin {

/// Bytes that can be read from the start as often as needed: a file, a text in memory, or what came out of a pipe.
struct ByteSource {
  /// Up to `bytes` bytes, 0 at the end.
  using Read = std::function<std::size_t(void* to, std::size_t bytes)>;

  std::string name;             ///< for messages
  std::uint64_t size = 0;       ///< in bytes as they lie there, packed or not, when it was opened; 0 also for a pipe
  std::function<Read()> start;  ///< a new reader at the first byte

  /// Bytes of `size` that the newest reader has taken, for progress and estimates.
  std::shared_ptr<std::atomic<std::uint64_t>> taken = std::make_shared<std::atomic<std::uint64_t>>(0);

  /// Says that the next reader is the last one, so that nothing more is kept for another; may be empty.
  std::function<void()> last = {};
};

/// A file, or standard input for "-", unpacked if it is packed (unpacked_source()). What cannot be read twice, a pipe
/// or a FIFO such as `<(...)`, is opened at once and kept, as far as it has been read, in a temporary file that is
/// nameless from the start; so one process can open it only once.
///
/// Errors   kIo when the file cannot be read, or the temporary file cannot be written ($TMPDIR says where it lies).
ByteSource file_source(const std::string& path);

ByteSource memory_source(std::string name, std::string text);

/// The text of a source that may be packed by gzip (of one or more members) or zstd (of one or more frames); what it is
/// shows in its first bytes, not in its name. Everything streams: a small file that unpacks to a huge one takes time,
/// not memory (at most 128 MiB, zstd's largest window).
///
/// Errors   of a reader: kBadData naming the file for packed bytes that are damaged or end early; kNotSupported for
///          other archives, with what unpacks them.
ByteSource unpacked_source(ByteSource packed);

/// The UTF-8 of a source in ISO 8859-1, in which every byte is the character of its number.
ByteSource latin1_source(ByteSource source);

/// About how long the text of a source is, when its newest reader has given `text_bytes` of it.
std::uint64_t estimate_text_bytes(const ByteSource& source, std::uint64_t text_bytes) noexcept;

}  // namespace kin
