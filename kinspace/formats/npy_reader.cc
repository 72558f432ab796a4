#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/internal/tensor_sources.h"
#include "kinspace/formats/window_file.h"

namespace kin::internal {
namespace {

constexpr std::uint64_t kMostHeader = std::uint64_t{1} << 16;
constexpr std::size_t kMostDimensions = 32;  // NumPy's own limit

StoredType type_of(std::string_view descr) {
  static constexpr std::pair<std::string_view, StoredType> kTypes[] = {
      {"|b1", StoredType::kBool},      {"|u1", StoredType::kU8},         {"|i1", StoredType::kI8},
      {"<i2", StoredType::kI16},       {"<u2", StoredType::kU16},        {"<f2", StoredType::kF16},
      {"<i4", StoredType::kI32},       {"<u4", StoredType::kU32},        {"<f4", StoredType::kF32},
      {"<i8", StoredType::kI64},       {"<u8", StoredType::kU64},        {"<f8", StoredType::kF64},
      {"<c8", StoredType::kComplex64}, {"<c16", StoredType::kComplex128}};
  for (const auto& [name, type] : kTypes) {
    if (name == descr) return type;
  }
  return StoredType::kOther;
}

/// The text of a header: a Python dict with three known keys.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : rest_(text) {}

  bool parse(NpyHeader& header) {
    if (!symbol('{')) return false;
    int known = 0;
    while (!symbol('}')) {
      std::string_view key;
      if (!string(key) || !symbol(':')) return false;
      if (key == "descr"           ? !descr(header)
          : key == "fortran_order" ? !boolean(header.fortran)
                                   : key != "shape" || !shape(header.tensor.shape)) {
        return false;
      }
      ++known;
      if (!symbol(',') && !next_is('}')) return false;
    }
    skip();
    return known == 3 && rest_.empty();
  }

 private:
  void skip() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
  }
  bool next_is(char wanted) {
    skip();
    return !rest_.empty() && rest_.front() == wanted;
  }
  bool symbol(char wanted) {
    if (!next_is(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool string(std::string_view& text) {
    if (!next_is('\'') && !next_is('"')) return false;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return false;
    text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool descr(NpyHeader& header) {
    std::string_view text;
    if (next_is('[')) {  // a record; where its list ends does not matter to us
      const std::size_t end = rest_.find("]");
      header.tensor.type = StoredType::kOther;
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    if (!string(text)) return false;
    header.tensor.type = type_of(text);
    return true;
  }
  bool boolean(bool& value) {
    skip();
    for (const std::string_view word : {"True", "False"}) {
      if (!rest_.starts_with(word)) continue;
      value = word == "True";
      rest_.remove_prefix(word.size());
      return true;
    }
    return false;
  }
  bool shape(std::vector<std::int64_t>& extents) {
    if (!symbol('(')) return false;
    while (!symbol(')')) {
      skip();
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc() || extents.size() == kMostDimensions) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      extents.push_back(extent);
      if (!symbol(',') && !next_is(')')) return false;
    }
    return true;
  }

  std::string_view rest_;
};

class NpyFile final : public TensorFile {
 public:
  explicit NpyFile(const std::string& path) : TensorFile("npy", path), file_(path) {
    header_ = read_npy_header(
        [&](std::uint64_t offset, std::uint64_t bytes) {
          std::string text;
          while (text.size() < bytes) {
            const std::string_view piece = file_.some(offset + text.size(), bytes - text.size());
            if (piece.empty()) throw Error::corruption(fmt::format("{} ends within its header", path));
            text.append(piece);
          }
          return text;
        },
        file_.size(), path);
    header_.tensor.name = "array";
    set_tensors({header_.tensor});
  }

 private:
  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override {
    if (header_.fortran) {
      throw Error::not_supported(fmt::format("{} has its columns first (fortran_order)", path()),
                                 "save numpy.ascontiguousarray(array)");
    }
    const auto width = static_cast<std::int64_t>(stored_type_bytes(tensor.type));
    std::string cut;
    for (std::int64_t at = first; at < first + count;) {
      // At most as many whole elements as the window has, at least one.
      const std::uint64_t offset = header_.data_start + static_cast<std::uint64_t>(at * width);
      const std::string_view piece = file_.some(offset, static_cast<std::uint64_t>((first + count - at) * width));
      const std::int64_t whole = static_cast<std::int64_t>(piece.size()) / width;
      if (whole > 0) {
        sink(at, piece.substr(0, static_cast<std::size_t>(whole * width)));
        at += whole;
        continue;
      }
      cut.assign(piece);
      cut.append(file_.some(offset + cut.size(), static_cast<std::uint64_t>(width) - cut.size()));
      sink(at++, cut);
    }
  }

  WindowFile file_;
  NpyHeader header_;
};

}  // namespace

NpyHeader read_npy_header(const ByteReader& read, std::uint64_t file_bytes, const std::string& where) {
  const auto refuse = [&](const std::string& what) { throw Error::corruption(fmt::format("{}: {}", where, what)); };
  if (file_bytes < 10) refuse("it is too short for a NumPy file");
  const std::string start = read(0, std::min<std::uint64_t>(file_bytes, 12));
  if (!start.starts_with("\x93NUMPY")) refuse("it does not begin as a NumPy file");
  const auto version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) {
    throw Error::not_supported(fmt::format("{}: a NumPy file of version {}; 1 to 3 are known", where, version));
  }
  const std::uint64_t before = version == 1 ? 10 : 12;
  std::uint32_t length = 0;
  if (start.size() < before) refuse("it is too short for a NumPy file");
  std::memcpy(&length, start.data() + 8, version == 1 ? 2 : 4);
  if (length > kMostHeader || length > file_bytes - before)
    refuse(fmt::format("it cannot have a header of {} bytes", length));
  NpyHeader header;
  if (!HeaderText(read(before, length)).parse(header)) refuse("its header is damaged");
  header.data_start = before + length;
  const auto elements = checked_elements(header.tensor.shape);
  if (!elements) refuse(fmt::format("no file can hold {}", header.tensor.describe()));
  const std::uint64_t width = stored_type_bytes(header.tensor.type);
  const std::uint64_t room = file_bytes - header.data_start;
  if (width > 0 && static_cast<std::uint64_t>(*elements) * width != room) {
    refuse(fmt::format("{} bytes follow its header; {} has {}", room, header.tensor.describe(),
                       static_cast<std::uint64_t>(*elements) * width));
  }
  const auto wide = std::count_if(header.tensor.shape.begin(), header.tensor.shape.end(), [](auto n) { return n > 1; });
  header.fortran = header.fortran && wide > 1;
  return header;
}

std::unique_ptr<TensorFile> open_npy(const std::string& path) {
  return std::make_unique<NpyFile>(path);
}

}  // namespace kin::internal
