#include "kinspace/features/time_part.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

namespace chr = std::chrono;

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kFirst = -62135596800;      // 0001-01-01T00:00:00
constexpr std::int64_t kAfterLast = 253402300800;  // 10000-01-01T00:00:00

struct PartInfo {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array<PartInfo, 13> kParts = {{{"year", 0},
                                              {"month", 12},
                                              {"day", 31},
                                              {"weekday", 7},
                                              {"hour", 24},
                                              {"minute", 60},
                                              {"minute_of_day", 1440},
                                              {"minute_of_week", 10080},
                                              {"hour_of_week", 168},
                                              {"dayofyear", 366},
                                              {"weekofyear", 53},
                                              {"quarter", 4},
                                              {"epoch", 0}}};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// Days since 1970, or nothing where there is no such day.
std::optional<std::int64_t> days_of(int year, int month, int day) {
  const chr::year_month_day date(chr::year(year), chr::month(static_cast<unsigned>(month)),
                                 chr::day(static_cast<unsigned>(day)));
  if (year < 1 || !date.ok()) return std::nullopt;
  return chr::sys_days(date).time_since_epoch().count();
}

std::int64_t part_of_date(TimePart part, chr::sys_days day) {
  const chr::year_month_day date(day);
  switch (part) {
    case TimePart::kYear:
      return static_cast<int>(date.year());
    case TimePart::kMonth:
      return static_cast<unsigned>(date.month()) - 1;
    case TimePart::kDay:
      return static_cast<unsigned>(date.day()) - 1;
    case TimePart::kQuarter:
      return (static_cast<unsigned>(date.month()) - 1) / 3;
    case TimePart::kWeekOfYear: {
      const chr::sys_days thursday = day + chr::days(4) - chr::days(chr::weekday(day).iso_encoding());
      const chr::sys_days january(chr::year_month_day(thursday).year() / 1 / 1);
      return (thursday - january).count() / 7;
    }
    default:
      return (day - chr::sys_days(date.year() / 1 / 1)).count();
  }
}

/// `local`: seconds since 1970 by the clock of the place.
std::int64_t part_of(TimePart part, std::int64_t local) {
  const std::int64_t days = floor_divide(local, kDay);
  const std::int64_t second = local - days * kDay;
  const chr::sys_days day{chr::days(days)};
  const std::int64_t weekday = chr::weekday(day).iso_encoding() - 1;
  switch (part) {
    case TimePart::kWeekday:
      return weekday;
    case TimePart::kHour:
      return second / 3600;
    case TimePart::kMinute:
      return second / 60 % 60;
    case TimePart::kMinuteOfDay:
      return second / 60;
    case TimePart::kMinuteOfWeek:
      return weekday * 1440 + second / 60;
    case TimePart::kHourOfWeek:
      return weekday * 24 + second / 3600;
    default:
      return part_of_date(part, day);
  }
}

/// (value + shift) mod period / step, by rows of one kind.
template <std::int64_t kPeriod, std::int64_t kStep>
void periodic(std::span<const std::int64_t> values, std::int64_t shift, std::int64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t rest = (values[i] + shift) % kPeriod;
    out[i] = (rest + (kPeriod & (rest >> 63))) / kStep;
  }
}

/// Parts that come again every week, of values that are times, in a zone of one offset; false for other parts.
template <std::int64_t kSecond>
bool periodic_parts(TimePart part, std::int64_t offset, std::span<const std::int64_t> values, std::int64_t* out) {
  constexpr std::int64_t kMinutes = 60 * kSecond, kHours = 60 * kMinutes, kDays = 24 * kHours, kWeeks = 7 * kDays;
  const std::int64_t shift = offset * kSecond;
  const std::int64_t monday = shift + 3 * kDays;  // 1970 began on a Thursday
  switch (part) {
    case TimePart::kHour:
      periodic<kDays, kHours>(values, shift, out);
      return true;
    case TimePart::kMinute:
      periodic<kHours, kMinutes>(values, shift, out);
      return true;
    case TimePart::kMinuteOfDay:
      periodic<kDays, kMinutes>(values, shift, out);
      return true;
    case TimePart::kWeekday:
      periodic<kWeeks, kDays>(values, monday, out);
      return true;
    case TimePart::kHourOfWeek:
      periodic<kWeeks, kHours>(values, monday, out);
      return true;
    case TimePart::kMinuteOfWeek:
      periodic<kWeeks, kMinutes>(values, monday, out);
      return true;
    default:
      return false;
  }
}

bool periodic_parts(TimePart part, TimeUnit unit, std::int64_t offset, std::span<const std::int64_t> values,
                    std::int64_t* out) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return periodic_parts<1>(part, offset, values, out);
    case TimeUnit::kMilliseconds:
      return periodic_parts<1'000>(part, offset, values, out);
    case TimeUnit::kMicroseconds:
      return periodic_parts<1'000'000>(part, offset, values, out);
    default:
      return false;
  }
}

/// Reads a time from the front of a text.
class TimeParser {
 public:
  explicit TimeParser(std::string_view text) : rest_(text) {}

  std::optional<TimeText> parse() {
    TimeText time;
    const auto days = date();
    if (!days) return std::nullopt;
    time.seconds = *days * kDay;
    if (rest_.empty()) return time;
    if (!eat('T') && !eat('t') && !eat(' ')) return std::nullopt;
    time.has_clock = true;
    if (!clock(time) || !offset(time) || !rest_.empty()) return std::nullopt;
    return time;
  }

 private:
  bool eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool digit(std::size_t at) const { return at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9'; }

  /// A number of exactly so many digits.
  bool number(std::size_t digits, int high, int& to) {
    to = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!digit(i)) return false;
      to = to * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return to <= high;
  }

  std::optional<std::int64_t> date() {
    int year = 0;
    int month = 0;
    int day = 0;
    if (!number(4, 9999, year)) return std::nullopt;
    const char separator = rest_.starts_with('-') ? '-' : rest_.starts_with('/') ? '/' : '\0';
    compact_ = separator == '\0';
    if (!compact_) eat(separator);
    if (!number(2, 12, month) || (!compact_ && !eat(separator)) || !number(2, 31, day)) return std::nullopt;
    return days_of(year, month, day);
  }

  /// hh[:mm[:ss[.fraction]]]; without colons behind a date without hyphens.
  bool clock(TimeText& time) {
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!number(2, 24, hour)) return false;
    const bool has_minutes = eat(':') || (compact_ && digit(0));
    if (has_minutes && !number(2, 59, minute)) return false;
    const bool has_seconds = has_minutes && (eat(':') || (compact_ && digit(0)));
    if (has_seconds && !number(2, 60, second)) return false;
    if (has_seconds && (rest_.starts_with('.') || rest_.starts_with(','))) {
      std::size_t digits = 1;
      while (digit(digits)) ++digits;
      if (digits == 1) return false;
      rest_.remove_prefix(digits);
    }
    if (hour == 24 && (minute != 0 || second != 0)) return false;
    time.seconds += std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second;
    return has_minutes || compact_;
  }

  bool offset(TimeText& time) {
    if (rest_.empty()) return true;
    eat(' ');
    time.has_offset = true;
    if (eat('Z') || eat('z')) return true;
    if (rest_ == "UTC") {
      rest_ = {};
      return true;
    }
    const bool west = rest_.starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!eat('+') && !eat('-')) return false;
    if (!number(2, 24, hours)) return false;
    if ((eat(':') || digit(0)) && !number(2, 59, minutes)) return false;
    time.offset = (std::int64_t{hours} * 3600 + std::int64_t{minutes} * 60) * (west ? -1 : 1);
    return true;
  }

  std::string_view rest_;
  bool compact_ = false;
};

}  // namespace

std::optional<TimePart> find_time_part(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (kParts[i].name == name) return static_cast<TimePart>(i);
  }
  return std::nullopt;
}

std::int64_t time_part_size(TimePart part) noexcept {
  return kParts[static_cast<std::size_t>(part)].size;
}

std::optional<TimeText> parse_time(std::string_view text) noexcept {
  return TimeParser(trim(text)).parse();
}

std::optional<std::int64_t> TimeDeriver::of(std::string_view text) const noexcept {
  std::int64_t value = 0;
  if (parse_integer(text, value) == Parsed::kOk) return of(value, TimeUnit::kNone);
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  if (time->has_offset) return of_utc(time->seconds - time->offset);
  return of_local(time->seconds);
}

std::optional<std::int64_t> TimeDeriver::of(std::int64_t value, TimeUnit unit) const noexcept {
  switch (unit) {
    case TimeUnit::kDays:
      if (value < kFirst / kDay || value >= kAfterLast / kDay) return std::nullopt;
      return of_local(value * kDay);
    case TimeUnit::kSeconds:
      return of_utc(value);
    case TimeUnit::kMilliseconds:
      return of_utc(floor_divide(value, 1'000));
    case TimeUnit::kMicroseconds:
      return of_utc(floor_divide(value, 1'000'000));
    case TimeUnit::kNanoseconds:
      return of_utc(floor_divide(value, 1'000'000'000));
    case TimeUnit::kNone:
      break;
  }
  if (value >= 19000101 && value <= 21001231) {
    const auto year = static_cast<int>(value / 10000);
    if (const auto days = days_of(year, static_cast<int>(value / 100 % 100), static_cast<int>(value % 100))) {
      return of_local(*days * kDay);
    }
  }
  return of_integer(value);
}

bool TimeDeriver::of(std::span<const std::int64_t> values, TimeUnit unit, std::int64_t* out) const noexcept {
  const auto offset = zone_.fixed_offset();
  if (offset && !values.empty()) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const bool all_times = of(*low, unit) && of(*high, unit);
    if (all_times && periodic_parts(part_, unit, *offset, values, out)) return true;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto part = of(values[i], unit);
    if (!part) return false;
    out[i] = *part;
  }
  return true;
}

std::optional<std::int64_t> TimeDeriver::of_integer(std::int64_t value) const noexcept {
  constexpr std::array<std::pair<std::int64_t, std::int64_t>, 3> kScales = {
      {{100'000'000'000'000'000, 1'000'000'000}, {100'000'000'000'000, 1'000'000}, {100'000'000'000, 1'000}}};
  for (const auto& [from, scale] : kScales) {
    if (value >= from || value <= -from) return of_utc(floor_divide(value, scale));
  }
  return of_utc(value);
}

std::optional<std::int64_t> TimeDeriver::of_utc(std::int64_t seconds) const noexcept {
  if (part_ == TimePart::kEpoch) {
    return seconds >= kFirst && seconds < kAfterLast ? std::optional(seconds) : std::nullopt;
  }
  if (seconds < kFirst - kDay || seconds >= kAfterLast + kDay) return std::nullopt;
  return of_local(seconds + zone_.offset_at(seconds));
}

std::optional<std::int64_t> TimeDeriver::of_local(std::int64_t seconds) const noexcept {
  if (seconds < kFirst || seconds >= kAfterLast) return std::nullopt;
  if (part_ == TimePart::kEpoch) return seconds - zone_.offset_of_local(seconds);
  return part_of(part_, seconds);
}

}  // namespace kin
