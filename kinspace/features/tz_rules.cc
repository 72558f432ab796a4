#include "kinspace/features/tz_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "kinspace/base/error.h"

namespace kin {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kCycle = 146097 * kDay;  // the Gregorian calendar repeats every 400 years
constexpr std::size_t kHeader = 44;
constexpr std::uint32_t kMaxCount = 65536;  // real files have some hundred
constexpr std::int64_t kMaxOffset = std::int64_t{26} * 3600;
constexpr std::int64_t kFarthest = std::int64_t{1} << 59;  // zic writes it for the beginning of time

[[noreturn]] void damaged(const std::string& name, const std::string& what) {
  throw Error::corruption(fmt::format("time zone file {} is damaged: {}", name, what), "reinstall the package tzdata");
}

/// Takes bytes from the front; never beyond the end.
class Bytes {
 public:
  Bytes(std::string_view rest, const std::string& name) : rest_(rest), name_(name) {}

  std::string_view take(std::size_t n) {
    if (n > rest_.size()) damaged(name_, "it ends too early");
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  const std::string& name_;
};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

struct Counts {
  char version = 0;
  std::size_t ut_marks = 0;
  std::size_t standard_marks = 0;
  std::size_t leaps = 0;
  std::size_t times = 0;
  std::size_t types = 0;
  std::size_t chars = 0;

  std::size_t block_bytes(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + chars + leaps * (time_bytes + 4) + standard_marks + ut_marks;
  }
};

Counts read_header(Bytes& bytes, const std::string& name) {
  const std::string_view header = bytes.take(kHeader);
  if (!header.starts_with("TZif")) damaged(name, "it does not start with TZif");
  Counts counts{
      .version = header[4], .ut_marks = 0, .standard_marks = 0, .leaps = 0, .times = 0, .types = 0, .chars = 0};
  std::size_t at = 20;
  for (std::size_t* count :
       {&counts.ut_marks, &counts.standard_marks, &counts.leaps, &counts.times, &counts.types, &counts.chars}) {
    const std::int64_t value = big_endian(header.substr(at, 4));
    if (value < 0 || value > kMaxCount) damaged(name, fmt::format("a count of {} in its header", value));
    *count = static_cast<std::size_t>(value);
    at += 4;
  }
  if (counts.types == 0 || counts.types > 256) damaged(name, fmt::format("{} local time types", counts.types));
  return counts;
}

// ---- The rule behind the last change, as POSIX writes TZ: "GMT0BST,M3.5.0/1,M10.5.0" --------------------------------

/// A day of every year, and the time on it.
struct RuleDay {
  enum class Kind : std::uint8_t { kWeekday, kJulian, kZeroBased } kind = Kind::kWeekday;
  int month = 1;    // kWeekday: 1 to 12
  int week = 1;     // 1 to 5; 5: the last one
  int weekday = 0;  // 0 Sunday
  int day = 0;      // of the year: kJulian from 1, without 29th of February; kZeroBased from 0
  std::int64_t seconds = std::int64_t{2} * 3600;

  /// Since 1970, as if the clock showed UTC.
  std::int64_t in_year(int year) const {
    namespace chr = std::chrono;
    const chr::year y(year);
    chr::sys_days date = chr::sys_days(y / 1 / 1);
    switch (kind) {
      case Kind::kWeekday:
        date = week == 5 ? chr::sys_days(y / chr::month(static_cast<unsigned>(month)) /
                                         chr::weekday(static_cast<unsigned>(weekday))[chr::last])
                         : chr::sys_days(y / chr::month(static_cast<unsigned>(month)) /
                                         chr::weekday(static_cast<unsigned>(weekday))[static_cast<unsigned>(week)]);
        break;
      case Kind::kJulian:
        date += chr::days(day - 1 + (y.is_leap() && day >= 60 ? 1 : 0));
        break;
      case Kind::kZeroBased:
        date += chr::days(day);
        break;
    }
    return date.time_since_epoch().count() * kDay + seconds;
  }
};

struct Rule {
  std::int64_t standard = 0;
  bool has_summer = false;
  std::int64_t summer = 0;
  RuleDay start{};
  RuleDay end{};
};

class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : rest_(text) {}

  /// Nothing when the text is not such a rule.
  std::optional<Rule> parse() {
    Rule rule;
    if (!name()) return std::nullopt;
    const auto standard = time(24);
    if (!standard) return std::nullopt;
    rule.standard = -*standard;  // POSIX counts west
    if (rest_.empty()) return rule;
    rule.has_summer = true;
    if (!name()) return std::nullopt;
    rule.summer = rule.standard + 3600;
    if (!rest_.starts_with(',')) {
      const auto summer = time(24);
      if (!summer) return std::nullopt;
      rule.summer = -*summer;
    }
    if (!day(rule.start) || !day(rule.end) || !rest_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool eat(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name() {
    const bool angled = eat('<');
    std::size_t n = 0;
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    while (n < rest_.size() && (letter(rest_[n]) || (angled && (rest_[n] == '+' || rest_[n] == '-' ||
                                                                (rest_[n] >= '0' && rest_[n] <= '9'))))) {
      ++n;
    }
    rest_.remove_prefix(n);
    return n >= 3 && (!angled || eat('>'));
  }

  std::optional<int> number(int high) {
    int value = 0;
    std::size_t n = 0;
    for (; n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9'; ++n) {
      value = value * 10 + (rest_[n] - '0');
      if (value > high) return std::nullopt;
    }
    rest_.remove_prefix(n);
    return n == 0 ? std::nullopt : std::optional<int>(value);
  }

  /// [+-]hh[:mm[:ss]] in seconds.
  std::optional<std::int64_t> time(int max_hours) {
    const bool minus = eat('-');
    if (!minus) eat('+');
    const auto hours = number(max_hours);
    if (!hours) return std::nullopt;
    std::int64_t seconds = std::int64_t{*hours} * 3600;
    for (const int unit : {60, 1}) {
      if (!eat(':')) break;
      const auto part = number(59);
      if (!part) return std::nullopt;
      seconds += std::int64_t{*part} * unit;
    }
    return minus ? -seconds : seconds;
  }

  bool between(int low, int high, int& to) {
    const auto value = number(high);
    if (!value || *value < low) return false;
    to = *value;
    return true;
  }

  bool day(RuleDay& day) {
    if (!eat(',')) return false;
    bool good = false;
    if (eat('M')) {
      good = between(1, 12, day.month) && eat('.') && between(1, 5, day.week) && eat('.') && between(0, 6, day.weekday);
    } else if (eat('J')) {
      day.kind = RuleDay::Kind::kJulian;
      good = between(1, 365, day.day);
    } else {
      day.kind = RuleDay::Kind::kZeroBased;
      good = between(0, 365, day.day);
    }
    if (!good) return false;
    if (!eat('/')) return true;
    const auto seconds = time(167);
    if (seconds) day.seconds = *seconds;
    return seconds.has_value();
  }

  std::string_view rest_;
};

int year_of(std::int64_t utc) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(utc)));
  return static_cast<int>(std::chrono::year_month_day(days).year());
}

}  // namespace

void TzRules::add(std::int64_t utc, std::int64_t offset) {
  const std::int64_t before = changes_.empty() ? before_ : changes_.back().offset;
  // In both directions the change is noticed when the later of the two clocks reaches it: what is shown twice is then
  // the first one, what is skipped belongs to the time before.
  std::int64_t local = utc + std::max(before, offset);
  if (!changes_.empty()) local = std::max(local, changes_.back().local);
  changes_.push_back({utc, local, offset});
}

void TzRules::extend(std::string_view text, const std::string& name) {
  const auto rule = RuleParser(text).parse();
  if (!rule) damaged(name, fmt::format("its rule '{}' for later years cannot be read", text.substr(0, 60)));
  constexpr std::int64_t kFirst = -62135596800;  // year 1
  constexpr std::int64_t kLast = 253402300800;   // year 10000
  if (!changes_.empty() && changes_.back().utc > kLast) return;
  const std::int64_t from = changes_.empty() ? kFirst : std::max(changes_.back().utc, kFirst);
  if (!rule->has_summer) {
    if (changes_.empty()) before_ = rule->standard;
    if (!changes_.empty() && changes_.back().offset != rule->standard) add(from + 1, rule->standard);
    return;
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> later;  // utc, offset
  const int first = year_of(from) - 1;
  for (int year = first; year <= first + 404; ++year) {
    later.emplace_back(rule->end.in_year(year) - rule->summer, rule->standard);
    later.emplace_back(rule->start.in_year(year) - rule->standard, rule->summer);
  }
  // Where a summer ends as the next one starts, the start counts, which stands behind.
  std::stable_sort(later.begin(), later.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [utc, offset] : later) {
    if (utc > from || changes_.empty()) add(utc, offset);
  }
  repeats_ = from + kCycle + 400 * kDay;  // behind it every point has one 400 years ago that the rule made
}

TzRules TzRules::parse(std::string_view file, const std::string& name) {
  Bytes bytes(file, name);
  Counts counts = read_header(bytes, name);
  std::size_t time_bytes = 4;
  const bool has_rule = counts.version >= '2';
  if (has_rule) {
    bytes.take(counts.block_bytes(4));
    counts = read_header(bytes, name);
    time_bytes = 8;
  }
  if (counts.leaps != 0) {
    throw Error::not_supported(fmt::format("time zone file {} counts leap seconds", name),
                               "use the entry of that name outside of right/");
  }
  const std::string_view times = bytes.take(counts.times * time_bytes);
  const std::string_view kinds = bytes.take(counts.times);
  const std::string_view types = bytes.take(counts.types * 6);
  bytes.take(counts.chars + counts.standard_marks + counts.ut_marks);

  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < counts.types; ++i) {
    offsets.push_back(big_endian(types.substr(i * 6, 4)));
    if (std::abs(offsets.back()) >= kMaxOffset) damaged(name, fmt::format("an offset of {} seconds", offsets.back()));
  }
  TzRules rules(offsets[0]);
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < counts.times; ++i) {
    const std::int64_t utc = big_endian(times.substr(i * time_bytes, time_bytes));
    const auto kind = static_cast<unsigned char>(kinds[i]);
    if (utc < -kFarthest || utc > kFarthest) damaged(name, fmt::format("a change at {}", utc));
    if (utc <= last) damaged(name, "its changes do not rise");
    if (kind >= counts.types) damaged(name, fmt::format("local time type {} of {}", kind, counts.types));
    rules.add(utc, offsets[kind]);
    last = utc;
  }
  if (!has_rule) return rules;
  const std::string_view footer = bytes.rest();
  const std::size_t end = footer.find('\n', 1);
  if (!footer.starts_with('\n') || end == std::string_view::npos) damaged(name, "its footer is missing");
  if (end > 1) rules.extend(footer.substr(1, end - 1), name);
  return rules;
}

std::int64_t TzRules::folded(std::int64_t seconds) const noexcept {
  seconds = std::min(seconds, kFarthest);
  if (seconds < repeats_) return seconds;
  return seconds - ((seconds - repeats_) / kCycle + 1) * kCycle;
}

std::int64_t TzRules::offset_at(std::int64_t utc_seconds) const noexcept {
  utc_seconds = folded(utc_seconds);
  const auto next = std::upper_bound(changes_.begin(), changes_.end(), utc_seconds,
                                     [](std::int64_t utc, const Change& change) { return utc < change.utc; });
  return next == changes_.begin() ? before_ : std::prev(next)->offset;
}

std::int64_t TzRules::offset_of_local(std::int64_t local_seconds) const noexcept {
  local_seconds = folded(local_seconds);
  const auto next = std::upper_bound(changes_.begin(), changes_.end(), local_seconds,
                                     [](std::int64_t local, const Change& change) { return local < change.local; });
  return next == changes_.begin() ? before_ : std::prev(next)->offset;
}

}  // namespace kin
