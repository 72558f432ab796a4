#include "kinspace/features/time_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using testing::HasSubstr;

/// Seconds since 1970 of a UTC time, or -1.
std::int64_t seconds(std::string_view text) {
  const auto time = parse_time(text);
  return time ? time->seconds - time->offset : -1;
}

std::int64_t part(TimePart part, std::string_view text, const std::string& zone = "UTC") {
  return TimeDeriver(part, TimeZone(zone)).of(text).value_or(-1);
}

TEST(ParseTime, ReadsIso8601AndWhatIsNearIt) {
  for (const char* text : {"2001-12-31T23:59:59Z", "2001-12-31 23:59:59", "2001/12/31 23:59:59", "20011231T235959",
                           "2001-12-31t23:59:59.999z", "2001-12-31T23:59:59,5Z", "2001-12-31 23:59:59 UTC",
                           "2002-01-01T00:59:59+01:00", "2001-12-31T18:29:59-0530", "2001-12-31 22:59:59-01",
                           "2001-12-31 23:59:59.000000 +0000", "  2001-12-31 23:59:59\t", "20011231T235959Z"}) {
    EXPECT_EQ(seconds(text), 1009843199) << text;
  }
  EXPECT_EQ(seconds("1970-01-01"), 0);
  EXPECT_EQ(seconds("19700102"), 86400);
  EXPECT_EQ(seconds("1970-01-01T00:01"), 60);
  EXPECT_EQ(seconds("19700101T0001"), 60);
  EXPECT_EQ(seconds("19700101T01"), 3600);
  EXPECT_EQ(seconds("1969-12-31T23:59:58Z"), -2);
  EXPECT_EQ(seconds("1970-01-01T24:00"), 86400);
  EXPECT_EQ(seconds("2016-12-31T23:59:60Z"), seconds("2017-01-01T00:00:00Z"));
  EXPECT_EQ(parse_time("0001-01-01")->seconds, -62135596800);
  EXPECT_EQ(parse_time("9999-12-31T23:59:59")->seconds, 253402300799);
}

TEST(ParseTime, SaysWhatWasThere) {
  EXPECT_FALSE(parse_time("2001-12-31")->has_clock);
  EXPECT_TRUE(parse_time("2001-12-31T00:00")->has_clock);
  EXPECT_FALSE(parse_time("2001-12-31T00:00")->has_offset);
  EXPECT_TRUE(parse_time("2001-12-31T00:00Z")->has_offset);
  EXPECT_EQ(parse_time("2001-12-31T00:00+05:30")->offset, 19800);
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "2001",
                           "2001-12",
                           "2001-13-01",
                           "2001-00-01",
                           "2001-02-29",
                           "2001-04-31",
                           "1900-02-29",
                           "0000-01-01",
                           "2001-12/31",
                           "2001-1-2",
                           "31/12/2001",
                           "12-31-2001",
                           "2001-12-31T",
                           "2001-12-31T23",
                           "2001-12-31 25:00",
                           "2001-12-31 24:01",
                           "2001-12-31 23:60",
                           "2001-12-31 23:59:61",
                           "2001-12-31 23:59:59.",
                           "2001-12-31X23:59",
                           "2001-12-31 23:59 CET",
                           "2001-12-31 23:59+",
                           "2001-12-31 23:59+1",
                           "2001-12-31 23:59+01:60",
                           "2001-12-31Z",
                           "20011231T23595",
                           "200112312",
                           "-2001-12-31",
                           "2001-12-31T23:59:59Zz",
                           "1260759144",
                           "NaN"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_FALSE(parse_time(std::string(100000, '1')));
}

TEST(TimePart, NamesAndSizes) {
  EXPECT_EQ(find_time_part("weekday"), TimePart::kWeekday);
  EXPECT_EQ(find_time_part("minute_of_week"), TimePart::kMinuteOfWeek);
  EXPECT_EQ(find_time_part("epoch"), TimePart::kEpoch);
  EXPECT_EQ(find_time_part("Weekday"), std::nullopt);
  EXPECT_EQ(find_time_part(""), std::nullopt);
  EXPECT_EQ(time_part_size(TimePart::kWeekday), 7);
  EXPECT_EQ(time_part_size(TimePart::kWeekOfYear), 53);
  EXPECT_EQ(time_part_size(TimePart::kYear), 0);
}

TEST(TimeDeriver, PartsOfATime) {
  const std::string time = "2001-12-31 23:59:59";  // a Monday
  const std::vector<std::pair<TimePart, std::int64_t>> wanted = {
      {TimePart::kYear, 2001},        {TimePart::kMonth, 11},          {TimePart::kDay, 30},
      {TimePart::kWeekday, 0},        {TimePart::kHour, 23},           {TimePart::kMinute, 59},
      {TimePart::kMinuteOfDay, 1439}, {TimePart::kMinuteOfWeek, 1439}, {TimePart::kHourOfWeek, 23},
      {TimePart::kDayOfYear, 364},    {TimePart::kWeekOfYear, 0},      {TimePart::kQuarter, 3},
      {TimePart::kEpoch, 1009843199}};
  for (const auto& [which, value] : wanted) EXPECT_EQ(part(which, time), value) << static_cast<int>(which);
  EXPECT_EQ(part(TimePart::kDayOfYear, "2000-12-31"), 365);
  EXPECT_EQ(part(TimePart::kHourOfWeek, "2002-01-06 23:00"), 167);
  EXPECT_EQ(part(TimePart::kMinuteOfWeek, "2002-01-06 23:59"), 10079);
}

TEST(TimeDeriver, WeeksAreThoseOfIso8601) {
  // Sample of the weeks table of ISO 8601: date, week.
  for (const auto& [date, week] : std::vector<std::pair<const char*, int>>{{"2005-01-01", 53},
                                                                           {"2005-01-02", 53},
                                                                           {"2005-12-31", 52},
                                                                           {"2007-01-01", 1},
                                                                           {"2007-12-30", 52},
                                                                           {"2007-12-31", 1},
                                                                           {"2008-12-28", 52},
                                                                           {"2008-12-29", 1},
                                                                           {"2009-12-31", 53},
                                                                           {"2010-01-03", 53}}) {
    EXPECT_EQ(part(TimePart::kWeekOfYear, date), week - 1) << date;
  }
}

TEST(TimeDeriver, EveryDayOfFourCenturiesFollowsTheOneBefore) {
  const TimeDeriver weekday(TimePart::kWeekday, TimeZone("UTC"));
  const TimeDeriver day(TimePart::kDay, TimeZone("UTC"));
  std::int64_t last_weekday = *weekday.of(-1, TimeUnit::kDays);
  std::int64_t last_day = *day.of(-1, TimeUnit::kDays);
  for (std::int64_t i = 0; i < 146097; ++i) {
    ASSERT_EQ(*weekday.of(i, TimeUnit::kDays), (last_weekday + 1) % 7) << i;
    const std::int64_t today = *day.of(i, TimeUnit::kDays);
    ASSERT_TRUE(today == last_day + 1 || (today == 0 && last_day >= 27)) << i;
    last_weekday = *weekday.of(i, TimeUnit::kDays);
    last_day = today;
  }
}

TEST(TimeDeriver, IntegersAreSecondsMillisecondsOrDates) {
  const TimeDeriver epoch(TimePart::kEpoch, TimeZone("UTC"));
  const auto of = [&](std::int64_t value) { return epoch.of(value, TimeUnit::kNone).value_or(-1); };
  EXPECT_EQ(of(1260759144), 1260759144);
  EXPECT_EQ(of(99'999'999'999), 99'999'999'999);
  EXPECT_EQ(of(1260759144999), 1260759144);
  EXPECT_EQ(of(1260759144999999), 1260759144);
  EXPECT_EQ(of(1260759144999999999), 1260759144);
  EXPECT_EQ(of(-1'000'000'000'001), -1'000'000'001);
  EXPECT_EQ(of(0), 0);
  EXPECT_EQ(of(20011231), 1009756800);
  EXPECT_EQ(of(20011232), 20011232);  // no date
  EXPECT_EQ(of(18991231), 18991231);
  EXPECT_EQ(of(std::numeric_limits<std::int64_t>::max()), 9223372036);
  EXPECT_EQ(of(std::numeric_limits<std::int64_t>::min()), -9223372037);
  for (const std::int64_t value : {std::int64_t{1260759144}, std::int64_t{20011231}, std::int64_t{-5}}) {
    EXPECT_EQ(epoch.of(std::to_string(value)), epoch.of(value, TimeUnit::kNone)) << value;
  }
  EXPECT_EQ(epoch.of("not a time"), std::nullopt);
}

TEST(TimeDeriver, UnitsOfAFileCount) {
  const TimeDeriver hour(TimePart::kHour, TimeZone("+01:00"));
  EXPECT_EQ(hour.of(7200, TimeUnit::kSeconds), 3);
  EXPECT_EQ(hour.of(7200'000, TimeUnit::kMilliseconds), 3);
  EXPECT_EQ(hour.of(7200'000'000, TimeUnit::kMicroseconds), 3);
  EXPECT_EQ(hour.of(7200'000'000'000, TimeUnit::kNanoseconds), 3);
  EXPECT_EQ(hour.of(1, TimeUnit::kDays), 0);  // a date is one in every zone
  EXPECT_EQ(hour.of(-1, TimeUnit::kMilliseconds), 0);
}

TEST(TimeDeriver, ManyAtOnceAreAsOneByOne) {
  std::vector<std::int64_t> seconds = {0, -1, 1, 86399, 86400, -86400, -86401, 951782400, -62135596800 + 86400};
  for (std::int64_t i = 0; i < 100; ++i) seconds.push_back(i * 98'765'431 - 5'000'000'000);
  for (const char* zone : {"UTC", "+05:45", "-11:00", "Europe/London"}) {
    for (int part = 0; part <= static_cast<int>(TimePart::kEpoch); ++part) {
      const TimeDeriver deriver(static_cast<TimePart>(part), TimeZone(zone));
      for (const auto& [unit, scale] :
           std::vector<std::pair<TimeUnit, std::int64_t>>{{TimeUnit::kSeconds, 1},
                                                          {TimeUnit::kMilliseconds, 1'000},
                                                          {TimeUnit::kMicroseconds, 1'000'000},
                                                          {TimeUnit::kDays, 0},
                                                          {TimeUnit::kNone, 1}}) {
        std::vector<std::int64_t> values = seconds, out(seconds.size());
        for (std::int64_t& value : values) value = scale == 0 ? value / 86400 : value * scale + (scale > 1 ? 7 : 0);
        ASSERT_TRUE(deriver.of(values, unit, out.data()));
        for (std::size_t i = 0; i < values.size(); ++i) {
          ASSERT_EQ(out[i], deriver.of(values[i], unit)) << zone << " part " << part << " of " << values[i];
        }
        values.push_back(std::numeric_limits<std::int64_t>::max());
        out.push_back(0);
        EXPECT_EQ(deriver.of(values, unit, out.data()), unit == TimeUnit::kNone);
      }
    }
  }
}

TEST(TimeDeriver, TimesBeyondTheCalendarAreNone) {
  for (const TimePart which : {TimePart::kEpoch, TimePart::kYear, TimePart::kHour}) {
    const TimeDeriver deriver(which, TimeZone("+14:00"));
    for (const std::int64_t value : {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t{253402300800 + 86400}, std::int64_t{-62135596800 - 86400 * 2}}) {
      EXPECT_EQ(deriver.of(value, TimeUnit::kSeconds), std::nullopt) << value;
      EXPECT_EQ(deriver.of(value, TimeUnit::kDays), std::nullopt) << value;
    }
  }
}

TEST(TimeZone, OffsetsAndNames) {
  EXPECT_EQ(TimeZone("UTC").offset_at(0), 0);
  EXPECT_EQ(TimeZone("Z").offset_at(0), 0);
  EXPECT_EQ(TimeZone("+01:00").offset_at(0), 3600);
  EXPECT_EQ(TimeZone("-0330").offset_at(0), -12600);
  EXPECT_EQ(TimeZone("+5").offset_at(0), 18000);
}

TEST(TimeZone, UnknownNamesAreRefused) {
  const auto message = [](const std::string& name) {
    try {
      TimeZone zone(name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return std::string("taken");
  };
  EXPECT_THAT(message("Europe/Lodnon"), HasSubstr("did you mean 'Europe/London'?"));
  EXPECT_THAT(message("london"), HasSubstr("did you mean 'Europe/London'?"));
  for (const char* name : {"", "..", "../../../etc/passwd", "/etc/localtime", "Europe", "+25:00", "+1:0", "+130", "+",
                           "Europe/London\n", "zone.tab"}) {
    EXPECT_THAT(message(name), HasSubstr("is no time zone")) << name;
  }
  EXPECT_THAT(message(std::string(1000, 'x')), HasSubstr("is no time zone"));
}

TEST(TimeZone, ClocksThatShowATimeTwiceShowItFirst) {
  const TimeZone london("Europe/London");
  EXPECT_EQ(london.offset_at(seconds("2024-03-31T00:59:59Z")), 0);
  EXPECT_EQ(london.offset_at(seconds("2024-03-31T01:00:00Z")), 3600);
  EXPECT_EQ(london.offset_at(seconds("2024-10-27T00:59:59Z")), 3600);
  EXPECT_EQ(london.offset_at(seconds("2024-10-27T01:00:00Z")), 0);
  EXPECT_EQ(london.offset_of_local(seconds("2024-10-27T01:30:00")), 3600);  // twice
  EXPECT_EQ(london.offset_of_local(seconds("2024-10-27T02:00:00")), 0);
  EXPECT_EQ(london.offset_of_local(seconds("2024-03-31T01:30:00")), 0);  // never
  EXPECT_EQ(london.offset_of_local(seconds("2024-03-31T02:00:00")), 3600);
}

TEST(TimeZone, GoesOnForEver) {
  const TimeZone berlin("Europe/Berlin");
  const TimeZone sydney("Australia/Sydney");
  for (const int year : {2037, 2038, 2040, 2100, 2437, 2438, 2800, 9998}) {
    const std::string text = std::to_string(year);
    EXPECT_EQ(berlin.offset_at(seconds(text + "-07-01T00:00:00Z")), 7200) << year;
    EXPECT_EQ(berlin.offset_at(seconds(text + "-01-01T00:00:00Z")), 3600) << year;
    EXPECT_EQ(sydney.offset_at(seconds(text + "-07-01T00:00:00Z")), 36000) << year;
    EXPECT_EQ(sydney.offset_at(seconds(text + "-01-01T00:00:00Z")), 39600) << year;
  }
  EXPECT_EQ(berlin.offset_at(seconds("0001-01-01T00:00:00Z")), 3208);  // local mean time
  EXPECT_EQ(berlin.offset_at(std::numeric_limits<std::int64_t>::max()), berlin.offset_at(std::int64_t{1} << 60));
  EXPECT_EQ(TimeZone("America/New_York").offset_at(seconds("2031-11-02T05:59:59Z")), -4 * 3600);
  EXPECT_EQ(TimeZone("America/New_York").offset_at(seconds("2031-11-02T06:00:00Z")), -5 * 3600);
  EXPECT_EQ(TimeZone("Asia/Kolkata").offset_at(0), 19800);
}

TEST(TimeZone, DerivesLocalHours) {
  EXPECT_EQ(part(TimePart::kHour, "2024-07-01T12:00Z", "America/New_York"), 8);
  EXPECT_EQ(part(TimePart::kHour, "2024-07-01T12:00", "America/New_York"), 12);  // local already
  EXPECT_EQ(part(TimePart::kEpoch, "2024-07-01T12:00", "America/New_York"), seconds("2024-07-01T16:00:00Z"));
  EXPECT_EQ(part(TimePart::kWeekday, "1719792000", "America/Los_Angeles"), 6);  // Monday 00:00 in London
}

}  // namespace
}  // namespace kin
