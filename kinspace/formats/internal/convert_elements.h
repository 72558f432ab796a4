#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kinspace/formats/stored_tensor.h"

namespace kin::internal {

/// An element that the wanted type cannot hold.
struct BadElement {
  std::int64_t at = 0;  ///< within the elements given
  std::string value;
};

bool is_integer(StoredType type) noexcept;  ///< bool too

/// `count` little-endian elements, at any address, as float32: see TensorFile::read_rows. The type is a real one.
std::optional<BadElement> convert_to_float(StoredType type, const char* from, std::int64_t count, float* to);

/// Likewise as int64; the type is_integer().
std::optional<BadElement> convert_to_integer(StoredType type, const char* from, std::int64_t count, std::int64_t* to);

float float_of_half(std::uint16_t bits) noexcept;

}  // namespace kin::internal
