#include "kinspace/features/tz_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using testing::HasSubstr;

std::string big_endian(std::int64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  return out;
}

struct File {
  char version = '2';
  std::vector<std::int64_t> times;
  std::vector<int> kinds;
  std::vector<std::int64_t> offsets = {3600};
  std::int64_t leaps = 0;
  std::string footer;

  std::string block(int time_bytes) const {
    std::string out = "TZif" + std::string(1, version) + std::string(15, '\0');
    for (const std::size_t count : {std::size_t{0}, std::size_t{0}, static_cast<std::size_t>(leaps), times.size(),
                                    offsets.size(), std::size_t{4}}) {
      out += big_endian(static_cast<std::int64_t>(count), 4);
    }
    for (const std::int64_t time : times) out += big_endian(time, time_bytes);
    for (const int kind : kinds) out += static_cast<char>(kind);
    for (const std::int64_t offset : offsets) out += big_endian(offset, 4) + std::string(2, '\0');
    return out + std::string("XYZ\0", 4) + std::string(static_cast<std::size_t>(leaps) * (time_bytes + 4), '\0');
  }

  std::string bytes() const {
    if (version < '2') return block(4);
    return block(4) + block(8) + "\n" + footer + "\n";
  }
};

std::string refused(const std::string& bytes, ErrorCode code = ErrorCode::kCorruption) {
  try {
    TzRules::parse(bytes, "Test/Zone");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.message(), HasSubstr("Test/Zone"));
    return error.message();
  }
  return "taken";
}

TEST(TzRules, ChangesHoldFromTheirSecond) {
  for (const char version : {'\0', '2', '3', '4'}) {
    const File file{.version = version, .times = {-100, 100}, .kinds = {1, 0}, .offsets = {3600, 7200}, .footer = ""};
    const TzRules rules = TzRules::parse(file.bytes(), "Test/Zone");
    EXPECT_EQ(rules.offset_at(-101), 3600);
    EXPECT_EQ(rules.offset_at(-100), 7200);
    EXPECT_EQ(rules.offset_at(99), 7200);
    EXPECT_EQ(rules.offset_at(100), 3600);
    EXPECT_EQ(rules.offset_at(INT64_MAX), 3600);
    EXPECT_EQ(rules.offset_at(INT64_MIN), 3600);
  }
}

TEST(TzRules, TheFooterGoesOnBehindTheLastChange) {
  const auto offset = [](const std::string& rule, std::int64_t at) {
    const File file{.times = {}, .kinds = {}, .offsets = {0}, .footer = rule};
    return TzRules::parse(file.bytes(), "Test/Zone").offset_at(at);
  };
  constexpr std::int64_t kJanuary = 1704067200;  // 2024-01-01
  constexpr std::int64_t kJuly = 1719792000;     // 2024-07-01
  EXPECT_EQ(offset("EST5", kJuly), -18000);
  EXPECT_EQ(offset("<+0530>-5:30", kJuly), 19800);
  EXPECT_EQ(offset("<-1234>+12:34:56", kJuly), -45296);
  EXPECT_EQ(offset("CET-1CEST,M3.5.0,M10.5.0/3", kJuly), 7200);
  EXPECT_EQ(offset("CET-1CEST,M3.5.0,M10.5.0/3", kJanuary), 3600);
  EXPECT_EQ(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", kJanuary), 39600);
  EXPECT_EQ(offset("AEST-10AEDT,M10.1.0,M4.1.0/3", kJuly), 36000);
  EXPECT_EQ(offset("AAA0BBB-2,J60/0,J61/0", kJanuary + 59 * 86400), 0);     // 29th of February
  EXPECT_EQ(offset("AAA0BBB-2,J60/0,J61/0", kJanuary + 60 * 86400), 7200);  // 1st of March
  EXPECT_EQ(offset("AAA0BBB-2,59/0,60/0", kJanuary + 59 * 86400), 7200);
  EXPECT_EQ(offset("AAA0BBB-2,59/-1,60/25", kJanuary + 59 * 86400 - 3600), 7200);  // times beyond the day
  EXPECT_EQ(offset("IST-1GMT0,M10.5.0,M3.5.0/1", kJanuary), 0);                    // "summer" in winter
  for (std::int64_t day = 0; day < 800; ++day) {
    ASSERT_EQ(offset("XXX3EDT4,0/0,J365/23", kJanuary + day * 86400), -14400) << day;  // summer all year
  }
}

TEST(TzRules, EveryTruncationIsRefused) {
  const File file{
      .times = {-100, 100}, .kinds = {1, 0}, .offsets = {3600, 7200}, .footer = "CET-1CEST,M3.5.0,M10.5.0/3"};
  const std::string bytes = file.bytes();
  EXPECT_NO_THROW(TzRules::parse(bytes, "Test/Zone"));
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_NE(refused(bytes.substr(0, n)), "taken") << n;
}

TEST(TzRules, DamageIsNamed) {
  EXPECT_THAT(refused("TZjf" + std::string(100, '\0')), HasSubstr("does not start with TZif"));
  EXPECT_THAT(refused(File{.times = {100, 100}, .kinds = {0, 0}, .footer = ""}.bytes()), HasSubstr("do not rise"));
  EXPECT_THAT(refused(File{.times = {1}, .kinds = {1}, .footer = ""}.bytes()), HasSubstr("local time type 1 of 1"));
  EXPECT_THAT(refused(File{.times = {}, .kinds = {}, .offsets = {93600}, .footer = ""}.bytes()),
              HasSubstr("offset of 93600"));
  EXPECT_THAT(refused(File{.times = {INT64_MIN}, .kinds = {0}, .footer = ""}.bytes()), HasSubstr("a change at"));
  EXPECT_THAT(refused(File{.times = {}, .kinds = {}, .offsets = {}, .footer = ""}.bytes()),
              HasSubstr("0 local time types"));
  EXPECT_THAT(refused(File{.times = {}, .kinds = {}, .leaps = 1, .footer = ""}.bytes(), ErrorCode::kNotSupported),
              HasSubstr("leap seconds"));
  std::string huge = File{.times = {}, .kinds = {}, .footer = ""}.bytes();
  huge.replace(32, 4, "\x7F\xFF\xFF\xFF");
  EXPECT_THAT(refused(huge), HasSubstr("a count of 2147483647"));
}

TEST(TzRules, FootersThatAreNoRuleAreRefused) {
  for (const char* rule :
       {"E5", "EST", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J365", "EST5EDT,0,366", "EST25", "EST5:60", "<EST5",
        "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0,M11.1.0,", "EST99999999999999999"}) {
    const File file{.times = {}, .kinds = {}, .footer = rule};
    EXPECT_THAT(refused(file.bytes()), HasSubstr("its rule")) << rule;
  }
}

}  // namespace
}  // namespace kin
