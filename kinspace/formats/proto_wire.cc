#include "kinspace/formats/proto_wire.h"

#include <bit>
#include <cstring>

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "fixed numbers are taken as they lie in memory");

constexpr std::uint64_t kMostField = (std::uint64_t{1} << 29) - 1;

void append_tag(std::string& to, std::uint32_t number, WireType type) {
  append_varint(to, (std::uint64_t{number} << 3) | static_cast<std::uint64_t>(type));
}

}  // namespace

std::optional<std::uint64_t> take_varint(std::string_view& bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<ProtoField> ProtoReader::next() noexcept {
  if (rest_.empty() || damaged_) return std::nullopt;
  damaged_ = true;  // until the field turns out to be whole
  const auto tag = take_varint(rest_);
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > kMostField) return std::nullopt;
  ProtoField field;
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  field.type = static_cast<WireType>(*tag & 7);
  std::size_t fixed = 0;
  switch (field.type) {
    case WireType::kVarint: {
      const auto value = take_varint(rest_);
      if (!value) return std::nullopt;
      field.value = *value;
      break;
    }
    case WireType::kBytes: {
      const auto length = take_varint(rest_);
      if (!length || *length > rest_.size()) return std::nullopt;
      field.bytes = rest_.substr(0, static_cast<std::size_t>(*length));
      rest_.remove_prefix(field.bytes.size());
      break;
    }
    case WireType::kFixed64:
      fixed = 8;
      break;
    case WireType::kFixed32:
      fixed = 4;
      break;
    default:
      return std::nullopt;
  }
  if (fixed > rest_.size()) return std::nullopt;
  if (fixed > 0) std::memcpy(&field.value, rest_.data(), fixed);
  rest_.remove_prefix(fixed);
  damaged_ = false;
  return field;
}

void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

void append_fixed32(std::string& to, std::uint32_t value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_number_field(std::string& to, std::uint32_t number, std::uint64_t value) {
  if (value == 0) return;
  append_tag(to, number, WireType::kVarint);
  append_varint(to, value);
}

void append_fixed32_field(std::string& to, std::uint32_t number, std::uint32_t value) {
  if (value == 0) return;
  append_tag(to, number, WireType::kFixed32);
  append_fixed32(to, value);
}

void append_bytes_field(std::string& to, std::uint32_t number, std::string_view bytes) {
  append_tag(to, number, WireType::kBytes);
  append_varint(to, bytes.size());
  to.append(bytes);
}

}  // namespace kin
