#include "kinspace/profile/column_profiler.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include "kinspace/features/fingerprint.h"
#include "kinspace/features/time_part.h"

namespace kin {
namespace {

constexpr std::uint64_t kMaxText = std::uint64_t{256} << 20;  // of the values of a column
constexpr std::size_t kMaxShown = 80;                         // bytes of a value

/// `text` cut at a character boundary.
std::string cut(std::string_view text) {
  if (text.size() <= kMaxShown) return std::string(text);
  std::size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "\u2026";
}

/// "2001-12-31 23:59:59", without the clock at midnight.
std::string time_text(std::int64_t epoch) {
  const std::chrono::sys_seconds time{std::chrono::seconds(epoch)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t second = (time - day).count();
  std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (second == 0) return text;
  return fmt::format("{} {:02}:{:02}:{:02}", text, second / 3600, second / 60 % 60, second % 60);
}

}  // namespace

double ColumnProfile::top_share() const noexcept {
  return top.empty() || values == 0 ? 0 : static_cast<double>(top.front().count) / static_cast<double>(values);
}

ColumnProfiler::ColumnProfiler(const Field& field, const ProfileOptions& options)
    : field_(field),
      options_(options),
      counts_(field.type != ColumnType::kString),
      sample_(options.sample, options.sample_memory) {}

void ColumnProfiler::add(const Column& column, std::size_t begin, std::size_t end) {
  rows_ += static_cast<std::int64_t>(end - begin);
  for (std::size_t row = begin; row < end; ++row) {
    if (column.cells == Cells::kSingle) {
      if (column.missing(row)) {
        ++missing_;
      } else {
        add_value(column, row);
      }
      continue;
    }
    const auto from = static_cast<std::size_t>(column.list_offsets[row]);
    const auto to = static_cast<std::size_t>(column.list_offsets[row + 1]);
    if (column.missing(row) || from == to) {
      ++missing_;
      continue;
    }
    for (std::size_t i = from; i < to; ++i) {
      if (!column.value_missing(i)) add_value(column, i);
    }
  }
}

void ColumnProfiler::add_value(const Column& column, std::size_t i) {
  if (counts_.exact() && (counts_.kept() >= options_.exact_values || counts_.index().text_bytes() > kMaxText)) {
    approximate();
  }
  switch (column.type) {
    case ColumnType::kInteger:
      counts_.add(column.integers[i]);
      add_number(static_cast<double>(column.integers[i]));
      break;
    case ColumnType::kNumber: {
      const double value = column.numbers[i] + 0.0;  // -0 is 0
      counts_.add(std::bit_cast<std::int64_t>(value));
      add_number(value);
      break;
    }
    case ColumnType::kString:
      add_text(column.string(i));
      break;
  }
}

void ColumnProfiler::add_number(double value) {
  const auto n = static_cast<double>(counts_.total());
  if (counts_.total() == 1) min_ = max_ = value;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  const double distance = value - mean_;
  mean_ += distance / n;
  squares_ += distance * (value - mean_);
  if (value == 0) ++zeros_;
  if (value < 0) ++negatives_;
  if (sketch_) sketch_->add(value);
}

void ColumnProfiler::add_text(std::string_view value) {
  if (counts_.total() == 0) first_ = last_ = value;
  if (value < first_) first_ = value;
  if (value > last_) last_ = value;
  counts_.add(value);
  sample_.add(value);
}

void ColumnProfiler::approximate() {
  if (!counts_.exact()) return;
  if (counts_.integers()) {
    sketch_.emplace();
    counts_.each([&](std::uint32_t number, std::int64_t count) { sketch_->add(number_of(number), count); });
  }
  counts_.approximate();
}

/// The number that value `index` of counts_ stands for.
double ColumnProfiler::number_of(std::uint32_t index) const {
  const std::int64_t bits = counts_.index().integer(index);
  return field_.type == ColumnType::kInteger ? static_cast<double>(bits) : std::bit_cast<double>(bits);
}

ColumnProfile ColumnProfiler::finish() const {
  ColumnProfile profile;
  profile.name = field_.name;
  profile.type = field_.type;
  profile.cells = field_.cells;
  profile.rows = rows_;
  profile.missing = missing_;
  profile.values = counts_.total();
  profile.distinct = counts_.distinct();
  profile.exact = counts_.exact();
  for (const auto& [number, count] : counts_.top(options_.top)) {
    const std::string text =
        field_.type == ColumnType::kNumber ? fmt::format("{}", number_of(number)) : cut(counts_.index().text(number));
    profile.top.push_back({text, count});
  }
  if (profile.exact) {
    counts_.each([&](std::uint32_t, std::int64_t count) { profile.singles += count == 1 ? 1 : 0; });
  }
  find_skew(profile);
  if (field_.type == ColumnType::kString) {
    profile.first = cut(first_);
    profile.last = cut(last_);
    profile.shape = shape_of(sample_.cells());
    find_parts(profile);
  } else if (profile.values > 0) {
    find_numbers(profile);
  }
  find_times(profile);
  if (profile.shape.split.empty()) find_collisions(counts_, profile);
  return profile;
}

void ColumnProfiler::find_numbers(ColumnProfile& profile) const {
  WeightedNumbers numbers;
  if (sketch_) {
    numbers = sketch_->numbers();
  } else {
    counts_.each([&](std::uint32_t number, std::int64_t count) { numbers.emplace_back(number_of(number), count); });
    std::sort(numbers.begin(), numbers.end());
  }
  NumberProfile out;
  out.min = min_;
  out.max = max_;
  out.mean = mean_;
  out.deviation = std::sqrt(squares_ / static_cast<double>(profile.values));
  out.zeros = zeros_;
  out.negatives = negatives_;
  out.quantiles = quantiles_of(numbers, kQuantiles);
  // A few far values must not press all others into one bin.
  constexpr double kFar = 2;
  const double spread = out.quantiles.back() - out.quantiles.front();
  out.low = spread > 0 && out.quantiles.front() - out.min > kFar * spread ? out.quantiles.front() : out.min;
  out.high = spread > 0 && out.max - out.quantiles.back() > kFar * spread ? out.quantiles.back() : out.max;
  out.histogram.assign(kHistogramBins, 0);
  for (const auto& [number, count] : numbers) {
    const double place = (number - out.low) / (out.high - out.low) * static_cast<double>(kHistogramBins);
    const double bin = out.high > out.low ? std::clamp(place, 0.0, static_cast<double>(kHistogramBins - 1)) : 0;
    out.histogram[static_cast<std::size_t>(bin)] += count;
  }
  if (field_.type == ColumnType::kInteger && profile.exact) {
    const double range = out.max - out.min;
    constexpr double kYears = 2100;
    profile.codes = out.min > 10 * range && profile.distinct > 2 && out.max > kYears;
    profile.dense = (out.min == 0 || out.min == 1) && static_cast<double>(profile.distinct) >= 0.95 * (range + 1);
  }
  profile.numbers = std::move(out);
}

/// Counts the values between the separators: over all cells where each different one is known, else over the sample.
void ColumnProfiler::find_parts(ColumnProfile& profile) const {
  const CellShape& shape = profile.shape;
  if (shape.split.empty()) return;
  ValueCounts parts(false);
  const auto add = [&](std::string_view cell, std::int64_t count) {
    each_value(cell, shape.split, shape.pair, [&](std::string_view value) {
      if (parts.exact() && parts.kept() >= options_.exact_values) parts.approximate();
      parts.add(value, count);
    });
  };
  if (counts_.exact()) {
    counts_.each([&](std::uint32_t number, std::int64_t count) { add(counts_.index().string(number), count); });
  } else {
    for (const std::string& cell : sample_.cells()) add(cell, 1);
  }
  profile.parts = parts.total();
  profile.distinct_parts = parts.distinct();
  for (const auto& [number, count] : parts.top(options_.top)) {
    profile.top_parts.push_back({cut(parts.index().text(number)), count});
  }
  find_collisions(parts, profile);
}

void ColumnProfiler::find_times(ColumnProfile& profile) const {
  if (field_.unit != TimeUnit::kNone) {
    profile.time = TimeForm::kCount;
  } else if (field_.type == ColumnType::kString) {
    profile.time = profile.shape.time ? TimeForm::kText : profile.shape.other_time ? TimeForm::kOther : TimeForm::kNone;
  } else if (field_.type == ColumnType::kInteger && profile.numbers) {
    const NumberProfile& numbers = *profile.numbers;
    // Between 1990 and 2050 in one of the units; an id would have to lie there by chance.
    constexpr double kFrom = 631152000;
    constexpr double kTo = 2524608000;
    for (const double unit : {1.0, 1e3, 1e6, 1e9}) {
      if (numbers.min >= kFrom * unit && numbers.max <= kTo * unit && profile.distinct > 1) {
        profile.time = TimeForm::kCount;
      }
    }
    if (numbers.min >= 19000101 && numbers.max <= 21001231 && profile.exact) {
      bool dates = true;
      counts_.each([&](std::uint32_t number, std::int64_t) {
        dates = dates && parse_time(counts_.index().text(number)).has_value();
      });
      if (dates) profile.time = TimeForm::kDigits;
    }
  }
  if (profile.time == TimeForm::kNone || profile.time == TimeForm::kOther) return;
  constexpr std::size_t kLooked = 16384;
  const TimeZone utc("UTC");
  const TimeDeriver hour(TimePart::kHour, utc);
  const TimeDeriver epoch(TimePart::kEpoch, utc);
  std::set<std::int64_t> hours;
  std::optional<std::int64_t> earliest;
  std::optional<std::int64_t> latest;
  if (field_.type == ColumnType::kString) {
    for (const std::string& cell : sample_.cells()) {
      if (const auto value = hour.of(cell)) hours.insert(*value);
    }
    earliest = epoch.of(first_);
    latest = epoch.of(last_);
  } else {
    for (const auto& [number, count] : counts_.top(kLooked)) {
      if (const auto value = hour.of(counts_.index().integer(number), field_.unit)) hours.insert(*value);
    }
    earliest = epoch.of(static_cast<std::int64_t>(min_), field_.unit);
    latest = epoch.of(static_cast<std::int64_t>(max_), field_.unit);
  }
  if (earliest) profile.first = time_text(*earliest);
  if (latest) profile.last = time_text(*latest);
  profile.hours = static_cast<int>(hours.size());
  if (earliest && latest) profile.days = static_cast<double>(*latest - *earliest) / 86400;
}

/// The exponent of Zipf's law by least squares over the logarithms of ranks and counts.
void ColumnProfiler::find_skew(ColumnProfile& profile) const {
  constexpr std::size_t kRanks = 1000;
  constexpr std::size_t kFewest = 10;
  double n = 0;
  double x_sum = 0;
  double y_sum = 0;
  double xx = 0;
  double xy = 0;
  for (const auto& [number, count] : counts_.top(kRanks)) {
    if (count < 2) break;
    n += 1;
    const double x = std::log(n);
    const double y = std::log(static_cast<double>(count));
    x_sum += x;
    y_sum += y;
    xx += x * x;
    xy += x * y;
  }
  if (n >= kFewest) profile.zipf = std::max(0.0, -(n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum));
}

void ColumnProfiler::find_collisions(const ValueCounts& counts, ColumnProfile& profile) const {
  const std::int64_t distinct = counts.distinct();
  if (field_.type == ColumnType::kNumber || distinct == 0) return;
  Collisions found;
  const auto values = static_cast<double>(distinct);
  found.buckets = options_.buckets > 0
                      ? options_.buckets
                      : static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(distinct) * 2));
  const auto buckets = static_cast<double>(found.buckets);
  // Expected number of buckets without a value is buckets * (1 - 1/buckets)^values.
  found.expected = values + buckets * std::expm1(values * std::log1p(-1 / buckets));
  if (found.buckets == 1) found.expected = values - 1;
  if (counts.exact() && counts_.exact()) {
    const Modulus modulus(static_cast<std::uint64_t>(found.buckets));
    std::vector<std::uint64_t> used;
    used.reserve(static_cast<std::size_t>(distinct));
    counts.each([&](std::uint32_t number, std::int64_t) {
      used.push_back(modulus.of(counts.integers() ? fingerprint64(counts.index().integer(number))
                                                  : fingerprint64(counts.index().string(number))));
    });
    std::sort(used.begin(), used.end());
    const auto different = std::unique(used.begin(), used.end()) - used.begin();
    found.actual = distinct - different;
  }
  profile.collisions = found;
}

}  // namespace kin
