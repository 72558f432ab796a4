#include "kinspace/formats/npz.h"

#include <fmt/format.h>
#include <zlib.h>

#include <bit>
#include <optional>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/npy.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

constexpr std::uint64_t kLimit = 0xFFFFFFFF;  // of ZIP without its 64-bit extension

std::optional<std::string_view> numpy_type(TensorType type) {
  switch (type) {
    case TensorType::kBool:
      return "|b1";
    case TensorType::kU8:
      return "|u1";
    case TensorType::kI8:
      return "|i1";
    case TensorType::kI16:
      return "<i2";
    case TensorType::kU16:
      return "<u2";
    case TensorType::kF16:
      return "<f2";
    case TensorType::kI32:
      return "<i4";
    case TensorType::kU32:
      return "<u4";
    case TensorType::kF32:
      return "<f4";
    case TensorType::kI64:
      return "<i8";
    case TensorType::kU64:
      return "<u8";
    case TensorType::kF64:
      return "<f8";
    case TensorType::kBF16:
      return std::nullopt;
  }
  return std::nullopt;
}

void little(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

/// One file of the archive.
struct Entry {
  std::string name;
  std::string header;  ///< of the .npy
  const TensorSource* array = nullptr;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;
};

template <class Take>
void each_piece(const TensorSource& array, Take take) {
  std::vector<float> room;
  for (std::uint64_t i = 0; i < array.pieces; ++i) {
    take({array.piece(i, room), array.piece_bytes});
  }
}

std::uint32_t crc_of(const Entry& entry) {
  uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(entry.header.data()), entry.header.size());
  each_piece(*entry.array, [&](std::string_view piece) {
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
  });
  return static_cast<std::uint32_t>(crc);
}

/// What the local header and the central directory have in common, from "version needed" to the length of the name.
std::string common_fields(const Entry& entry) {
  constexpr std::uint64_t kUtf8Names = 1 << 11;
  constexpr std::uint64_t kFirstDay = 1 << 5 | 1;  // 1980-01-01
  std::string out;
  little(out, 20, 2);
  little(out, kUtf8Names, 2);
  little(out, 0, 2);  // stored
  little(out, 0, 2);
  little(out, kFirstDay, 2);
  little(out, entry.crc, 4);
  little(out, entry.bytes, 4);
  little(out, entry.bytes, 4);
  little(out, entry.name.size(), 2);
  little(out, 0, 2);  // no extra field
  return out;
}

std::string central_record(const Entry& entry) {
  std::string out("PK\x01\x02", 4);
  little(out, 20, 2);
  out += common_fields(entry);
  little(out, 0, 2);  // no comment
  little(out, 0, 2);  // disk
  little(out, 0, 2);
  little(out, 0, 4);  // attributes
  little(out, entry.offset, 4);
  return out + entry.name;
}

[[noreturn]] void too_large() {
  throw Error::invalid_argument("the arrays are too large for an npz file, which holds 4 GiB",
                                "write safetensors, which has no such limit");
}

Entry make_entry(const TensorSource& array) {
  const auto type = numpy_type(array.type);
  if (!type) {
    throw Error::invalid_argument(fmt::format("array {} is of type {}, which NumPy does not have", quoted(array.name),
                                              tensor_type_name(array.type)));
  }
  Entry entry;
  entry.name = array.name + ".npy";
  entry.header = npy_header(*type, array.shape);
  entry.array = &array;
  entry.bytes = entry.header.size() + array.pieces * array.piece_bytes;
  if (tensor_bytes(array.type, array.shape) != array.pieces * array.piece_bytes) {
    throw Error::invalid_argument(fmt::format("array {}: its shape does not fit its bytes", quoted(array.name)));
  }
  if (entry.bytes > kLimit || entry.name.size() > 0xFFFF) too_large();
  entry.crc = crc_of(entry);
  return entry;
}

}  // namespace

void write_npz(std::span<const TensorSource> arrays, const std::function<void(std::string_view)>& sink) {
  if (arrays.size() > 0xFFFF) too_large();
  std::vector<Entry> entries;
  std::set<std::string> names;
  std::uint64_t offset = 0;
  for (const TensorSource& array : arrays) {
    entries.push_back(make_entry(array));
    Entry& entry = entries.back();
    if (!names.insert(entry.name).second)
      throw Error::invalid_argument(fmt::format("two arrays are called {}", quoted(array.name)));
    entry.offset = offset;
    offset += 30 + entry.name.size() + entry.bytes;
  }
  std::string directory;
  for (const Entry& entry : entries) directory += central_record(entry);
  if (offset + directory.size() > kLimit) too_large();

  for (const Entry& entry : entries) {
    sink(std::string("PK\x03\x04", 4) + common_fields(entry) + entry.name + entry.header);
    each_piece(*entry.array, [&](std::string_view piece) { sink(piece); });
  }
  std::string end("PK\x05\x06", 4);
  little(end, 0, 4);
  little(end, entries.size(), 2);
  little(end, entries.size(), 2);
  little(end, directory.size(), 4);
  little(end, offset, 4);
  little(end, 0, 2);
  sink(directory + end);
}

}  // namespace kin
