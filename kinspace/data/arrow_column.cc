#include "kinspace/data/arrow_column.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "kinspace/base/error.h"

namespace kin {
namespace {

constexpr std::int64_t kMostRows = std::int64_t{1} << 40;
constexpr std::int64_t kMostBytes = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void refuse(const std::string& what) {
  throw Error::bad_data("an Arrow array " + what);
}

// Position in the buffers of row `begin`, once `count` rows from there are known to be in the array.
std::int64_t check_range(const ArrowArray& array, std::int64_t begin, std::int64_t count, std::int64_t buffers,
                         std::int64_t children) {
  if (array.release == nullptr) refuse("has been released");
  if (array.length < 0 || array.offset < 0 || array.length > kMostRows || array.offset > kMostRows) {
    refuse(fmt::format("has length {} and offset {}", array.length, array.offset));
  }
  if (array.null_count < -1 || array.null_count > array.length) {
    refuse(fmt::format("of length {} has {} missing values", array.length, array.null_count));
  }
  if (begin < 0 || count < 0 || begin > array.length - count) {
    refuse(fmt::format("has {} values where {} are needed", array.length, begin + count));
  }
  if (array.n_buffers < buffers || (buffers > 0 && array.buffers == nullptr)) {
    refuse(fmt::format("has {} buffers where its type needs {}", array.n_buffers, buffers));
  }
  if (array.n_children != children || (children > 0 && (array.children == nullptr || array.children[0] == nullptr))) {
    refuse(fmt::format("has {} children where its type needs {}", array.n_children, children));
  }
  return array.offset + begin;
}

const std::uint8_t* validity_of(const ArrowArray& array, std::int64_t first, std::size_t count,
                                std::vector<std::uint8_t>& memory) {
  const auto* bits = static_cast<const std::uint8_t*>(array.buffers[0]);
  if (bits == nullptr && array.null_count > 0) refuse("has missing values and does not say which");
  if (array.null_count == 0 || count == 0) return nullptr;
  return bits_from(bits, static_cast<std::size_t>(first), count, memory);
}

// Values from position `first` of buffer `index`, of which `count` are needed.
template <class Value>
const Value* buffer_at(const ArrowArray& array, std::int64_t index, std::int64_t first, std::size_t count) {
  if (count == 0) return nullptr;
  const void* buffer = array.buffers[index];
  if (buffer == nullptr) refuse("lacks a buffer of values");
  if (reinterpret_cast<std::uintptr_t>(buffer) % alignof(Value) != 0) {
    refuse("has a buffer that is not aligned to its values");
  }
  return static_cast<const Value*>(buffer) + first;
}

template <class Offset>
void check_offsets(const Offset* offsets, std::size_t count, std::int64_t most) {
  if (offsets[0] < 0) refuse(fmt::format("has the negative offset {}", offsets[0]));
  bool rising = true;
  for (std::size_t i = 0; i < count; ++i) rising &= offsets[i] <= offsets[i + 1];
  if (!rising) refuse("has offsets that fall");
  if (offsets[count] > most) refuse(fmt::format("has offset {} into {} values", offsets[count], most));
}

double half_to_double(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
  double value = 0;
  if (exponent == 0x1F) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -value : value;
}

void read_long_strings(const ArrowArray& array, std::int64_t first, std::size_t count, ValueMemory& memory,
                       Column& column) {
  const auto* offsets = buffer_at<std::int64_t>(array, 1, first, count + 1);
  check_offsets(offsets, count, std::numeric_limits<std::int64_t>::max());
  if (offsets[count] - offsets[0] > kMostBytes) throw Error::bad_data("a batch holds more than 2^31 bytes of text");
  memory.offsets.resize(count + 1);
  for (std::size_t i = 0; i <= count; ++i) memory.offsets[i] = static_cast<std::int32_t>(offsets[i] - offsets[0]);
  column.offsets = memory.offsets;
  if (offsets[count] > offsets[0]) column.bytes = buffer_at<char>(array, 2, offsets[0], 1);
}

// A value of the view layouts: as DuckDB's, but for a reference in place of the address.
struct View {
  std::int32_t length;
  char prefix[4];
  std::int32_t buffer;
  std::int32_t offset;
};

void read_views(const ArrowArray& array, std::int64_t first, std::size_t count, ValueMemory& memory, Column& column) {
  const auto* views = buffer_at<View>(array, 1, first, count);
  const std::int64_t last = array.n_buffers - 1;  // lengths of the buffers from 2 on
  const auto* lengths = last > 2 ? buffer_at<std::int64_t>(array, last, 0, 1) : nullptr;
  memory.offsets.assign(1, 0);
  memory.bytes.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const View& view = views[i];
    if (valid_at(column.validity, i)) {
      if (view.length < 0) refuse(fmt::format("has a string of length {}", view.length));
      const char* bytes = reinterpret_cast<const char*>(&view) + sizeof(view.length);
      if (view.length > 12) {
        if (view.buffer < 0 || view.buffer >= last - 2) refuse(fmt::format("refers to buffer {}", view.buffer));
        const std::int64_t length = lengths[view.buffer];
        if (view.offset < 0 || view.offset > length - view.length) {
          refuse(fmt::format("has a string at {} of a buffer of {} bytes", view.offset, length));
        }
        bytes = buffer_at<char>(array, 2 + view.buffer, view.offset, 1);
      }
      memory.bytes.insert(memory.bytes.end(), bytes, bytes + view.length);
      if (memory.bytes.size() > static_cast<std::size_t>(kMostBytes)) {
        throw Error::bad_data("a batch holds more than 2^31 bytes of text");
      }
    }
    memory.offsets.push_back(static_cast<std::int32_t>(memory.bytes.size()));
  }
  column.offsets = memory.offsets;
  column.bytes = memory.bytes.data();
}

void read_fixed_strings(const ArrowArray& array, std::int64_t size, std::int64_t first, std::size_t count,
                        ValueMemory& memory, Column& column) {
  if (size * static_cast<std::int64_t>(count) > kMostBytes) {
    throw Error::bad_data("a batch holds more than 2^31 bytes of text");
  }
  memory.offsets.resize(count + 1);
  for (std::size_t i = 0; i <= count; ++i)
    memory.offsets[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) * size);
  column.offsets = memory.offsets;
  if (size > 0) column.bytes = buffer_at<char>(array, 1, first * size, count);
}

void read_strings(const ArrowType& type, const ArrowArray& array, std::int64_t first, std::size_t count,
                  ValueMemory& memory, Column& column, std::vector<BadValue>& bad) {
  column.type = ColumnType::kString;
  if (count == 0) {
    memory.offsets.assign(1, 0);
    column.offsets = memory.offsets;
    return;
  }
  if (type.layout == ArrowLayout::kString) {
    const auto* offsets = buffer_at<std::int32_t>(array, 1, first, count + 1);
    check_offsets(offsets, count, kMostBytes);
    if (offsets[count] > offsets[0]) {
      column.offsets = {offsets, count + 1};
      column.bytes = buffer_at<char>(array, 2, 0, 1);
    } else {  // there may be no buffer that the offsets could lead into
      memory.offsets.assign(count + 1, 0);
      column.offsets = memory.offsets;
    }
  } else if (type.layout == ArrowLayout::kLongString) {
    read_long_strings(array, first, count, memory, column);
  } else if (type.layout == ArrowLayout::kStringView) {
    read_views(array, first, count, memory, column);
  } else {
    read_fixed_strings(array, type.size, first, count, memory, column);
  }
  check_utf8(column, column.validity, count, bad);
}

void read_missing(std::size_t count, ColumnMemory& memory, Column& column) {
  // No buffer stands behind this number.
  if (count > std::size_t{1} << 24) refuse(fmt::format("without values says it has {}", count));
  memory.values.validity.assign(count / 8 + 1, 0);
  memory.values.offsets.assign(count + 1, 0);
  column.type = ColumnType::kString;
  column.offsets = memory.values.offsets;
  column.validity = memory.values.validity.data();
}

std::span<const std::int64_t> read_bits(const ArrowArray& array, std::int64_t first, std::size_t count,
                                        ValueMemory& memory) {
  const auto* bits = buffer_at<std::uint8_t>(array, 1, 0, count);
  memory.integers.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    memory.integers[i] = valid_at(bits, static_cast<std::size_t>(first) + i) ? 1 : 0;
  }
  return memory.integers;
}

template <class Value>
void read_decimals(const Value* values, int scale, std::size_t count, ValueMemory& memory, Column& column) {
  if (scale == 0) {
    column.integers = widen_integers(values, count, memory);
  } else {
    column.type = ColumnType::kNumber;
    column.numbers = decimal_numbers(values, scale, count, memory);
  }
}

std::int64_t buffers_of(ArrowLayout layout) {
  switch (layout) {
    case ArrowLayout::kNull:
      return 0;
    case ArrowLayout::kFixedList:
      return 1;
    case ArrowLayout::kString:
    case ArrowLayout::kLongString:
      return 3;
    default:
      return 2;
  }
}

}  // namespace

Column ArrowReader::read(const ArrowArray& array, std::int64_t begin, std::int64_t count, std::vector<BadValue>& bad) {
  Column column;
  if (type_.is_list()) {
    const std::int64_t first = check_range(array, begin, count, buffers_of(type_.layout), 1);
    read_lists(array, first, static_cast<std::size_t>(count), column, bad);
  } else {
    read_values(type_, array, begin, count, memory_, column, bad);
    retype(target_, static_cast<std::size_t>(count), column, memory_.values, bad);
  }
  return column;
}

void ArrowReader::read_lists(const ArrowArray& array, std::int64_t first, std::size_t count, Column& column,
                             std::vector<BadValue>& bad) {
  const std::uint8_t* validity = validity_of(array, first, count, memory_.validity);
  const ArrowArray& child = *array.children[0];
  std::int64_t begin = 0, end = 0;
  ranges_.resize(count);
  const auto take = [&](const auto* offsets) {
    check_offsets(offsets, count, child.length);
    begin = offsets[0];
    end = offsets[count];
    for (std::size_t i = 0; i < count; ++i) ranges_[i] = {offsets[i] - begin, offsets[i + 1] - offsets[i]};
  };
  if (count == 0) {
    // nothing to take
  } else if (type_.layout == ArrowLayout::kList) {
    take(buffer_at<std::int32_t>(array, 1, first, count + 1));
  } else if (type_.layout == ArrowLayout::kLongList) {
    take(buffer_at<std::int64_t>(array, 1, first, count + 1));
  } else {
    const auto rows = static_cast<std::int64_t>(count);
    if (child.length < 0 || (type_.size > 0 && first + rows > child.length / type_.size)) {
      refuse(fmt::format("of lists of {} has {} values for row {}", type_.size, child.length, first + rows));
    }
    begin = first * type_.size;
    end = begin + rows * type_.size;
    for (std::size_t i = 0; i < count; ++i) ranges_[i] = {static_cast<std::int64_t>(i) * type_.size, type_.size};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!valid_at(validity, i)) ranges_[i].size = 0;
  }
  if (end - begin > kMostBytes) throw Error::bad_data("the lists of a batch hold more than 2^31 values");
  bad_values_.clear();
  read_values(*type_.child, child, begin, end - begin, memory_, column, bad_values_);
  retype(target_, static_cast<std::size_t>(end - begin), column, memory_.values, bad_values_);
  for (BadValue& value : bad_values_) {
    if (const auto row = row_of_value(ranges_, value.value)) bad.push_back({*row, std::move(value.message)});
  }
  form_lists(ranges_, validity, type_.cells(), column, memory_);
}

void ArrowReader::read_dictionary(const ArrowType& type, const ArrowArray& array) {
  if (array.dictionary == nullptr) refuse("lacks its dictionary");
  if (dictionary_known_) return;
  ArrowType values = type;
  values.indices = nullptr;
  bad_entries_.clear();
  dictionary_size_ = array.dictionary->length;
  read_values(values, *array.dictionary, 0, dictionary_size_, dictionary_memory_, dictionary_, bad_entries_);
  std::sort(bad_entries_.begin(), bad_entries_.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  dictionary_known_ = true;
}

void ArrowReader::read_coded(const ArrowType& type, const ArrowArray& array, std::int64_t begin, std::int64_t count,
                             ColumnMemory& memory, Column& column, std::vector<BadValue>& bad) {
  read_dictionary(type, array);
  Column indices;
  std::vector<BadValue> beyond;
  read_values(*type.indices, array, begin, count, memory, indices, beyond);
  const auto rows = static_cast<std::size_t>(count);
  at_.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    at_[i] = valid_at(indices.validity, i) ? indices.integers[i] : -1;
    if (at_[i] == -1 && !valid_at(indices.validity, i)) continue;
    if (at_[i] < 0 || at_[i] >= dictionary_size_) {
      refuse(fmt::format("has index {} into a dictionary of {}", at_[i], dictionary_size_));
    }
    const auto entry = std::lower_bound(bad_entries_.begin(), bad_entries_.end(), static_cast<std::size_t>(at_[i]),
                                        [](const BadValue& value, std::size_t index) { return value.value < index; });
    if (entry != bad_entries_.end() && entry->value == static_cast<std::size_t>(at_[i])) {
      bad.push_back({i, entry->message});
    }
  }
  column = dictionary_;
  take_values(at_, column, coded_);
}

void ArrowReader::read_values(const ArrowType& type, const ArrowArray& array, std::int64_t begin, std::int64_t count,
                              ColumnMemory& memory, Column& column, std::vector<BadValue>& bad) {
  if (type.indices != nullptr) return read_coded(type, array, begin, count, memory, column, bad);
  const std::int64_t first = check_range(array, begin, count, buffers_of(type.layout), 0);
  const auto rows = static_cast<std::size_t>(count);
  ValueMemory& values = memory.values;
  if (type.layout == ArrowLayout::kNull) return read_missing(rows, memory, column);
  column.validity = validity_of(array, first, rows, values.validity);
  column.type = ColumnType::kInteger;
  switch (type.layout) {
    case ArrowLayout::kBool:
      column.integers = read_bits(array, first, rows, values);
      break;
    case ArrowLayout::kInt8:
      column.integers = widen_integers(buffer_at<std::int8_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kInt16:
      column.integers = widen_integers(buffer_at<std::int16_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kInt32:
      column.integers = widen_integers(buffer_at<std::int32_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kInt64:
      column.integers = {buffer_at<std::int64_t>(array, 1, first, rows), rows};
      break;
    case ArrowLayout::kUint8:
      column.integers = widen_integers(buffer_at<std::uint8_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kUint16:
      column.integers = widen_integers(buffer_at<std::uint16_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kUint32:
      column.integers = widen_integers(buffer_at<std::uint32_t>(array, 1, first, rows), rows, values);
      break;
    case ArrowLayout::kUint64:
      column.integers =
          check_unsigned(buffer_at<std::uint64_t>(array, 1, first, rows), column.validity, rows, values, bad);
      break;
    case ArrowLayout::kFloat16: {
      const auto* halves = buffer_at<std::uint16_t>(array, 1, first, rows);
      values.numbers.resize(rows);
      for (std::size_t i = 0; i < rows; ++i) values.numbers[i] = half_to_double(halves[i]);
      column.numbers = values.numbers;
      column.type = ColumnType::kNumber;
      break;
    }
    case ArrowLayout::kFloat32:
      column.numbers = widen_numbers(buffer_at<float>(array, 1, first, rows), rows, values);
      column.type = ColumnType::kNumber;
      break;
    case ArrowLayout::kFloat64:
      column.numbers = {buffer_at<double>(array, 1, first, rows), rows};
      column.type = ColumnType::kNumber;
      break;
    case ArrowLayout::kDecimal32:
      read_decimals(buffer_at<std::int32_t>(array, 1, first, rows), type.scale, rows, values, column);
      break;
    case ArrowLayout::kDecimal64:
      read_decimals(buffer_at<std::int64_t>(array, 1, first, rows), type.scale, rows, values, column);
      break;
    case ArrowLayout::kDecimal128: {
      const auto* decimals = buffer_at<Integer128>(array, 1, first, rows);
      if (type.scale == 0) {
        column.integers = check_128(decimals, true, column.validity, rows, values, bad);
      } else {
        read_decimals(decimals, type.scale, rows, values, column);
      }
      break;
    }
    default:
      return read_strings(type, array, first, rows, values, column, bad);
  }
  if (column.type == ColumnType::kNumber) check_finite(column, values, bad);
}

}  // namespace kin
