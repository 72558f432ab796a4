#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"

// What the readers of other programs' columns (Arrow, DuckDB) share.

namespace kin {

/// A value that cannot be taken.
struct BadValue {
  std::size_t value;    ///< its number among the values of the column
  std::string message;  ///< what came and what is needed
};

/// Memory of the values of a column of a batch; it grows to the largest batch and is kept.
struct ValueMemory {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::int32_t> offsets;
  std::vector<char> bytes;
  std::vector<std::uint8_t> validity;
};

/// Memory of a column of a batch.
struct ColumnMemory {
  ValueMemory values;
  ValueMemory packed;  ///< of lists: the values that belong to a row, behind one another
  std::vector<std::int32_t> list_offsets;
  std::vector<std::uint8_t> validity;
};

constexpr bool valid_at(const std::uint8_t* bits, std::size_t i) noexcept {
  return bits == nullptr || (bits[i / 8] >> (i % 8) & 1) != 0;
}

/// Bits [begin, begin + count) of `bits`, from bit 0 on; null where `bits` is null.
const std::uint8_t* bits_from(const std::uint8_t* bits, std::size_t begin, std::size_t count,
                              std::vector<std::uint8_t>& memory);

template <class Value>
std::span<const std::int64_t> widen_integers(const Value* values, std::size_t count, ValueMemory& memory) {
  memory.integers.resize(count);
  std::int64_t* out = memory.integers.data();
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int64_t>(values[i]);
  return memory.integers;
}

template <class Value>
std::span<const double> widen_numbers(const Value* values, std::size_t count, ValueMemory& memory) {
  memory.numbers.resize(count);
  double* out = memory.numbers.data();
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<double>(values[i]);
  return memory.numbers;
}

/// A 128-bit integer in two's complement, as Arrow's decimals and DuckDB's HUGEINT lie in memory.
struct Integer128 {
  std::uint64_t low;
  std::int64_t high;

  bool fits_64() const noexcept { return high == (static_cast<std::int64_t>(low) >> 63); }
  operator __int128() const noexcept {
    return static_cast<__int128>(static_cast<unsigned __int128>(static_cast<std::uint64_t>(high)) << 64 | low);
  }
};

/// The double nearest to value / 10^scale. Cost   a division; for values from 2^53 on a text is written and read.
double decimal_number(__int128 value, int scale);

template <class Value>
std::span<const double> decimal_numbers(const Value* values, int scale, std::size_t count, ValueMemory& memory) {
  memory.numbers.resize(count);
  for (std::size_t i = 0; i < count; ++i) memory.numbers[i] = decimal_number(values[i], scale);
  return memory.numbers;
}

/// Notes each value from 2^63 on that is not missing, and returns the others as they are.
std::span<const std::int64_t> check_unsigned(const std::uint64_t* values, const std::uint8_t* validity,
                                             std::size_t count, ValueMemory& memory, std::vector<BadValue>& bad);
/// Likewise for 128 bits; `is_signed`: of the values.
std::span<const std::int64_t> check_128(const Integer128* values, bool is_signed, const std::uint8_t* validity,
                                        std::size_t count, ValueMemory& memory, std::vector<BadValue>& bad);

/// Notes each string of `column` that is not UTF-8 and not missing.
void check_utf8(const Column& column, const std::uint8_t* validity, std::size_t count, std::vector<BadValue>& bad);

/// The values of a row of a column of lists.
struct ListRange {
  std::int64_t begin;
  std::int64_t size;
};

/// Makes NaN a missing value, and notes infinities. The validity of the values is that of `column`.
void check_finite(Column& column, ValueMemory& memory, std::vector<BadValue>& bad);

/// Makes values of another type, as the caller of the table wants them: strings are read as in a CSV cell, so that
/// empty ones become missing; integers and numbers are written in decimal. Notes strings that do not say a value of the
/// type, and numbers with a fraction that should be integers.
void retype(ColumnType type, std::size_t count, Column& column, ValueMemory& memory, std::vector<BadValue>& bad);

/// Value i becomes value at[i] of `column`, missing where at[i] is -1.
/// Errors   kBadData when the strings have more than 2^31 bytes.
void take_values(std::span<const std::int64_t> at, Column& column, ValueMemory& memory);

/// Makes lists of `column`, whose buffers hold `values` values: row i is `ranges[i]` of them, nothing where it is
/// missing. Ranges lie within the values. Errors   kBadData when there are more than 2^31 values or bytes.
void form_lists(std::span<const ListRange> ranges, const std::uint8_t* validity, Cells cells, Column& column,
                ColumnMemory& memory);

/// Row of which value `value` is part, if any: `ranges` as for form_lists().
std::optional<std::size_t> row_of_value(std::span<const ListRange> ranges, std::size_t value);

}  // namespace kin
