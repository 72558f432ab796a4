#include "kinspace/formats/snappy.h"

#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

constexpr std::uint64_t kMostGrowth = 32;

/// Takes a little-endian number of `bytes` bytes (at most 4) from the front; nothing when they are not there.
std::optional<std::size_t> take_number(std::string_view& from, std::size_t bytes) {
  if (from.size() < bytes) return std::nullopt;
  std::size_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::size_t{static_cast<std::uint8_t>(from[i])} << (8 * i);
  from.remove_prefix(bytes);
  return value;
}

}  // namespace

std::optional<std::string> snappy_uncompress(std::string_view compressed, std::uint64_t most) {
  std::string_view in = compressed;
  const auto total = take_varint(in);
  if (!total || *total > most || *total > kMostGrowth * compressed.size()) return std::nullopt;
  std::string out;
  out.reserve(static_cast<std::size_t>(*total));
  while (!in.empty()) {
    const auto tag = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    std::size_t length = 0;
    std::optional<std::size_t> back;
    if ((tag & 3) == 0) {  // bytes as they are; a length of 60 or more stands in the next 1 to 4 bytes
      length = (std::size_t{tag} >> 2) + 1;
      if (length > 60) {
        const auto longer = take_number(in, length - 60);
        if (!longer) return std::nullopt;
        length = *longer + 1;
      }
      if (length > in.size() || length > *total - out.size()) return std::nullopt;
      out.append(in.substr(0, length));
      in.remove_prefix(length);
      continue;
    }
    if ((tag & 3) == 1) {
      length = ((std::size_t{tag} >> 2) & 7) + 4;
      back = take_number(in, 1);
      if (back) *back |= (std::size_t{tag} >> 5) << 8;
    } else {
      length = (std::size_t{tag} >> 2) + 1;
      back = take_number(in, (tag & 3) == 2 ? 2 : 4);
    }
    if (!back || *back == 0 || *back > out.size() || length > *total - out.size()) return std::nullopt;
    // The copy may reach into what it writes, which repeats it: byte by byte.
    for (std::size_t from = out.size() - *back; length > 0; --length) out.push_back(out[from++]);
  }
  if (out.size() != *total) return std::nullopt;
  return out;
}

}  // namespace kin
