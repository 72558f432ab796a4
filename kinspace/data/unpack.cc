#include <fmt/core.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/byte_source.h"

namespace kin {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 17;
constexpr std::size_t kMagic = 10;  // bytes that tell what a file is

// Packed bytes, block by block.
class Packed {
 public:
  explicit Packed(const ByteSource& source)
      : read_(source.start()), name_(source.name), taken_(source.taken), block_(kBlock) {}

  const std::string& name() const noexcept { return name_; }
  std::string_view bytes() const noexcept { return {block_.data() + begin_, end_ - begin_}; }
  void take(std::size_t count) noexcept {
    begin_ += count;
    *taken_ = base_ + begin_;
  }

  /// Makes sure that there are `count` bytes, up to kMagic; false at the end, with fewer.
  bool need(std::size_t count) {
    if (end_ - begin_ >= count) return true;
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    base_ += begin_;
    end_ -= begin_;
    begin_ = 0;
    while (end_ < count) {
      const std::size_t got = read_(block_.data() + end_, block_.size() - end_);
      if (got == 0) return false;
      end_ += got;
    }
    return true;
  }

  /// Bytes that are not in the block go where they are wanted at once.
  std::size_t read_plain(void* to, std::size_t count) {
    if (begin_ == end_) return read_(to, count);
    const std::size_t got = std::min(count, end_ - begin_);
    std::memcpy(to, block_.data() + begin_, got);
    begin_ += got;
    return got;
  }

  [[noreturn]] void ends_early(const char* kind) const {
    throw Error::bad_data(
        fmt::format("{} ends in the middle of its {} data, after {} bytes", name_, kind, base_ + end_),
        "the file was cut off: copy or download it again");
  }
  [[noreturn]] void damaged(const char* kind, const char* why) const {
    throw Error::bad_data(fmt::format("{}: its {} data are damaged near byte {}: {}", name_, kind, base_ + begin_, why),
                          "copy or download the file again");
  }

 private:
  ByteSource::Read read_;
  std::string name_;
  std::shared_ptr<std::atomic<std::uint64_t>> taken_;  // by who unpacks, not by who fills the block
  std::vector<char> block_;                            // [begin_, end_) is not taken yet
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t base_ = 0;  // position of block_[0]
};

class Unpacker {
 public:
  virtual ~Unpacker() = default;
  virtual std::size_t read(Packed& packed, void* to, std::size_t bytes) = 0;
};

class Plain : public Unpacker {
 public:
  std::size_t read(Packed& packed, void* to, std::size_t bytes) override { return packed.read_plain(to, bytes); }
};

class Gzip : public Unpacker {
 public:
  Gzip() {
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error::resource_limit("no memory is left to unpack gzip data");
  }
  ~Gzip() override { inflateEnd(&stream_); }

  std::size_t read(Packed& packed, void* to, std::size_t bytes) override {
    const auto room = static_cast<uInt>(std::min<std::size_t>(bytes, 1U << 30));
    stream_.next_out = static_cast<Bytef*>(to);
    stream_.avail_out = room;
    while (stream_.avail_out == room && room > 0) {
      if (between_members_ && !next_member(packed)) return 0;
      if (!packed.need(1)) packed.ends_early("gzip");
      const std::string_view in = packed.bytes();
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
      stream_.avail_in = static_cast<uInt>(in.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      packed.take(in.size() - stream_.avail_in);
      if (status == Z_STREAM_END) {
        between_members_ = true;
      } else if (status == Z_MEM_ERROR) {
        throw Error::resource_limit("no memory is left to unpack gzip data");
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        packed.damaged("gzip", stream_.msg != nullptr ? stream_.msg : "unknown cause");
      }
    }
    return room - stream_.avail_out;
  }

 private:
  // False at the end, which may be filled up with zeros, as tapes and block devices want it.
  bool next_member(Packed& packed) {
    bool padding = false;
    while (packed.need(1)) {
      const std::string_view in = packed.bytes();
      const std::size_t zeros = std::min(in.find_first_not_of('\0'), in.size());
      packed.take(zeros);
      padding = padding || zeros > 0;
      if (zeros == in.size()) continue;
      if (padding || in[0] != '\x1F') packed.damaged("gzip", "other bytes follow them");
      inflateReset(&stream_);
      between_members_ = false;
      return true;
    }
    return false;
  }

  z_stream stream_{};
  bool between_members_ = false;
};

class Zstd : public Unpacker {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw Error::resource_limit("no memory is left to unpack zstd data");
  }

  std::size_t read(Packed& packed, void* to, std::size_t bytes) override {
    ZSTD_outBuffer out{to, bytes, 0};
    while (out.pos == 0 && bytes > 0) {
      // What a full output left behind in the decoder comes first; then input is needed.
      if (!packed.need(1) && !flushing_) {
        if (in_frame_) packed.ends_early("zstd");
        return 0;
      }
      const std::string_view rest = packed.bytes();
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
      packed.take(in.pos);
      if (ZSTD_isError(status) != 0) refuse(packed, status);
      in_frame_ = status != 0;
      flushing_ = in_frame_ && out.pos == out.size;
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
  };

  [[noreturn]] static void refuse(const Packed& packed, std::size_t status) {
    switch (ZSTD_getErrorCode(status)) {
      case ZSTD_error_memory_allocation:
        throw Error::resource_limit("no memory is left to unpack zstd data");
      case ZSTD_error_frameParameter_windowTooLarge:
        throw Error::not_supported(
            fmt::format("{} is packed by zstd with a window of more than 128 MiB", packed.name()),
            fmt::format("unpack it: zstd -d --long=31 {}", packed.name()));
      case ZSTD_error_dictionary_wrong:
        throw Error::not_supported(fmt::format("{} is packed by zstd with a dictionary", packed.name()),
                                   fmt::format("unpack it: zstd -d -D DICTIONARY {}", packed.name()));
      default:
        packed.damaged("zstd", ZSTD_getErrorName(status));
    }
  }

  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool in_frame_ = true;   // a frame has begun and not ended
  bool flushing_ = false;  // the decoder may hold more output
};

bool is_zstd(std::string_view start) {
  return start.starts_with("\x28\xB5\x2F\xFD") ||
         // a frame to be skipped, as pzstd writes at the start
         (start.size() >= 4 && (start[0] & '\xF0') == '\x50' && start.substr(1, 3) == "\x2A\x4D\x18");
}

std::unique_ptr<Unpacker> unpacker_of(Packed& packed) {
  packed.need(kMagic);
  const std::string_view start = packed.bytes();
  if (start.starts_with("\x1F\x8B\x08")) return std::make_unique<Gzip>();
  if (is_zstd(start)) return std::make_unique<Zstd>();
  const auto other = [&](const char* kind, const char* tool) {
    return Error::not_supported(fmt::format("{} is packed by {}; gzip and zstd are read", packed.name(), kind),
                                fmt::format("unpack it: {} {}", tool, packed.name()));
  };
  if (start.starts_with(std::string_view("\xFD"
                                         "7zXZ\0",
                                         6)))
    throw other("xz", "xz --decompress --keep");
  if (start.size() >= kMagic && start.starts_with("BZh") && start.substr(4, 6) == "1AY&SY")
    throw other("bzip2", "bzip2 --decompress --keep");
  return std::make_unique<Plain>();
}

}  // namespace

ByteSource unpacked_source(ByteSource packed) {
  ByteSource out = packed;
  out.start = [packed = std::move(packed)]() -> ByteSource::Read {
    auto in = std::make_shared<Packed>(packed);
    return [in, unpacker = std::shared_ptr<Unpacker>()](void* to, std::size_t bytes) mutable {
      if (unpacker == nullptr) unpacker = unpacker_of(*in);
      return unpacker->read(*in, to, bytes);
    };
  };
  return out;
}

}  // namespace kin
