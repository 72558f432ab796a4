#include "kinspace/estimator/slices.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <numeric>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

std::vector<std::vector<std::string>> columns_of(const std::vector<std::string>& entries) {
  std::vector<std::vector<std::string>> out;
  for (const std::string& entry : entries) out.push_back(slice_columns(entry));
  return out;
}

std::int64_t slice_field(std::span<const Field> all, const std::string& column, const std::string& table) {
  const std::int64_t at = find_field(all, column, table, "slice");
  if (all[static_cast<std::size_t>(at)].cells == Cells::kSingle) return at;
  throw Error::invalid_argument(
      fmt::format("{}: column {} holds lists, and a row belongs to one slice", table, quoted(column)),
      "slice by a column with one value a row");
}

/// Of days since 1970 UTC; beyond the calendar of the standard library, their number.
std::string date_text(std::int64_t days) {
  constexpr std::int64_t kLast = 10'000'000;  // years up to 29,348
  if (days > kLast || days < -kLast) return std::to_string(days);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

/// Quotient towards smaller numbers.
constexpr std::int64_t floor_of(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::string time_text(std::int64_t value, TimeUnit unit) {
  if (unit == TimeUnit::kDays) return date_text(value);
  int digits = 0;  // of a second
  if (unit == TimeUnit::kMilliseconds) digits = 3;
  if (unit == TimeUnit::kMicroseconds) digits = 6;
  if (unit == TimeUnit::kNanoseconds) digits = 9;
  std::int64_t ticks = 1;
  for (int i = 0; i < digits; ++i) ticks *= 10;
  const std::int64_t seconds = floor_of(value, ticks);
  const std::int64_t days = floor_of(seconds, 86400);
  const std::int64_t of_day = seconds - days * 86400;
  std::string out = fmt::format("{}T{:02}:{:02}:{:02}", date_text(days), of_day / 3600, of_day / 60 % 60, of_day % 60);
  if (const std::int64_t rest = value - seconds * ticks; rest != 0) out += fmt::format(".{:0{}}", rest, digits);
  return out;
}

constexpr std::int64_t kLow = 0xFFFFFFFF;

}  // namespace

std::vector<std::string> slice_columns(std::string_view entry) {
  std::vector<std::string> columns;
  for (const std::string_view part : split(entry, ',')) {
    const std::string name(trim(part));
    if (name.empty()) {
      throw Error::invalid_argument(fmt::format("slice {} lacks the name of a column", quoted(entry)),
                                    "name a column of the data, or several with commas between");
    }
    if (std::find(columns.begin(), columns.end(), name) != columns.end()) {
      throw Error::invalid_argument(fmt::format("slice {} names {} twice", quoted(entry), quoted(name)));
    }
    columns.push_back(name);
  }
  return columns;
}

SliceNames::SliceNames(const std::vector<std::string>& entries) : entries_(columns_of(entries)) {}

std::vector<std::int64_t> SliceNames::fields(std::span<const Field> all, const std::string& table) {
  for (const auto& columns : entries_) {
    for (const std::string& column : columns) slice_field(all, column, table);
  }
  return {};
}

SliceValues::SliceValues(const Field& field)
    : type_(field.type), unit_(field.unit), keys_(field.type != ColumnType::kString) {}

std::uint32_t SliceValues::number(const Column& column, std::size_t row) {
  if (column.missing(row)) return 0;
  switch (type_) {
    case ColumnType::kInteger:
      return 1 + keys_.insert(column.integers[row]);
    case ColumnType::kNumber: {
      const double value = column.numbers[row];
      // -0 is 0.
      return std::isnan(value) ? 0 : 1 + keys_.insert(std::bit_cast<std::int64_t>(value == 0 ? 0.0 : value));
    }
    case ColumnType::kString:
      break;
  }
  const std::string_view text = column.string(row);
  return text.empty() ? 0 : 1 + keys_.insert(text);
}

std::optional<std::string> SliceValues::text(std::uint32_t number) const {
  if (number == 0) return std::nullopt;
  if (type_ == ColumnType::kString) return std::string(keys_.string(number - 1));
  const std::int64_t value = keys_.integer(number - 1);
  if (type_ == ColumnType::kNumber) return fmt::format("{}", std::bit_cast<double>(value));
  return unit_ == TimeUnit::kNone ? std::to_string(value) : time_text(value, unit_);
}

bool SliceValues::less(std::uint32_t a, std::uint32_t b) const {
  if (a == 0 || b == 0) return a == 0 && b != 0;
  if (type_ == ColumnType::kString) return keys_.string(a - 1) < keys_.string(b - 1);
  if (type_ == ColumnType::kInteger) return keys_.integer(a - 1) < keys_.integer(b - 1);
  return std::bit_cast<double>(keys_.integer(a - 1)) < std::bit_cast<double>(keys_.integer(b - 1));
}

RowSlices::RowSlices(const std::vector<std::string>& entries) {
  for (std::vector<std::string>& columns : columns_of(entries)) entries_.push_back({std::move(columns)});
}

std::vector<std::int64_t> RowSlices::fields(std::span<const Field> all, const std::string& table) {
  std::vector<std::int64_t> out;
  values_.clear();
  for (Entry& entry : entries_) {
    entry.places.clear();
    entry.of_row.clear();
    entry.pairs.clear();
    for (std::size_t i = 1; i < entry.columns.size(); ++i) entry.pairs.emplace_back(/*integers=*/true);
    for (const std::string& column : entry.columns) {
      const std::int64_t field = slice_field(all, column, table);
      const auto found = std::find(out.begin(), out.end(), field);
      entry.places.push_back(static_cast<std::size_t>(found - out.begin()));
      if (found != out.end()) continue;
      out.push_back(field);
      values_.emplace_back(all[static_cast<std::size_t>(field)]);
    }
  }
  return out;
}

void RowSlices::take(const Batch& batch, std::span<const std::uint32_t> kept) {
  std::vector<std::uint32_t> numbers(values_.size());
  for (const std::uint32_t row : kept) {
    for (std::size_t c = 0; c < values_.size(); ++c) numbers[c] = values_[c].number(batch.columns[c], row);
    for (Entry& entry : entries_) {
      std::uint32_t slice = numbers[entry.places[0]];
      for (std::size_t i = 0; i < entry.pairs.size(); ++i) {
        slice = entry.pairs[i].insert(std::int64_t{slice} << 32 | numbers[entry.places[i + 1]]);
      }
      entry.of_row.push_back(slice);
    }
  }
}

std::vector<std::uint32_t> RowSlices::numbers(const Entry& entry, std::uint32_t slice) const {
  std::vector<std::uint32_t> out(entry.places.size());
  for (std::size_t i = entry.pairs.size(); i > 0; --i) {
    const std::int64_t pair = entry.pairs[i - 1].integer(slice);
    out[i] = static_cast<std::uint32_t>(pair & kLow);
    slice = static_cast<std::uint32_t>(pair >> 32);
  }
  out[0] = slice;
  return out;
}

RowSlices::Largest RowSlices::largest(std::size_t number, std::span<const std::int64_t> rows, std::int64_t most) const {
  const Entry& entry = entries_[number];
  const auto slice_of = [&](std::int64_t row) { return entry.of_row[static_cast<std::size_t>(row)]; };
  std::vector<std::int64_t> counts;
  for (const std::int64_t row : rows) {
    if (slice_of(row) >= counts.size()) counts.resize(slice_of(row) + std::size_t{1});
    ++counts[slice_of(row)];
  }
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::erase_if(order, [&](std::uint32_t slice) { return counts[slice] == 0; });
  const auto shown =
      static_cast<std::ptrdiff_t>(most == 0 ? order.size() : std::min(order.size(), static_cast<std::size_t>(most)));
  std::partial_sort(order.begin(), order.begin() + shown, order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (counts[a] != counts[b]) return counts[a] > counts[b];
    const std::vector<std::uint32_t> left = numbers(entry, a);
    const std::vector<std::uint32_t> right = numbers(entry, b);
    for (std::size_t i = 0; i < left.size(); ++i) {
      const SliceValues& values = values_[entry.places[i]];
      if (left[i] != right[i]) return values.less(left[i], right[i]);
    }
    return false;
  });

  Largest out;
  constexpr std::size_t kNone = SIZE_MAX;
  std::vector<std::size_t> place(counts.size(), kNone);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i >= static_cast<std::size_t>(shown)) {
      ++out.left_out;
      out.left_out_rows += counts[order[i]];
      continue;
    }
    place[order[i]] = i;
    Slice& slice = out.slices.emplace_back();
    const std::vector<std::uint32_t> own = numbers(entry, order[i]);
    for (std::size_t c = 0; c < own.size(); ++c) slice.values.push_back(values_[entry.places[c]].text(own[c]));
  }
  for (const std::int64_t row : rows) {
    if (place[slice_of(row)] != kNone) out.slices[place[slice_of(row)]].rows.push_back(row);
  }
  return out;
}

}  // namespace kin
