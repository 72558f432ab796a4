#include "kinspace/data/parse_number.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::uint64_t kExactMantissa = std::uint64_t{1} << 53;  // integers up to here are exact as doubles
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool same_word(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

bool names_no_finite_value(std::string_view text) noexcept {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return same_word(text, "nan") || same_word(text, "inf") || same_word(text, "infinity");
}

// [-] digits with at most one point between them [e [+-] digits]. Where the digits, as an integer, are below 2^53 and
// the power of ten is at most 22, both are exact as doubles, so their product or quotient is correctly rounded.
Parsed parse_decimal(std::string_view text, char decimal, double& value) noexcept {
  constexpr int kMostDigits = 19;  // fit into 64 bits
  const bool negative = text[0] == '-';
  std::size_t i = negative ? 1 : 0;
  std::uint64_t mantissa = 0;
  int digits = 0;
  int exponent = 0;
  bool point = false;
  bool any = false;
  for (; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      any = true;
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(text[i] - '0');
      digits += mantissa != 0 ? 1 : 0;
      exponent -= point ? 1 : 0;
      if (digits > kMostDigits) return Parsed::kOverflow;
    } else if (text[i] == decimal && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!any) return Parsed::kOther;
  if (i < text.size()) {
    if ((text[i] | 0x20) != 'e') return Parsed::kOther;
    if (++i < text.size() && text[i] == '+' && i + 1 < text.size() && is_digit(text[i + 1])) ++i;
    int written = 0;
    const auto [end, status] = std::from_chars(text.data() + i, text.data() + text.size(), written);
    if (status == std::errc::invalid_argument || end != text.data() + text.size()) return Parsed::kOther;
    if (status != std::errc() || written < -400 || written > 400) return Parsed::kOverflow;
    exponent += written;
  }
  if (mantissa > kExactMantissa || exponent < -22 || exponent > 22) return Parsed::kOverflow;
  const auto whole = static_cast<double>(static_cast<std::int64_t>(mantissa));
  const double magnitude = exponent < 0 ? whole / kPowersOfTen[-exponent] : whole * kPowersOfTen[exponent];
  value = negative ? -magnitude : magnitude;
  return Parsed::kOk;
}

// A well-formed number, or one too long to tell, by the standard library.
Parsed parse_long_number(std::string_view text, double& value, char decimal) noexcept {
  char pointed[512];
  if (decimal != '.') {
    if (text.size() > sizeof pointed || text.find('.') != std::string_view::npos) return Parsed::kOther;
    std::replace_copy(text.begin(), text.end(), pointed, decimal, '.');
    text = {pointed, text.size()};
  }
  // from_chars would also take "nan(1)" and the like.
  for (const char c : text) {
    if (!is_digit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') return Parsed::kOther;
  }
  double parsed = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (end != text.data() + text.size() || status == std::errc::invalid_argument) return Parsed::kOther;
  if (status != std::errc()) return Parsed::kOverflow;
  value = parsed;
  return Parsed::kOk;
}

}  // namespace

Parsed parse_integer(std::string_view text, std::int64_t& value) noexcept {
  text = trim(text);
  if (text.empty()) return Parsed::kEmpty;
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty()) return Parsed::kOther;
  if (digits.size() <= 18) {
    std::int64_t magnitude = 0;
    for (const char c : digits) {
      if (!is_digit(c)) return names_no_finite_value(text) ? Parsed::kNotFinite : Parsed::kOther;
      magnitude = magnitude * 10 + (c - '0');
    }
    value = negative ? -magnitude : magnitude;
  } else {
    for (const char c : digits) {
      if (!is_digit(c)) return Parsed::kOther;
    }
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc()) return Parsed::kOverflow;
  }
  return digits[0] == '0' && digits.size() > 1 ? Parsed::kLeadingZero : Parsed::kOk;
}

Parsed parse_number(std::string_view text, double& value, char decimal) noexcept {
  text = trim(text);
  if (text.empty()) return Parsed::kEmpty;
  const Parsed quick = parse_decimal(text, decimal, value);
  if (quick == Parsed::kOk) return quick;
  if (quick == Parsed::kOther) return names_no_finite_value(text) ? Parsed::kNotFinite : quick;
  return parse_long_number(text, value, decimal);
}

}  // namespace kin
