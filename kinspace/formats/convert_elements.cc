#include "kinspace/formats/internal/convert_elements.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kinspace/base/error.h"

namespace kin::internal {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are taken as they lie in memory");

template <class From>
From load(const char* from, std::int64_t i) noexcept {
  From value;
  std::memcpy(&value, from + i * static_cast<std::int64_t>(sizeof(From)), sizeof value);
  return value;
}

template <class From>
std::optional<BadElement> integers_to_float(const char* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = load<From>(from, i);
    to[i] = static_cast<float>(value);
    if constexpr (sizeof(From) >= 4) {
      // 2^63 and 2^64, to which the largest are rounded, would be undefined to turn back.
      const double back = static_cast<double>(to[i]);
      const bool fits = back < std::ldexp(1.0, static_cast<int>(sizeof(From) * 8) - (std::is_signed_v<From> ? 1 : 0));
      if (!fits || static_cast<From>(to[i]) != value) return BadElement{i, std::to_string(value)};
    }
  }
  return std::nullopt;
}

template <class From>
std::optional<BadElement> to_integers(const char* from, std::int64_t count, std::int64_t* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = load<From>(from, i);
    to[i] = static_cast<std::int64_t>(value);
    if constexpr (std::is_same_v<From, std::uint64_t>) {
      if (to[i] < 0) return BadElement{i, std::to_string(value)};
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_integer(StoredType type) noexcept {
  switch (type) {
    case StoredType::kBool:
    case StoredType::kU8:
    case StoredType::kI8:
    case StoredType::kI16:
    case StoredType::kU16:
    case StoredType::kI32:
    case StoredType::kU32:
    case StoredType::kI64:
    case StoredType::kU64:
      return true;
    default:
      return false;
  }
}

float float_of_half(std::uint16_t bits) noexcept {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16;
  const std::uint32_t exponent = (bits >> 10) & 31U;
  const std::uint32_t fraction = bits & 1023U;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent == 0) {  // a multiple of 2^-24
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

std::optional<BadElement> convert_to_float(StoredType type, const char* from, std::int64_t count, float* to) {
  switch (type) {
    case StoredType::kF32:
      std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
      return std::nullopt;
    case StoredType::kF64:
      for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(load<double>(from, i));
      return std::nullopt;
    case StoredType::kF16:
      for (std::int64_t i = 0; i < count; ++i) to[i] = float_of_half(load<std::uint16_t>(from, i));
      return std::nullopt;
    case StoredType::kBF16:
      for (std::int64_t i = 0; i < count; ++i) {
        to[i] = std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(from, i)} << 16);
      }
      return std::nullopt;
    case StoredType::kBool:
    case StoredType::kU8:
      return integers_to_float<std::uint8_t>(from, count, to);
    case StoredType::kI8:
      return integers_to_float<std::int8_t>(from, count, to);
    case StoredType::kI16:
      return integers_to_float<std::int16_t>(from, count, to);
    case StoredType::kU16:
      return integers_to_float<std::uint16_t>(from, count, to);
    case StoredType::kI32:
      return integers_to_float<std::int32_t>(from, count, to);
    case StoredType::kU32:
      return integers_to_float<std::uint32_t>(from, count, to);
    case StoredType::kI64:
      return integers_to_float<std::int64_t>(from, count, to);
    case StoredType::kU64:
      return integers_to_float<std::uint64_t>(from, count, to);
    default:
      KIN_ASSERT(false);
  }
}

std::optional<BadElement> convert_to_integer(StoredType type, const char* from, std::int64_t count, std::int64_t* to) {
  switch (type) {
    case StoredType::kBool:
    case StoredType::kU8:
      return to_integers<std::uint8_t>(from, count, to);
    case StoredType::kI8:
      return to_integers<std::int8_t>(from, count, to);
    case StoredType::kI16:
      return to_integers<std::int16_t>(from, count, to);
    case StoredType::kU16:
      return to_integers<std::uint16_t>(from, count, to);
    case StoredType::kI32:
      return to_integers<std::int32_t>(from, count, to);
    case StoredType::kU32:
      return to_integers<std::uint32_t>(from, count, to);
    case StoredType::kI64:
      return to_integers<std::int64_t>(from, count, to);
    case StoredType::kU64:
      return to_integers<std::uint64_t>(from, count, to);
    default:
      KIN_ASSERT(false);
  }
}

}  // namespace kin::internal
