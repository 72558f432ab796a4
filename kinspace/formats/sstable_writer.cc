#include <algorithm>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/formats/proto_wire.h"
#include "kinspace/formats/sstable.h"

namespace kin {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;  // as TensorFlow's
constexpr int kRestartInterval = 16;

}  // namespace

void SstableWriter::Block::add(std::string_view key, std::string_view value) {
  std::size_t shared = 0;
  if (since_restart_ == kRestartInterval) {
    restarts_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    since_restart_ = 0;
  } else {
    const std::size_t most = std::min(key.size(), last_key_.size());
    while (shared < most && key[shared] == last_key_[shared]) ++shared;
  }
  ++since_restart_;
  append_varint(bytes_, shared);
  append_varint(bytes_, key.size() - shared);
  append_varint(bytes_, value.size());
  bytes_.append(key.substr(shared));
  bytes_.append(value);
  last_key_.assign(key);
}

std::string SstableWriter::Block::finish() {
  for (const std::uint32_t restart : restarts_) append_fixed32(bytes_, restart);
  append_fixed32(bytes_, static_cast<std::uint32_t>(restarts_.size()));
  std::string block = std::move(bytes_);
  *this = Block();
  return block;
}

std::string SstableWriter::write(std::string block) {
  std::string handle;
  append_varint(handle, offset_);
  append_varint(handle, block.size());
  block.push_back(0);
  append_fixed32(block, masked_crc32c(block));
  file_.write(block);
  offset_ += block.size();
  return handle;
}

void SstableWriter::write_data() {
  // Any key from the last of this block on and before the first of the next would do.
  index_.add(last_key_, write(data_.finish()));
}

void SstableWriter::add(std::string_view key, std::string_view value) {
  KIN_ASSERT(data_.bytes() == 0 || key > last_key_);
  data_.add(key, value);
  last_key_.assign(key);
  if (data_.bytes() >= kBlockBytes) write_data();
}

void SstableWriter::finish() {
  if (data_.bytes() > 0) write_data();
  std::string footer = write(Block().finish());
  footer += write(index_.finish());
  footer.resize(40, '\0');
  append_fixed32(footer, static_cast<std::uint32_t>(kSstableMagic));
  append_fixed32(footer, static_cast<std::uint32_t>(kSstableMagic >> 32));
  file_.write(footer);
}

}  // namespace kin
