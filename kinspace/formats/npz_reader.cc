#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/internal/tensor_sources.h"
#include "kinspace/formats/window_file.h"

namespace kin::internal {
namespace {

constexpr std::uint32_t kEndMagic = 0x06054b50;
constexpr std::uint32_t kEntryMagic = 0x02014b50;
constexpr std::uint32_t kLocalMagic = 0x04034b50;
constexpr std::uint32_t kEnd64Magic = 0x06064b50;
constexpr std::uint32_t kLocator64Magic = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kMostComment = 65'535;
constexpr std::uint64_t kMostGrowth = 1032;  // of deflate
constexpr std::size_t kMostArrays = 65'536;
constexpr std::uint64_t kHeaderRoom = std::uint64_t{1} << 17;

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// A file of the archive.
struct Entry {
  std::string name;
  std::uint16_t method = 0;
  std::uint32_t checksum = 0;
  std::uint64_t packed = 0;
  std::uint64_t bytes = 0;
  std::uint64_t data = 0;  ///< offset of its packed bytes
  NpyHeader header;
  bool verified = false;
};

class Inflater {
 public:
  Inflater() {
    if (::inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw Error::resource_limit("no memory for zlib");
  }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Unpacks `piece`, giving `take` what comes out; stops when it returns false. False where the bytes are damaged.
  template <class Take>
  bool add(std::string_view piece, Take take) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib's old interface
    stream_.avail_in = static_cast<uInt>(piece.size());
    char out[1 << 16];
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out);
      stream_.avail_out = sizeof out;
      const int status = ::inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return false;
      if (!take(std::string_view(out, sizeof out - stream_.avail_out))) return true;
      if (status == Z_STREAM_END) return stream_.avail_in == 0;
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return true;
  }

 private:
  z_stream stream_{};
};

class NpzFile final : public TensorFile {
 public:
  explicit NpzFile(const std::string& path) : TensorFile("npz", path), file_(path) {
    read_directory();
    for (Entry& entry : entries_) {
      entry.header =
          read_npy_header([&](std::uint64_t offset, std::uint64_t bytes) { return start_of(entry, offset, bytes); },
                          entry.bytes, fmt::format("{}: array {}", path, kin::quoted(entry.name)));
      entry.header.tensor.name = entry.name;
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    std::vector<StoredTensor> tensors;
    for (const Entry& entry : entries_) tensors.push_back(entry.header.tensor);
    set_tensors(std::move(tensors));
  }

 private:
  std::string bytes_at(std::uint64_t offset, std::uint64_t bytes) {
    if (offset > file_.size() || bytes > file_.size() - offset) refuse("its directory points outside the file");
    std::string text;
    while (text.size() < bytes) text.append(file_.some(offset + text.size(), bytes - text.size()));
    return text;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error::corruption(fmt::format("{}: {}", path(), what), "the file is damaged; copy it again");
  }

  /// Where the central directory is, and how many files it names.
  void find_directory(std::uint64_t& offset, std::uint64_t& bytes, std::uint64_t& count) {
    const std::uint64_t tail = std::min(file_.size(), kEndBytes + kMostComment);
    const std::string end = bytes_at(file_.size() - tail, tail);
    std::size_t at = end.size() < kEndBytes ? 0 : end.size() - kEndBytes + 1;
    while (at > 0 && number_at<std::uint32_t>(end, at - 1) != kEndMagic) --at;
    if (at == 0) refuse("it has no directory of a ZIP archive at its end");
    --at;
    count = number_at<std::uint16_t>(end, at + 10);
    bytes = number_at<std::uint32_t>(end, at + 12);
    offset = number_at<std::uint32_t>(end, at + 16);
    std::uint64_t behind = file_.size() - tail + at;  // where the directory must end
    const auto ends_there = [&] {
      if (offset > behind || bytes != behind - offset)
        refuse("its directory does not end where the archive's end begins");
    };
    const bool fits = count != 0xFFFF && bytes != 0xFFFFFFFF && offset != 0xFFFFFFFF;
    if (fits || at < 20 || number_at<std::uint32_t>(end, at - 20) != kLocator64Magic) return ends_there();
    behind = number_at<std::uint64_t>(end, at - 20 + 8);
    const std::string wide = bytes_at(behind, 56);
    if (number_at<std::uint32_t>(wide, 0) != kEnd64Magic) refuse("its ZIP64 directory is damaged");
    count = number_at<std::uint64_t>(wide, 32);
    bytes = number_at<std::uint64_t>(wide, 40);
    offset = number_at<std::uint64_t>(wide, 48);
    ends_there();
  }

  void read_directory() {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    find_directory(offset, bytes, count);
    const std::string directory = bytes_at(offset, bytes);
    std::string_view rest = directory;
    while (!rest.empty()) {
      if (rest.size() < 46 || number_at<std::uint32_t>(rest, 0) != kEntryMagic) refuse("its directory is damaged");
      const std::size_t name = number_at<std::uint16_t>(rest, 28);
      const std::size_t extra = number_at<std::uint16_t>(rest, 30);
      const std::size_t all = 46 + name + extra + number_at<std::uint16_t>(rest, 32);
      if (all > rest.size()) refuse("its directory is damaged");
      add_entry(rest.substr(0, 46 + name), rest.substr(46 + name, extra));
      rest.remove_prefix(all);
    }
    if (entries_.size() != count) refuse(fmt::format("its directory has {} of {} files", entries_.size(), count));
  }

  void add_entry(std::string_view line, std::string_view extra) {
    Entry entry;
    entry.name = line.substr(46);
    if (entry.name.ends_with(".npy")) entry.name.resize(entry.name.size() - 4);
    if ((number_at<std::uint16_t>(line, 8) & 1) != 0) {
      throw Error::not_supported(fmt::format("{}: array {} is encrypted", path(), kin::quoted(entry.name)));
    }
    entry.method = number_at<std::uint16_t>(line, 10);
    entry.checksum = number_at<std::uint32_t>(line, 16);
    entry.packed = number_at<std::uint32_t>(line, 20);
    entry.bytes = number_at<std::uint32_t>(line, 24);
    std::uint64_t local = number_at<std::uint32_t>(line, 42);
    while (extra.size() >= 4) {
      const std::size_t size = number_at<std::uint16_t>(extra, 2);
      if (size > extra.size() - 4) break;
      if (number_at<std::uint16_t>(extra, 0) == 1) {  // ZIP64: the numbers that did not fit, in this order
        std::string_view wide = extra.substr(4, size);
        for (std::uint64_t* number : {&entry.bytes, &entry.packed, &local}) {
          if (*number != 0xFFFFFFFF || wide.size() < 8) continue;
          *number = number_at<std::uint64_t>(wide, 0);
          wide.remove_prefix(8);
        }
      }
      extra.remove_prefix(4 + size);
    }
    if (entry.method != 0 && entry.method != 8) {
      throw Error::not_supported(fmt::format("{}: array {} is packed by method {}; stored and deflated are known",
                                             path(), kin::quoted(entry.name), entry.method));
    }
    const std::string head = bytes_at(local, 30);
    if (number_at<std::uint32_t>(head, 0) != kLocalMagic)
      refuse("a file of it does not begin where its directory says");
    const std::string_view name = line.substr(46);
    if (number_at<std::uint16_t>(head, 26) != name.size() || bytes_at(local + 30, name.size()) != name) {
      refuse(fmt::format("array {} has two names", kin::quoted(entry.name)));
    }
    entry.data = local + 30 + name.size() + number_at<std::uint16_t>(head, 28);
    const bool fits = entry.method == 0 ? entry.bytes == entry.packed : entry.bytes / kMostGrowth <= entry.packed + 1;
    if (entry.data > file_.size() || entry.packed > file_.size() - entry.data || !fits) {
      refuse(fmt::format("array {} cannot have {} bytes", kin::quoted(entry.name), entry.bytes));
    }
    if (entries_.size() == kMostArrays) {
      throw Error::resource_limit(fmt::format("{} has more than {} arrays", path(), kMostArrays));
    }
    entries_.push_back(std::move(entry));
  }

  /// Gives `take` the unpacked bytes from the first on, until it returns false. False where they are damaged.
  template <class Take>
  bool unpack(const Entry& entry, Take take) {
    Inflater inflater;
    bool more = true;
    for (std::uint64_t at = 0; more && at < entry.packed;) {
      const std::string_view piece = file_.some(entry.data + at, entry.packed - at);
      at += piece.size();
      if (entry.method == 0) {
        more = take(piece);
      } else if (!inflater.add(piece, [&](std::string_view plain) { return more = take(plain); })) {
        return false;
      }
    }
    return true;
  }

  std::string start_of(const Entry& entry, std::uint64_t offset, std::uint64_t bytes) {
    std::string start;
    const std::uint64_t wanted = offset + bytes;
    KIN_ASSERT(wanted <= kHeaderRoom);
    const bool whole = unpack(entry, [&](std::string_view piece) {
      start.append(
          piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), wanted - start.size()))));
      return start.size() < wanted;
    });
    if (!whole || start.size() < wanted) refuse(fmt::format("array {} cannot be unpacked", kin::quoted(entry.name)));
    return start.substr(static_cast<std::size_t>(offset));
  }

  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override {
    Entry& entry = entries_[index_of(tensor)];
    if (entry.header.fortran) {
      throw Error::not_supported(
          fmt::format("{}: array {} has its columns first (fortran_order)", path(), kin::quoted(entry.name)),
          "save numpy.ascontiguousarray(array)");
    }
    const std::uint64_t width = stored_type_bytes(tensor.type);
    const std::uint64_t begin = entry.header.data_start + static_cast<std::uint64_t>(first) * width;
    const std::uint64_t end = begin + static_cast<std::uint64_t>(count) * width;
    std::uint64_t at = 0;
    std::string cut;
    std::int64_t element = first;
    uLong sum = ::crc32(0, nullptr, 0);
    const bool whole = unpack(entry, [&](std::string_view piece) {
      if (!entry.verified) {
        sum = ::crc32(sum, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
      }
      const std::uint64_t from = std::clamp(begin, at, at + piece.size()) - at;
      const std::uint64_t to = std::clamp(end, at, at + piece.size()) - at;
      at += piece.size();
      cut.append(piece.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
      const std::size_t whole_bytes = cut.size() / width * width;
      if (whole_bytes > 0) sink(element, std::string_view(cut).substr(0, whole_bytes));
      element += static_cast<std::int64_t>(whole_bytes / width);
      cut.erase(0, whole_bytes);
      return at < (entry.verified ? end : entry.bytes + 1);
    });
    if (!whole || at < end || (!entry.verified && (at != entry.bytes || sum != entry.checksum))) {
      corrupt(tensor, "it does not match its checksum");
    }
    entry.verified = true;
  }

  WindowFile file_;
  std::vector<Entry> entries_;
};

}  // namespace

std::unique_ptr<TensorFile> open_npz(const std::string& path) {
  return std::make_unique<NpzFile>(path);
}

}  // namespace kin::internal
