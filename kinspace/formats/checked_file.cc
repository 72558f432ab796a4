#include "kinspace/formats/checked_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
constexpr const char* kCopyAgain = "copy the file again from where it came from, or train the model again";

std::string parent_created(const std::string& directory, const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) make_directories((std::filesystem::path(directory) / parent).string());
  return (std::filesystem::path(directory) / path).string();
}

}  // namespace

void FileDigest::update(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  whole_.update(from, bytes);
  while (bytes > 0) {
    const std::size_t room = kChecksumBlock - bytes_ % kChecksumBlock;
    const std::size_t take = std::min(room, bytes);
    if (!block_) block_.emplace();
    block_->update(from, take);
    bytes_ += take;
    from += take;
    bytes -= take;
    if (take == room) {
      blocks_.push_back(block_->hex());
      block_.reset();
    }
  }
}

FileRecord FileDigest::finish(std::string path) {
  if (block_) blocks_.push_back(block_->hex());
  return {std::move(path), bytes_, whole_.hex(), std::move(blocks_)};
}

RecordedFile::RecordedFile(const std::string& directory, std::string path)
    : path_(std::move(path)), file_(parent_created(directory, path_)) {}

void RecordedFile::write(const void* data, std::size_t bytes) {
  file_.write(data, bytes);
  digest_.update(data, bytes);
}

FileRecord RecordedFile::commit() {
  file_.commit();
  return digest_.finish(path_);
}

CheckedFile::CheckedFile(const std::string& path, const FileRecord* record)
    : file_(path), record_(record), size_(file_size(path)), loaded_(kNone) {
  if (record != nullptr && record->bytes != size_) {
    throw Error::corruption(
        fmt::format("{} has {} bytes; the manifest says {}{}", path, size_, record->bytes,
                    size_ < record->bytes ? fmt::format(": it is cut off at byte {}", size_)
                                          : fmt::format(": bytes {}-{} are too many", record->bytes, size_ - 1)),
        kCopyAgain);
  }
  if (record != nullptr && record->blocks.size() != (size_ + kChecksumBlock - 1) / kChecksumBlock) {
    throw Error::corruption(
        fmt::format("{}: the manifest has {} block checksums for {} bytes", path, record->blocks.size(), size_));
  }
  block_ = Buffer<char>(static_cast<std::size_t>(std::min(size_, kChecksumBlock)));
}

std::size_t CheckedFile::block_bytes(std::uint64_t index) const noexcept {
  return static_cast<std::size_t>(std::min(kChecksumBlock, size_ - index * kChecksumBlock));
}

void CheckedFile::check_block(std::uint64_t index, const char* block) const {
  const std::size_t bytes = block_bytes(index);
  if (record_ == nullptr || checksum_hex({block, bytes}) == record_->blocks[static_cast<std::size_t>(index)]) return;
  const std::uint64_t begin = index * kChecksumBlock;
  throw Error::corruption(fmt::format("{}: bytes {}-{} do not match their checksum", path(), begin, begin + bytes - 1),
                          kCopyAgain);
}

void CheckedFile::load_block(std::uint64_t index, char* to) {
  file_.read_at(index * kChecksumBlock, to, block_bytes(index));
  check_block(index, to);
}

void CheckedFile::check_range(std::uint64_t offset, std::size_t bytes) const {
  if (offset <= size_ && bytes <= size_ - offset) return;
  throw Error::corruption(
      fmt::format("{} ends at byte {}; {} bytes from byte {} are needed", path(), size_, bytes, offset), kCopyAgain);
}

char* CheckedFile::mapped(std::uint64_t offset, std::size_t bytes) {
  check_range(offset, bytes);
  if (!map_tried_) {
    map_tried_ = true;
    mapping_ = FileMapping::of(file_, size_);
    map_checked_.resize(static_cast<std::size_t>((size_ + kChecksumBlock - 1) / kChecksumBlock));
  }
  if (mapping_ == nullptr) return nullptr;
  for (std::uint64_t index = offset / kChecksumBlock; index * kChecksumBlock < offset + bytes; ++index) {
    if (map_checked_[static_cast<std::size_t>(index)]) continue;
    check_block(index, mapping_->data() + index * kChecksumBlock);
    map_checked_[static_cast<std::size_t>(index)] = true;
  }
  return mapping_->data() + offset;
}

void CheckedFile::read_at(std::uint64_t offset, void* to, std::size_t bytes) {
  check_range(offset, bytes);
  auto* out = static_cast<char*>(to);
  while (bytes > 0) {
    const std::uint64_t index = offset / kChecksumBlock;
    const auto skip = static_cast<std::size_t>(offset % kChecksumBlock);
    const std::size_t length = block_bytes(index);
    const std::size_t take = std::min(bytes, length - skip);
    if (take == length && index != loaded_) {
      load_block(index, out);
    } else {
      if (index != loaded_) {
        loaded_ = kNone;  // stays so when the block is refused
        load_block(index, block_.data());
        loaded_ = index;
      }
      std::memcpy(out, block_.data() + skip, take);
    }
    out += take;
    offset += take;
    bytes -= take;
  }
}

void CheckedFile::verify_whole() {
  loaded_ = kNone;
  Checksum whole;
  for (std::uint64_t begin = 0; begin < size_; begin += kChecksumBlock) {
    load_block(begin / kChecksumBlock, block_.data());
    whole.update(block_.data(), block_bytes(begin / kChecksumBlock));
  }
  if (record_ != nullptr && whole.hex() != record_->checksum) {
    throw Error::corruption(
        fmt::format("{}: bytes 0-{} do not match the checksum of the whole file", path(), size_ == 0 ? 0 : size_ - 1),
        kCopyAgain);
  }
}

bool LineReader::refill() {
  const auto take = static_cast<std::size_t>(std::min(kChecksumBlock, file_.size() - offset_));
  if (take == 0) return false;
  buffer_.erase(0, used_);
  used_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + take);
  file_.read_at(offset_, buffer_.data() + kept, take);
  offset_ += take;
  whole_ = buffer_.rfind('\n') + 1;
  return true;
}

bool LineReader::next(std::string& line) {
  std::size_t searched = used_;
  std::size_t end = 0;
  ++number_;
  while ((end = buffer_.find('\n', searched)) == std::string::npos) {
    const std::size_t pending = buffer_.size() - used_;
    if (pending > kMaxLine) break;
    if (!refill()) {
      if (pending == 0) return false;
      throw Error::corruption(fmt::format("{}: the last line does not end: the file is cut off", place()), kCopyAgain);
    }
    searched = pending;
  }
  if (end == std::string::npos || end - used_ > kMaxLine) {
    throw Error::corruption(fmt::format("{}: longer than the {} that a line may have", place(), human_bytes(kMaxLine)));
  }
  line.assign(buffer_, used_, end - used_);
  used_ = end + 1;
  if (!is_utf8(line))
    throw Error::corruption(fmt::format("{}: {} is not UTF-8", place(), kin::quoted(line)), kCopyAgain);
  return true;
}

std::string LineReader::place() const {
  return fmt::format("{}:{}", file_.path(), number_);
}

}  // namespace kin
