#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kinspace/data/batch.h"

namespace kin {

class TzRules;

/// What can be asked of a point in time (`derive`); what it counts from and to stands beside it.
enum class TimePart : std::uint8_t {
  kYear,          ///< as it is written
  kMonth,         ///< 0 to 11
  kDay,           ///< of the month, 0 to 30
  kWeekday,       ///< 0 Monday to 6 Sunday
  kHour,          ///< 0 to 23
  kMinute,        ///< 0 to 59
  kMinuteOfDay,   ///< 0 to 1439
  kMinuteOfWeek,  ///< 0 to 10079, from Monday 00:00
  kHourOfWeek,    ///< 0 to 167, from Monday 00:00
  kDayOfYear,     ///< 0 to 365
  kWeekOfYear,    ///< 0 to 52: ISO 8601 week - 1
  kQuarter,       ///< 0 to 3
  kEpoch,         ///< seconds since 1970 UTC
};

/// "weekday", "minute_of_day" ...; nothing for another word.
std::optional<TimePart> find_time_part(std::string_view name) noexcept;

/// The number of values: 7 for kWeekday; 0 where there is no bound.
std::int64_t time_part_size(TimePart part) noexcept;

/// Offsets of a place from UTC.
class TimeZone {
 public:
  /// "UTC", "Z", "+01:00", "-0330", or a name of the system's tz database such as "Europe/London".
  /// Errors   kInvalidArgument for a name that is not there (with a suggestion), kCorruption for a damaged entry.
  explicit TimeZone(const std::string& name);

  /// Seconds east of UTC where they are always the same.
  std::optional<std::int64_t> fixed_offset() const noexcept;

  /// Seconds east of UTC at a point in time.
  std::int64_t offset_at(std::int64_t utc_seconds) const noexcept;

  /// Seconds east of UTC when the clocks there show `local_seconds` (since 1970 as if it were UTC). A time that occurs
  /// twice is the first one; one that is skipped counts as if the clocks had not moved yet.
  std::int64_t offset_of_local(std::int64_t local_seconds) const noexcept;

 private:
  std::shared_ptr<const TzRules> rules_;
};

/// A date or time as it is read from text.
struct TimeText {
  std::int64_t seconds = 0;  ///< since 1970, as if the clock showed UTC
  bool has_offset = false;   ///< "Z" or "+01:00" follows
  std::int64_t offset = 0;   ///< seconds east of UTC
  bool has_clock = false;    ///< more than a date
};

/// ISO 8601 and what is near it: 2001-12-31, 2001/12/31, 2001-12-31T23:59:59.25Z, 2001-12-31 23:59+01:00,
/// 2001-12-31 23:59:59 UTC, 20011231, 20011231T2359; blanks around it are ignored. Proleptic Gregorian, years 0001 to
/// 9999; 24:00 and a leap second count as what follows them. Nothing for anything else, such as a 30th of February.
std::optional<TimeText> parse_time(std::string_view text) noexcept;

/// The part of a time in a zone. A text without offset is local time of the zone, and so is a date. Integers without a
/// unit, also as text, are dates from 19000101 to 21001231 where they are written as one, else epoch seconds, or
/// milliseconds from 10^11 on (in absolute value), microseconds from 10^14, nanoseconds from 10^17. Nothing for what is
/// no time, or not in the years 1 to 9999.
class TimeDeriver {
 public:
  TimeDeriver(TimePart part, TimeZone zone) : part_(part), zone_(std::move(zone)) {}

  std::optional<std::int64_t> of(std::string_view text) const noexcept;
  std::optional<std::int64_t> of(std::int64_t value, TimeUnit unit) const noexcept;

  /// The same of many at once; faster where the zone has one offset. False when one is no time; `out` is then
  /// unspecified.
  bool of(std::span<const std::int64_t> values, TimeUnit unit, std::int64_t* out) const noexcept;

 private:
  std::optional<std::int64_t> of_integer(std::int64_t value) const noexcept;
  std::optional<std::int64_t> of_utc(std::int64_t seconds) const noexcept;
  std::optional<std::int64_t> of_local(std::int64_t seconds) const noexcept;

  TimePart part_;
  TimeZone zone_;
};

}  // namespace kin
