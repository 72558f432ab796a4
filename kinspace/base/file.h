#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kin {

/// The whole file. Errors: kIo when it cannot be read, kResourceLimit when it is longer than `limit` bytes.
std::string read_file(const std::string& path, std::uint64_t limit);

/// Size in bytes. Errors: kIo.
std::uint64_t file_size(const std::string& path);

bool file_exists(const std::string& path);

/// Sequential reader of a file, or of standard input for "-".
class InputFile {
 public:
  /// Errors: kIo when the file cannot be opened or is a directory.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Up to `bytes` bytes, 0 at the end. Errors: kIo.
  std::size_t read(void* to, std::size_t bytes);

  /// Up to `bytes` bytes from `offset`, 0 behind the end. Errors: kIo.
  std::size_t read_some_at(std::uint64_t offset, void* to, std::size_t bytes) const;

  /// Exactly `bytes` bytes from `offset`. Errors: kIo, kCorruption when the file ends before.
  void read_at(std::uint64_t offset, void* to, std::size_t bytes) const;

  const std::string& path() const noexcept { return path_; }
  int descriptor() const noexcept { return fd_; }  ///< for calls of the system; stays the reader's

 private:
  std::string path_;
  int fd_ = -1;
};

/// A file that appears whole or not at all: written beside its place under a temporary name, then synced to the disk,
/// renamed, and the directory synced. Without commit() the destructor removes the temporary file.
class AtomicFile {
 public:
  /// Errors: kIo.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Errors: kIo with the path and the cause (disk full, quota).
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }

  /// Errors: kIo; the old file, if any, is then still there.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  int fd_ = -1;
};

/// Writes `content` to `path` by an AtomicFile.
void write_file_atomically(const std::string& path, std::string_view content);

/// Creates the directory and its parents where they are missing. Errors: kIo.
void make_directories(const std::string& path);

/// An exclusive lock on a file, held until destroyed or until the process ends, so that two writers never share a
/// run directory. Errors: kIo naming the holder when another process has it.
class FileLock {
 public:
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace kin
