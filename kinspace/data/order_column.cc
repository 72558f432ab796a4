#include "kinspace/data/order_column.h"

#include <bit>

namespace kin {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

// Unsigned integers in the order of the values.
std::uint64_t ordered(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ kSign;
}
std::uint64_t ordered(double value) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 becomes 0: they tie
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

}  // namespace

// Calls f(value) for every row, in order, until it returns false.
template <class F>
bool OrderColumn::for_each_value(const Column& column, std::span<const std::uint32_t> rows, F f) {
  switch (column.type) {
    case ColumnType::kInteger:
      return std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return f(ordered(column.integers[row])); });
    case ColumnType::kNumber:
      return std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) { return f(ordered(column.numbers[row])); });
    case ColumnType::kString:
      break;
  }
  return std::all_of(rows.begin(), rows.end(), [&](std::uint32_t row) {
    const std::int64_t rank = ranks_.find(column.string(row));
    return rank >= 0 && f(static_cast<std::uint64_t>(rank));
  });
}

void OrderColumn::see(const Column& column, std::span<const std::uint32_t> rows) {
  if (is_item_) return;
  if (is_string_) {
    for (const std::uint32_t row : rows) ranks_.insert(column.string(row));
    return;
  }
  for_each_value(column, rows, [this](std::uint64_t value) {
    smallest_ = std::min(smallest_, value);
    largest_ = std::max(largest_, value);
    return true;
  });
}

void OrderColumn::fix_width() {
  if (is_item_) return;
  if (is_string_) {
    ranks_.sort();
    smallest_ = 0;
    largest_ = static_cast<std::uint64_t>(ranks_.size());
  }
  wide_ = largest_ - smallest_ > 0xFFFFFFFFULL;
}

void OrderColumn::allocate(std::size_t events) {
  if (is_item_) return;
  if (wide_) {
    wide_values_ = Buffer<std::uint64_t>(events);
  } else {
    values_ = Buffer<std::uint32_t>(events);
  }
}

bool OrderColumn::put(const Column& column, std::span<const std::uint32_t> rows, std::span<const std::int64_t> places) {
  if (is_item_) return true;
  std::size_t i = 0;
  return for_each_value(column, rows, [&](std::uint64_t value) {
    if (value < smallest_ || value > largest_) return false;
    const auto place = static_cast<std::size_t>(places[i++]);
    if (wide_) {
      wide_values_[place] = value - smallest_;
    } else {
      values_[place] = static_cast<std::uint32_t>(value - smallest_);
    }
    return true;
  });
}

bool HistorySorter::before(const Entry& a, const Entry& b, std::size_t first) const noexcept {
  if (a.value != b.value) return a.value < b.value;
  for (std::size_t i = 1; i < orders_.size(); ++i) {
    const std::uint64_t va = orders_[i].is_item() ? a.item : orders_[i].value(first + a.event);
    const std::uint64_t vb = orders_[i].is_item() ? b.item : orders_[i].value(first + b.event);
    if (va != vb) return va < vb;
  }
  return a.event < b.event;
}

void HistorySorter::sort(std::int64_t begin, std::int64_t end) {
  const auto first = static_cast<std::size_t>(begin);
  const auto count = static_cast<std::size_t>(end - begin);
  entries_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t item = items_[first + i];
    entries_[i] = {orders_[0].is_item() ? item : orders_[0].value(first + i), static_cast<std::uint32_t>(i), item};
  }
  const auto less = [&](const Entry& a, const Entry& b) { return before(a, b, first); };
  if (std::is_sorted(entries_.begin(), entries_.end(), less)) return;
  std::sort(entries_.begin(), entries_.end(), less);
  for (std::size_t i = 0; i < count; ++i) items_[first + i] = entries_[i].item;
}

}  // namespace kin
