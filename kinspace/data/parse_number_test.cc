#include "kinspace/data/parse_number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "kinspace/base/random.h"

namespace kin {
namespace {

Parsed integer_kind(std::string_view text) {
  std::int64_t value = 0;
  return parse_integer(text, value);
}

Parsed number_kind(std::string_view text) {
  double value = 0;
  return parse_number(text, value);
}

std::int64_t integer(std::string_view text) {
  std::int64_t value = 0;
  EXPECT_EQ(parse_integer(text, value), Parsed::kOk) << text;
  return value;
}

double number(std::string_view text) {
  double value = 0;
  EXPECT_EQ(parse_number(text, value), Parsed::kOk) << text;
  return value;
}

TEST(ParseInteger, TakesTheWholeRangeOf64Bits) {
  EXPECT_EQ(integer("0"), 0);
  EXPECT_EQ(integer("-0"), 0);
  EXPECT_EQ(integer("-1"), -1);
  EXPECT_EQ(integer(" 42\t"), 42);
  EXPECT_EQ(integer("2147483648"), 2147483648LL);
  EXPECT_EQ(integer("999999999999999999"), 999999999999999999LL);
  EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(ParseInteger, TellsOverflowFromOtherText) {
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551615", "99999999999999999999999"}) {
    EXPECT_EQ(integer_kind(text), Parsed::kOverflow) << text;
  }
  for (const char* text :
       {"-", "+5", "1.0", "1e3", "0x10", "1_000", "1,5", "12a", "- 1", "1 2", "9999999999999999999x", "1-"}) {
    EXPECT_EQ(integer_kind(text), Parsed::kOther) << text;
  }
  for (const char* text : {"", " ", "\t "}) EXPECT_EQ(integer_kind(text), Parsed::kEmpty) << text;
  for (const char* text : {"nan", "NaN", "-inf", "Infinity"}) EXPECT_EQ(integer_kind(text), Parsed::kNotFinite) << text;
}

TEST(ParseInteger, ReportsLeadingZerosAndTheirValue) {
  for (const char* text : {"007", "-007", "00000000000000000000007"}) {
    std::int64_t value = 0;
    EXPECT_EQ(parse_integer(text, value), Parsed::kLeadingZero) << text;
    EXPECT_EQ(std::abs(value), 7) << text;
  }
}

TEST(ParseNumber, TakesDecimalsAndExponents) {
  EXPECT_EQ(number("2.5"), 2.5);
  EXPECT_EQ(number(" -2.5 "), -2.5);
  EXPECT_EQ(number(".5"), 0.5);
  EXPECT_EQ(number("5."), 5.0);
  EXPECT_EQ(number("1e3"), 1000.0);
  EXPECT_EQ(number("1E-3"), 0.001);
  EXPECT_EQ(number("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(number("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_TRUE(std::signbit(number("-0")));
  EXPECT_EQ(number("18446744073709551615"), 18446744073709551616.0);
}

TEST(ParseNumber, RefusesWhatIsNoFiniteNumber) {
  for (const char* text : {"1e400", "-1e400", "1e-400"}) EXPECT_EQ(number_kind(text), Parsed::kOverflow) << text;
  for (const char* text : {"nan", "NAN", "-nan", "inf", "+inf", "-Infinity"})
    EXPECT_EQ(number_kind(text), Parsed::kNotFinite) << text;
  for (const char* text :
       {".", "-", "e5", "1e", "1.2.3", "1,5", "0x1p3", "nan(1)", "infinit", "1 2", "--1", "+1", "one", "1e+"}) {
    EXPECT_EQ(number_kind(text), Parsed::kOther) << text;
  }
  EXPECT_EQ(number_kind(""), Parsed::kEmpty);
  EXPECT_EQ(number_kind("  "), Parsed::kEmpty);
}

TEST(ParseNumber, RoundsAsStrtodDoes) {
  RandomStream random(7, Purpose::kInit, 0, 0);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    if (random.below(2) == 1) text += '-';
    const std::uint64_t before = random.below(12);
    const std::uint64_t after = random.below(12);
    for (std::uint64_t j = 0; j <= before; ++j) text += static_cast<char>('0' + random.below(10));
    if (after > 0) text += '.';
    for (std::uint64_t j = 0; j < after; ++j) text += static_cast<char>('0' + random.below(10));
    if (random.below(4) == 0) text += "e" + std::to_string(static_cast<int>(random.below(40)) - 20);
    ASSERT_EQ(number(text), std::strtod(text.c_str(), nullptr)) << text;
  }
}

}  // namespace
}  // namespace kin
