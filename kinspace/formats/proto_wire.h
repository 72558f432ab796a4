#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kin {

/// How the value of a protocol buffer field is written.
enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// One field of a message, borrowed from its bytes.
struct ProtoField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  ///< of a varint, fixed64 or fixed32
  std::string_view bytes;   ///< of kBytes: a string, a message or packed numbers

  bool is(std::uint32_t n, WireType t) const noexcept { return number == n && type == t; }
};

/// Takes a varint from the front of `bytes`. Nothing when they end within it or it has more than 64 bits.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) noexcept;

/// The fields of one message in the order of its bytes.
///
///   for (ProtoReader reader(bytes); const auto field = reader.next();) …;   then check reader.damaged()
///
/// Memory  none; every length is compared with the bytes that are there. Groups, which nobody writes, are damage.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) noexcept : rest_(message) {}

  /// The next field; nothing at the end and where the bytes are no message.
  std::optional<ProtoField> next() noexcept;

  bool damaged() const noexcept { return damaged_; }

 private:
  std::string_view rest_;
  bool damaged_ = false;
};

void append_varint(std::string& to, std::uint64_t value);
void append_fixed32(std::string& to, std::uint32_t value);

/// A field each. As in proto3, a number of 0 is left out; strings and messages are written also when empty.
void append_number_field(std::string& to, std::uint32_t number, std::uint64_t value);
void append_fixed32_field(std::string& to, std::uint32_t number, std::uint32_t value);
void append_bytes_field(std::string& to, std::uint32_t number, std::string_view bytes);

}  // namespace kin
