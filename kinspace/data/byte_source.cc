#include "kinspace/data/byte_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "kinspace/base/file.h"
#include "kinspace/data/spool.h"

namespace kin {
namespace {

// Where `path` is a regular file: its size, and the position of its first byte for "-".
struct Regular {
  bool is = false;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

Regular regular(const std::string& path) {
  Regular found;
  if (path != "-") {
    struct stat info {};
    const bool seen = ::stat(path.c_str(), &info) == 0;
    found.is = !seen || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);  // the latter fail when they are opened
    found.size = found.is ? file_size(path) : 0;
    return found;
  }
  struct stat info {};
  if (::fstat(0, &info) != 0 || !S_ISREG(info.st_mode)) return found;
  const off_t at = ::lseek(0, 0, SEEK_CUR);
  if (at < 0) return found;
  found.is = true;
  found.begin = static_cast<std::uint64_t>(at);
  found.size =
      static_cast<std::uint64_t>(info.st_size) - std::min(found.begin, static_cast<std::uint64_t>(info.st_size));
  return found;
}

}  // namespace

ByteSource file_source(const std::string& path) {
  ByteSource source;
  source.name = path == "-" ? "standard input" : path;
  const Regular file = regular(path);
  source.size = file.size;
  if (file.is) {
    source.start = [path, begin = file.begin, taken = source.taken]() -> ByteSource::Read {
      *taken = 0;
      return [input = std::make_shared<InputFile>(path), begin, taken, at = std::uint64_t{0}](
                 void* to, std::size_t bytes) mutable {
        const std::size_t got = input->read_some_at(begin + at, to, bytes);
        at += got;
        *taken = at;
        return got;
      };
    };
    return unpacked_source(std::move(source));
  }
  auto spool = std::make_shared<Spool>(
      source.name,
      [input = std::make_shared<InputFile>(path)](void* to, std::size_t bytes) { return input->read(to, bytes); });
  source.last = [spool] { spool->stop_keeping(); };
  source.start = [spool, taken = source.taken]() -> ByteSource::Read {
    *taken = 0;
    return [spool, taken, at = std::uint64_t{0}](void* to, std::size_t bytes) mutable {
      const std::size_t got = spool->read(at, to, bytes);
      at += got;
      *taken = at;
      return got;
    };
  };
  return unpacked_source(std::move(source));
}

ByteSource memory_source(std::string name, std::string text) {
  ByteSource source;
  source.name = std::move(name);
  source.size = text.size();
  source.start = [shared = std::make_shared<const std::string>(std::move(text)),
                  taken = source.taken]() -> ByteSource::Read {
    *taken = 0;
    return [shared, taken, at = std::size_t{0}](void* to, std::size_t bytes) mutable {
      const std::size_t got = std::min(bytes, shared->size() - at);
      if (got > 0) std::memcpy(to, shared->data() + at, got);
      at += got;
      *taken = at;
      return got;
    };
  };
  return source;
}

ByteSource latin1_source(ByteSource source) {
  ByteSource out = source;
  out.start = [start = std::move(source.start)]() -> ByteSource::Read {
    return [read = start(), raw = std::vector<unsigned char>(), waiting = '\0'](void* to, std::size_t bytes) mutable {
      auto* out_bytes = static_cast<char*>(to);
      std::size_t put = 0;
      if (waiting != '\0' && bytes > 0) {
        out_bytes[put++] = std::exchange(waiting, '\0');
        return put;
      }
      // Each byte becomes at most two.
      raw.resize(std::max<std::size_t>(bytes / 2, 1));
      const std::size_t got = bytes == 0 ? 0 : read(raw.data(), raw.size());
      for (std::size_t i = 0; i < got; ++i) {
        if (raw[i] < 0x80) {
          out_bytes[put++] = static_cast<char>(raw[i]);
          continue;
        }
        out_bytes[put++] = static_cast<char>(0xC0 | raw[i] >> 6);
        const char second = static_cast<char>(0x80 | (raw[i] & 0x3F));
        if (put < bytes) {
          out_bytes[put++] = second;
        } else {
          waiting = second;
        }
      }
      return put;
    };
  };
  return out;
}

std::uint64_t estimate_text_bytes(const ByteSource& source, std::uint64_t text_bytes) noexcept {
  const std::uint64_t taken = *source.taken;
  if (taken == 0 || taken >= source.size) return text_bytes;
  return static_cast<std::uint64_t>(static_cast<double>(source.size) * static_cast<double>(text_bytes) /
                                    static_cast<double>(taken));
}

}  // namespace kin
