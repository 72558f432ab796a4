#pragma once

#include <cstdint>
#include <string_view>

namespace kin {

enum class Parsed : std::uint8_t {
  kOk,
  kEmpty,        ///< nothing but blanks
  kLeadingZero,  ///< an integer with zeros that its value would lose, such as 007; the value is set
  kOverflow,     ///< well written, but beyond the type's range
  kNotFinite,    ///< a spelling of NaN or infinity
  kOther,        ///< no number
};

/// Decimal integer: digits with an optional minus; blanks around it are ignored.
Parsed parse_integer(std::string_view text, std::int64_t& value) noexcept;

/// Decimal number with a point (or what stands for it) and an optional exponent, correctly rounded, in every locale;
/// blanks around it are ignored.
Parsed parse_number(std::string_view text, double& value, char decimal = '.') noexcept;

}  // namespace kin
