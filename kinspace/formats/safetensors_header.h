#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// Element types of safetensors that are whole bytes.
enum class TensorType : std::uint8_t { kBool, kU8, kI8, kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kI64, kU64, kF64 };

/// Bytes of one element.
std::uint64_t tensor_type_bytes(TensorType type) noexcept;

/// Name in the header, such as "F32".
std::string_view tensor_type_name(TensorType type) noexcept;

std::optional<TensorType> parse_tensor_type(std::string_view name) noexcept;

/// Bytes of a tensor of that shape; nothing when an extent is negative or the extents other than 0 have a product that
/// no file can hold.
std::optional<std::uint64_t> tensor_bytes(TensorType type, const std::vector<std::int64_t>& shape) noexcept;

/// One tensor of a file: row-major, little-endian, at bytes [begin, end) of the data section.
struct TensorInfo {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<std::int64_t> shape;  ///< none: a scalar
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  /// "F32 [3, 4]".
  std::string describe() const;
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              ///< by rising name
  std::map<std::string, std::string> metadata;  ///< "__metadata__"
};

/// The longest header that is read or written.
inline constexpr std::uint64_t kMaxSafetensorsHeader = std::uint64_t{16} << 20;

/// The JSON text, padded with spaces so that the data section, which follows 8 bytes and this text, starts at a
/// multiple of 64 bytes.
std::string render_safetensors_header(const SafetensorsHeader& header);

/// Reads the JSON text of a header and checks it whole: known types, shapes whose product fits and equals the bytes,
/// unique names, and data of exactly `data_bytes` bytes without a hole or an overlap.
///
/// Errors   kCorruption naming `path`, the tensor and the rule; kNotSupported for an unknown element type.
/// Memory   a small multiple of `text`, whatever it says.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes, const std::string& path);

}  // namespace kin
