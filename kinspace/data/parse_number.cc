#include "kinspace/data/parse_number.h"

#include <charconv>
#include <cstddef>

#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

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

// Digits with at most one point between them and 15 digits in all: both the digits as an integer and the power of ten
// are exact as doubles, so their quotient is correctly rounded.
bool parse_short_decimal(std::string_view text, double& value) noexcept {
  if (text.size() > 17) return false;
  const bool negative = !text.empty() && text[0] == '-';
  std::size_t i = negative ? 1 : 0;
  std::int64_t digits = 0;
  std::size_t count = 0;
  std::size_t after_point = 0;
  bool point = false;
  for (; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      digits = digits * 10 + (text[i] - '0');
      ++count;
      if (point) ++after_point;
    } else if (text[i] == '.' && !point) {
      point = true;
    } else {
      return false;
    }
  }
  if (count == 0 || count > 15) return false;
  const double magnitude = static_cast<double>(digits) / kPowersOfTen[after_point];
  value = negative ? -magnitude : magnitude;
  return true;
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

Parsed parse_number(std::string_view text, double& value) noexcept {
  text = trim(text);
  if (text.empty()) return Parsed::kEmpty;
  if (parse_short_decimal(text, value)) return Parsed::kOk;
  if (names_no_finite_value(text)) return Parsed::kNotFinite;
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

}  // namespace kin
