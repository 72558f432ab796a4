#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/buffer.h"
#include "kinspace/base/file.h"
#include "kinspace/base/file_mapping.h"
#include "kinspace/base/hash.h"

namespace kin {

/// Bytes of a file that share a checksum; the last block of a file may be shorter. Part of the format: never changes.
inline constexpr std::uint64_t kChecksumBlock = std::uint64_t{1} << 20;

/// What a manifest knows about one file. Checksums are XXH3 of 128 bits as 32 lower-case hexadecimal digits.
struct FileRecord {
  std::string path;  ///< below the directory of the manifest, with '/'
  std::uint64_t bytes = 0;
  std::string checksum;             ///< of the whole file
  std::vector<std::string> blocks;  ///< of each block of kChecksumBlock bytes, in order

  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

/// Sums of a stream of bytes, whole and by block.
class FileDigest {
 public:
  void update(const void* data, std::size_t bytes);

  /// What the stream was. Call once, after the last update.
  FileRecord finish(std::string path);

 private:
  Checksum whole_;
  std::optional<Checksum> block_;  ///< of the bytes of an unfinished block
  std::uint64_t bytes_ = 0;
  std::vector<std::string> blocks_;
};

/// Writes a file of a model directory: whole or not at all (AtomicFile), summed on the way.
class RecordedFile {
 public:
  /// `path` is below `directory`; both are created where missing, but `directory` itself must exist. Errors: kIo.
  RecordedFile(const std::string& directory, std::string path);

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// The file is then on the disk under its name. Errors: kIo; an old file of that name is then still there.
  FileRecord commit();

 private:
  std::string path_;
  AtomicFile file_;
  FileDigest digest_;
};

/// Reads a file at any offset, a block at a time; with a record of it, every block is checked before a read returns.
///
/// Errors   kIo; kCorruption naming the file and the bytes that do not match, or its length when that is wrong.
/// Threads  one at a time.
/// Memory   one block, however long the file.
class CheckedFile {
 public:
  /// `record`, if any, is borrowed for the life of the reader.
  explicit CheckedFile(const std::string& path, const FileRecord* record = nullptr);

  std::uint64_t size() const noexcept { return size_; }
  const std::string& path() const noexcept { return file_.path(); }

  /// Exactly `bytes` bytes from `offset`; after an error `to` is unspecified.
  void read_at(std::uint64_t offset, void* to, std::size_t bytes);

  /// The same bytes where they lie in the mapped file, checked once and not copied; null where files cannot be mapped.
  /// They live as long as mapping().
  char* mapped(std::uint64_t offset, std::size_t bytes);

  /// What mapped() points into; null before it was called, and where files cannot be mapped.
  const std::shared_ptr<FileMapping>& mapping() const noexcept { return mapping_; }

  /// Reads the whole file and compares every sum of the record, that of the whole included.
  void verify_whole();

 private:
  void check_range(std::uint64_t offset, std::size_t bytes) const;
  void check_block(std::uint64_t index, const char* block) const;
  void load_block(std::uint64_t index, char* to);
  std::size_t block_bytes(std::uint64_t index) const noexcept;

  InputFile file_;
  const FileRecord* record_;
  std::uint64_t size_;
  Buffer<char> block_;
  std::uint64_t loaded_;  ///< index of the block in block_, or kNone
  bool map_tried_ = false;
  std::shared_ptr<FileMapping> mapping_;
  std::vector<bool> map_checked_;  ///< blocks of mapping_ whose checksum is right
};

/// Reads the lines of a text file of a model directory.
class LineReader {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{1} << 20;

  explicit LineReader(CheckedFile& file) : file_(file) {}

  /// The next line without its '\n' in `line`; false at the end. Errors: as CheckedFile, and kCorruption naming the
  /// line when it is longer than kMaxLine, is not UTF-8 or lacks its '\n'.
  bool next(std::string& line);

  /// Lines that next() would give without reading on, each with its '\n' but not known to be UTF-8; there may be none.
  std::string_view at_hand() const noexcept { return std::string_view(buffer_).substr(used_, whole_ - used_); }

  /// Passes over the first `bytes` of at_hand(), which are `lines` lines.
  void pass(std::size_t bytes, std::int64_t lines) noexcept {
    used_ += bytes;
    number_ += lines;
  }

  /// Number of the line that next() gave last, from 1.
  std::int64_t number() const noexcept { return number_; }

  /// "vocabulary/watched.txt:12", for messages.
  std::string place() const;

 private:
  bool refill();

  CheckedFile& file_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::size_t whole_ = 0;  ///< where the last whole line of the buffer ends, or used_ where there is none
  std::uint64_t offset_ = 0;
  std::int64_t number_ = 0;
};

}  // namespace kin
