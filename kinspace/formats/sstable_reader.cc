#include <fmt/core.h>

#include <cstring>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/formats/proto_wire.h"
#include "kinspace/formats/snappy.h"
#include "kinspace/formats/sstable.h"

namespace kin {
namespace {

constexpr std::uint64_t kFooter = 48;
constexpr std::uint64_t kUncompressedRoom = std::uint64_t{32} << 20;  // that blocks may grow beyond the file
constexpr std::uint64_t kTrailer = 5;                                 // type of the compression, checksum

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

bool is_sstable(const InputFile& file, std::uint64_t bytes) {
  if (bytes < kFooter) return false;
  std::uint64_t magic = 0;
  file.read_at(bytes - sizeof magic, &magic, sizeof magic);
  return magic == kSstableMagic;
}

void visit_sstable_block(std::string_view block, const std::string& where, const SstableVisitor& visitor) {
  const auto refuse = [&](const std::string& what) { throw Error::corruption(fmt::format("{}: {}", where, what)); };
  if (block.size() < 4) refuse("it is too short for a block");
  const std::uint64_t restarts = number_at(block, block.size() - 4);
  if (restarts > (block.size() - 4) / 4) refuse(fmt::format("it cannot hold {} restarts", restarts));
  std::string_view rest = block.substr(0, block.size() - 4 - 4 * static_cast<std::size_t>(restarts));
  const std::size_t whole = rest.size();
  std::string key;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t at = whole - rest.size();
    const auto shared = take_varint(rest);
    const auto unshared = shared ? take_varint(rest) : shared;
    const auto length = unshared ? take_varint(rest) : unshared;
    if (!length || *shared > key.size() || *unshared > rest.size() || *length > rest.size() - *unshared) {
      refuse(fmt::format("the entry at its byte {} is damaged", at));
    }
    const std::string_view suffix = rest.substr(0, static_cast<std::size_t>(*unshared));
    if (*shared + *unshared > kMaxSstableKey) {
      throw Error::resource_limit(fmt::format("{}: a key has more than {} bytes", where, kMaxSstableKey));
    }
    // Rising keys: what follows the shared part must be beyond what stood there.
    if (!first && suffix <= std::string_view(key).substr(static_cast<std::size_t>(*shared))) {
      refuse("its keys do not rise");
    }
    key.resize(static_cast<std::size_t>(*shared));
    key.append(suffix);
    rest.remove_prefix(suffix.size());
    visitor(key, rest.substr(0, static_cast<std::size_t>(*length)));
    rest.remove_prefix(static_cast<std::size_t>(*length));
  }
}

SstableReader::SstableReader(const std::string& path) : file_(path), size_(file_size(path)) {
  if (size_ < kFooter) {
    throw Error::corruption(
        fmt::format("{} has {} bytes: too short for a TensorFlow table, whose last {} say where all "
                    "else is",
                    path, size_, kFooter),
        "the file was cut short; copy it again");
  }
  if (!is_sstable(file_, size_)) {
    throw Error::corruption(fmt::format("{}: its last 8 bytes are not those of a TensorFlow table", path),
                            "it is another kind of file, or was cut short; copy it again");
  }
  std::string footer(kFooter - 8, '\0');
  file_.read_at(size_ - kFooter, footer.data(), footer.size());
  std::string_view rest = footer;
  Handle index;
  // The first two numbers say where metadata are, which nobody writes.
  for (std::uint64_t* number : {&index.offset, &index.size, &index.offset, &index.size}) {
    const auto value = take_varint(rest);
    if (!value) throw Error::corruption(fmt::format("{}: its footer is damaged", path));
    *number = *value;
  }
  std::uint64_t end = 0;
  visit_sstable_block(read_block(index), place(index), [&](std::string_view, std::string_view value) {
    const auto offset = take_varint(value);
    const auto size = offset ? take_varint(value) : offset;
    // Rising, so that no file can name the same bytes over and over.
    if (!size || *offset < end || *offset > index.offset || *size > index.offset - *offset) {
      throw Error::corruption(fmt::format("{}: its index names a block outside the file, or one twice", path));
    }
    end = *offset + *size;
    blocks_.push_back({*offset, *size});
  });
}

std::string SstableReader::place(Handle handle) const {
  return fmt::format("{}: the block of {} bytes at {}", path(), handle.size, handle.offset);
}

std::string SstableReader::read_block(Handle handle) const {
  const std::uint64_t room = size_ - kFooter;
  if (handle.offset > room || room - handle.offset < kTrailer || handle.size > room - handle.offset - kTrailer) {
    throw Error::corruption(fmt::format("{} lies outside the file, which has {}", place(handle), size_));
  }
  std::string block(static_cast<std::size_t>(handle.size + kTrailer), '\0');
  file_.read_at(handle.offset, block.data(), block.size());
  const std::uint32_t stored = number_at(block, block.size() - 4);
  if (masked_crc32c(std::string_view(block).substr(0, block.size() - 4)) != stored) {
    throw Error::corruption(fmt::format("{} does not match its checksum", place(handle)),
                            "the file is damaged; copy it again");
  }
  const auto type = static_cast<std::uint8_t>(block[block.size() - kTrailer]);
  block.resize(block.size() - kTrailer);
  if (type == 0) return block;
  if (type != 1) {
    throw Error::not_supported(fmt::format("{} has compression {}; none and Snappy are known", place(handle), type));
  }
  auto plain = snappy_uncompress(block, size_ + kUncompressedRoom);
  if (!plain) throw Error::corruption(fmt::format("{} cannot be uncompressed by Snappy", place(handle)));
  return *std::move(plain);
}

const std::string& SstableReader::block(std::size_t index) {
  if (loaded_ != index) {
    loaded_ = SIZE_MAX;
    block_ = read_block(blocks_[index]);
    loaded_ = index;
  }
  return block_;
}

}  // namespace kin
