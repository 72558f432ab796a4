#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/file.h"

namespace kin {

/// The last 8 bytes of a table of sorted strings, which TensorFlow's index files and old checkpoints are.
inline constexpr std::uint64_t kSstableMagic = 0xdb4775248b80fb57ULL;

/// True if the file ends as a table does; false also for short ones. Errors: kIo.
bool is_sstable(const InputFile& file, std::uint64_t bytes);

/// Takes the keys and values of a table in order; both are borrowed for the call.
using SstableVisitor = std::function<void(std::string_view key, std::string_view value)>;

/// Visits the entries of a block's bytes, as they are behind checksum and compression.
///
/// Errors   kCorruption naming `where` for entries that leave the block and keys that do not rise (a block that is
///          itself damaged inside, or was never one); kResourceLimit for a key of more than kMaxSstableKey bytes.
void visit_sstable_block(std::string_view block, const std::string& where, const SstableVisitor& visitor);

inline constexpr std::size_t kMaxSstableKey = std::size_t{1} << 16;

/// Reads a table of sorted strings (LevelDB's format with TensorFlow's magic; docs/formats/tf-checkpoint.md): the
/// footer and the index at once, data blocks when asked for. Checksums are always compared.
///
/// Errors   kCorruption naming the file and the block; kNotSupported for an unknown compression; kIo.
/// Threads  one at a time.
/// Memory   a block as it is in the file and uncompressed, which is at most the file and 32 MiB.
class SstableReader {
 public:
  explicit SstableReader(const std::string& path);

  std::size_t blocks() const noexcept { return blocks_.size(); }
  std::uint64_t bytes() const noexcept { return size_; }
  const std::string& path() const noexcept { return file_.path(); }

  /// One data block, for visit_sstable_block(); borrowed until the next call.
  const std::string& block(std::size_t index);

  /// Visits the entries of one data block.
  void visit(std::size_t index, const SstableVisitor& visitor) { visit_sstable_block(block(index), path(), visitor); }

 private:
  struct Handle {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  std::string place(Handle handle) const;
  std::string read_block(Handle handle) const;

  InputFile file_;
  std::uint64_t size_ = 0;
  std::vector<Handle> blocks_;
  std::string block_;
  std::size_t loaded_ = SIZE_MAX;  ///< index of block_
};

/// Writes such a table, uncompressed. Keys must come in rising order.
class SstableWriter {
 public:
  /// `file` is borrowed until finish().
  explicit SstableWriter(AtomicFile& file) : file_(file) {}

  void add(std::string_view key, std::string_view value);

  /// Writes what is left, the index and the footer; the file is not committed.
  void finish();

 private:
  class Block {
   public:
    void add(std::string_view key, std::string_view value);
    std::size_t bytes() const noexcept { return bytes_.size(); }
    std::string finish();  ///< and is empty again

   private:
    std::string bytes_;
    std::string last_key_;
    std::vector<std::uint32_t> restarts_{0};
    int since_restart_ = 0;
  };
  void write_data();
  std::string write(std::string block);  // returns its handle

  AtomicFile& file_;
  std::uint64_t offset_ = 0;
  Block data_;
  Block index_;
  std::string last_key_;
};

}  // namespace kin
