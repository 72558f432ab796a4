#include "kinspace/data/foreign_column.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

void pack_strings(const Column& from, std::span<const ListRange> ranges, std::int64_t values, ValueMemory& to) {
  std::int64_t bytes = 0;
  for (const ListRange& range : ranges) bytes += from.offsets[range.begin + range.size] - from.offsets[range.begin];
  if (bytes > kMost) throw Error::bad_data("the lists of a batch hold more than 2^31 bytes of text");
  to.offsets.resize(static_cast<std::size_t>(values) + 1);
  to.bytes.resize(static_cast<std::size_t>(bytes));
  std::int32_t end = 0;
  std::size_t value = 0;
  for (const ListRange& range : ranges) {
    const std::int32_t* offsets = from.offsets.data() + range.begin;
    const std::int32_t size = offsets[range.size] - offsets[0];
    if (size > 0) std::memcpy(to.bytes.data() + end, from.bytes + offsets[0], static_cast<std::size_t>(size));
    for (std::int64_t i = 0; i < range.size; ++i) to.offsets[value++] = end + (offsets[i] - offsets[0]);
    end += size;
  }
  to.offsets[value] = end;
}

template <class Value>
std::span<const Value> pack(std::span<const Value> from, std::span<const ListRange> ranges, std::vector<Value>& to) {
  to.clear();
  for (const ListRange& range : ranges) {
    to.insert(to.end(), from.begin() + range.begin, from.begin() + range.begin + range.size);
  }
  return to;
}

const std::uint8_t* pack_bits(const std::uint8_t* from, std::span<const ListRange> ranges, std::int64_t values,
                              std::vector<std::uint8_t>& to) {
  if (from == nullptr) return nullptr;
  to.assign(static_cast<std::size_t>(values) / 8 + 1, 0);
  std::size_t value = 0;
  for (const ListRange& range : ranges) {
    for (std::int64_t i = range.begin; i < range.begin + range.size; ++i, ++value) {
      if (valid_at(from, static_cast<std::size_t>(i))) to[value / 8] |= static_cast<std::uint8_t>(1U << (value % 8));
    }
  }
  return to.data();
}

void mark_missing(std::size_t value, std::size_t count, Column& column, ValueMemory& memory) {
  if (column.validity == nullptr || column.validity != memory.validity.data()) {
    const std::uint8_t* from = column.validity;
    memory.validity.assign(count / 8 + 1, 0xFF);
    if (from != nullptr) std::memcpy(memory.validity.data(), from, (count + 7) / 8);
    column.validity = memory.validity.data();
  }
  memory.validity[value / 8] &= static_cast<std::uint8_t>(~(1U << (value % 8)));
}

template <class Value, class Parse>
std::span<const Value> parse(std::size_t count, std::vector<Value>& values, Parse parse_value, const char* wanted,
                             Column& column, ValueMemory& memory, std::vector<BadValue>& bad) {
  values.assign(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    if (!valid_at(column.validity, i)) continue;
    const std::string_view text = column.string(i);
    const Parsed parsed = parse_value(text, values[i]);
    if (parsed == Parsed::kEmpty) {
      mark_missing(i, count, column, memory);
    } else if (parsed != Parsed::kOk && parsed != Parsed::kLeadingZero) {
      bad.push_back({i, fmt::format("{} is no {}", quoted(text), wanted)});
    }
  }
  return values;
}

std::span<const std::int64_t> whole_numbers(std::size_t count, const Column& column, ValueMemory& memory,
                                            std::vector<BadValue>& bad) {
  memory.integers.assign(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = column.numbers[i];
    if (!valid_at(column.validity, i)) continue;
    if (value >= -0x1p63 && value < 0x1p63 && value == std::trunc(value)) {
      memory.integers[i] = static_cast<std::int64_t>(value);
    } else {
      bad.push_back({i, fmt::format("{} is no integer", value)});
    }
  }
  return memory.integers;
}

template <class Value>
void write_decimal(std::span<const Value> values, Column& column, ValueMemory& memory) {
  memory.offsets.assign(1, 0);
  memory.bytes.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (valid_at(column.validity, i)) fmt::format_to(std::back_inserter(memory.bytes), "{}", values[i]);
    if (memory.bytes.size() > static_cast<std::size_t>(kMost)) {
      throw Error::bad_data("the numbers of a batch make more than 2^31 bytes of text");
    }
    memory.offsets.push_back(static_cast<std::int32_t>(memory.bytes.size()));
  }
  column.offsets = memory.offsets;
  column.bytes = memory.bytes.data();
}

}  // namespace

const std::uint8_t* bits_from(const std::uint8_t* bits, std::size_t begin, std::size_t count,
                              std::vector<std::uint8_t>& memory) {
  if (bits == nullptr) return nullptr;
  if (begin % 8 == 0) return bits + begin / 8;
  memory.resize(count / 8 + 1);
  const std::size_t shift = begin % 8, last = (begin + count - 1) / 8;
  for (std::size_t i = 0; i * 8 < count; ++i) {
    const std::size_t at = begin / 8 + i;
    const unsigned next = at < last ? bits[at + 1] : 0U;
    memory[i] = static_cast<std::uint8_t>(bits[at] >> shift | next << (8 - shift));
  }
  return memory.data();
}

double decimal_number(__int128 value, int scale) {
  constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr __int128 kExact = __int128{1} << 53;
  // Both are doubles without rounding, so the quotient is rounded once.
  if (scale >= 0 && scale <= 22 && -kExact <= value && value <= kExact) {
    return static_cast<double>(value) / kPowers[scale];
  }
  double number = 0;
  parse_number(fmt::format("{}e{}", value, -scale), number);
  return number;
}

std::span<const std::int64_t> check_unsigned(const std::uint64_t* values, const std::uint8_t* validity,
                                             std::size_t count, ValueMemory& memory, std::vector<BadValue>& bad) {
  const auto out = widen_integers(values, count, memory);
  for (std::size_t i = 0; i < count; ++i) {
    if (out[i] < 0 && valid_at(validity, i)) {
      bad.push_back({i, fmt::format("{} is beyond the integers of 64 bits with a sign", values[i])});
    }
  }
  return out;
}

std::span<const std::int64_t> check_128(const Integer128* values, bool is_signed, const std::uint8_t* validity,
                                        std::size_t count, ValueMemory& memory, std::vector<BadValue>& bad) {
  memory.integers.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    memory.integers[i] = static_cast<std::int64_t>(values[i].low);
    const bool fits = is_signed ? values[i].fits_64() : values[i].high == 0 && memory.integers[i] >= 0;
    if (fits || !valid_at(validity, i)) continue;
    const auto value = static_cast<__int128>(values[i]);
    bad.push_back(
        {i, (is_signed ? fmt::format("{}", value) : fmt::format("{}", static_cast<unsigned __int128>(value))) +
                " is beyond the integers of 64 bits with a sign"});
  }
  return memory.integers;
}

void check_utf8(const Column& column, const std::uint8_t* validity, std::size_t count, std::vector<BadValue>& bad) {
  if (count == 0) return;
  const std::int32_t begin = column.offsets[0], end = column.offsets[count];
  if (begin == end) return;
  const std::string_view all(column.bytes + begin, static_cast<std::size_t>(end - begin));
  // All of it being UTF-8 is not enough: a string may end inside a character that the next one completes.
  const bool whole = is_utf8(all);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = column.string(i);
    const bool cut = whole && !text.empty() &&
                     ((static_cast<unsigned char>(text.front()) & 0xC0) == 0x80 ||
                      (i + 1 < count && column.offsets[i + 1] < end &&
                       (static_cast<unsigned char>(column.bytes[column.offsets[i + 1]]) & 0xC0) == 0x80));
    if (whole ? cut : !is_utf8(text)) {
      if (valid_at(validity, i)) bad.push_back({i, fmt::format("{} is not UTF-8", quoted(text))});
    }
  }
}

void check_finite(Column& column, ValueMemory& memory, std::vector<BadValue>& bad) {
  constexpr std::uint64_t kExponent = std::uint64_t{0x7FF} << 52;
  const std::size_t count = column.numbers.size();
  bool all_finite = true;
  for (const double value : column.numbers)
    all_finite &= (std::bit_cast<std::uint64_t>(value) & kExponent) != kExponent;
  if (all_finite) return;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = column.numbers[i];
    if (std::isfinite(value) || !valid_at(column.validity, i)) continue;
    if (std::isnan(value)) {
      mark_missing(i, count, column, memory);
    } else {
      bad.push_back({i, fmt::format("{} is not finite", value)});
    }
  }
}

void retype(ColumnType type, std::size_t count, Column& column, ValueMemory& memory, std::vector<BadValue>& bad) {
  if (column.type == type) return;
  const ColumnType from = std::exchange(column.type, type);
  switch (type) {
    case ColumnType::kInteger:
      if (from == ColumnType::kString) {
        column.integers = parse(count, memory.integers, parse_integer, "integer", column, memory, bad);
      } else {
        column.integers = whole_numbers(count, column, memory, bad);
      }
      break;
    case ColumnType::kNumber:
      if (from == ColumnType::kString) {
        column.numbers = parse(
            count, memory.numbers, [](std::string_view text, double& value) { return parse_number(text, value); },
            "number", column, memory, bad);
      } else {
        column.numbers = widen_numbers(column.integers.data(), count, memory);
      }
      break;
    case ColumnType::kString:
      if (from == ColumnType::kInteger) {
        write_decimal(column.integers, column, memory);
      } else {
        write_decimal(column.numbers, column, memory);
      }
      break;
  }
  if (type != ColumnType::kInteger) column.integers = {};
  if (type != ColumnType::kNumber) column.numbers = {};
  if (type != ColumnType::kString) column.offsets = {}, column.bytes = nullptr;
}

void take_values(std::span<const std::int64_t> at, Column& column, ValueMemory& memory) {
  const Column from = column;
  memory.validity.assign(at.size() / 8 + 1, 0);
  memory.integers.assign(from.type == ColumnType::kInteger ? at.size() : 0, 0);
  memory.numbers.assign(from.type == ColumnType::kNumber ? at.size() : 0, 0);
  memory.offsets.assign(1, 0);
  memory.bytes.clear();
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto value = static_cast<std::size_t>(at[i]);
    const bool there = at[i] >= 0 && valid_at(from.validity, value);
    if (there) memory.validity[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
    if (from.type == ColumnType::kString) {
      if (there) {
        const std::string_view text = from.string(value);
        memory.bytes.insert(memory.bytes.end(), text.begin(), text.end());
      }
      if (memory.bytes.size() > static_cast<std::size_t>(kMost)) {
        throw Error::bad_data("a batch holds more than 2^31 bytes of text");
      }
      memory.offsets.push_back(static_cast<std::int32_t>(memory.bytes.size()));
    } else if (there && from.type == ColumnType::kInteger) {
      memory.integers[i] = from.integers[value];
    } else if (there) {
      memory.numbers[i] = from.numbers[value];
    }
  }
  column.validity = memory.validity.data();
  column.integers = memory.integers;
  column.numbers = memory.numbers;
  if (from.type != ColumnType::kString) return;
  column.offsets = memory.offsets;
  column.bytes = memory.bytes.data();
}

void form_lists(std::span<const ListRange> ranges, const std::uint8_t* validity, Cells cells, Column& column,
                ColumnMemory& memory) {
  std::vector<std::int32_t>& offsets = memory.list_offsets;
  offsets.resize(ranges.size() + 1);
  std::int64_t values = 0;
  bool dense = true;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    offsets[i] = static_cast<std::int32_t>(values);
    dense &= ranges[i].size == 0 || ranges[i].begin == values;
    values += ranges[i].size;
    if (values > kMost) throw Error::bad_data("the lists of a batch hold more than 2^31 values");
  }
  offsets[ranges.size()] = static_cast<std::int32_t>(values);
  column.cells = cells;
  column.list_offsets = offsets;
  column.value_validity = column.validity;
  column.validity = validity;
  if (dense) {
    const auto count = static_cast<std::size_t>(values);
    if (!column.integers.empty()) column.integers = column.integers.first(count);
    if (!column.numbers.empty()) column.numbers = column.numbers.first(count);
    if (!column.offsets.empty()) column.offsets = column.offsets.first(count + 1);
    return;
  }
  column.value_validity = pack_bits(column.value_validity, ranges, values, memory.packed.validity);
  switch (column.type) {
    case ColumnType::kInteger:
      column.integers = pack(column.integers, ranges, memory.packed.integers);
      break;
    case ColumnType::kNumber:
      column.numbers = pack(column.numbers, ranges, memory.packed.numbers);
      break;
    case ColumnType::kString:
      pack_strings(column, ranges, values, memory.packed);
      column.offsets = memory.packed.offsets;
      column.bytes = memory.packed.bytes.data();
      break;
  }
}

std::optional<std::size_t> row_of_value(std::span<const ListRange> ranges, std::size_t value) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto begin = static_cast<std::size_t>(ranges[i].begin), size = static_cast<std::size_t>(ranges[i].size);
    if (value >= begin && value - begin < size) return i;
  }
  return std::nullopt;
}

}  // namespace kin
