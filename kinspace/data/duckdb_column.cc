#include "kinspace/data/duckdb_column.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/data/duckdb_session.h"

namespace kin::duckdb {
namespace {

// What the values of a scalar type become, in `plan`; a cast is that of the value.
void plan_value(const Api& api, LogicalType type, ColumnPlan& plan) {
  const Type id = api.get_type_id(type);
  const auto integer = [&](TimeUnit unit = TimeUnit::kNone) { plan.type = ColumnType::kInteger, plan.unit = unit; };
  switch (id) {
    case Type::kBoolean:
    case Type::kTinyint:
    case Type::kSmallint:
    case Type::kInteger:
    case Type::kBigint:
    case Type::kUtinyint:
    case Type::kUsmallint:
    case Type::kUinteger:
    case Type::kUbigint:
    case Type::kHugeint:
    case Type::kUhugeint:
      return integer();
    case Type::kDate:
      return integer(TimeUnit::kDays);
    case Type::kTimestampS:
      return integer(TimeUnit::kSeconds);
    case Type::kTimestampMs:
      return integer(TimeUnit::kMilliseconds);
    case Type::kTimestamp:
    case Type::kTimestampTz:
    case Type::kTime:
      return integer(TimeUnit::kMicroseconds);
    case Type::kTimestampNs:
    case Type::kTimeNs:
      return integer(TimeUnit::kNanoseconds);
    case Type::kFloat:
    case Type::kDouble:
      plan.type = ColumnType::kNumber;
      return;
    case Type::kDecimal:
      plan.type = api.decimal_scale(type) == 0 ? ColumnType::kInteger : ColumnType::kNumber;
      return;
    case Type::kVarchar:
      plan.varchar = plan.cells == Cells::kSingle;
      return;
    case Type::kBlob:
      return;
    case Type::kEnum:
    case Type::kUuid:
    case Type::kBit:
    case Type::kSqlNull:
      plan.cast = "VARCHAR";
      return;
    case Type::kInterval:
      plan.refused = "an INTERVAL";
      return;
    case Type::kTimeTz:
      plan.refused = "a TIME WITH TIME ZONE";
      return;
    case Type::kStruct:
      plan.refused = "a STRUCT";
      return;
    case Type::kMap:
      plan.refused = "a MAP";
      return;
    case Type::kUnion:
      plan.refused = "a UNION";
      return;
    case Type::kList:
    case Type::kArray:
      plan.refused = "a list of lists";
      return;
    case Type::kInvalid:
      break;
  }
  plan.refused = fmt::format("of DuckDB's type number {}", static_cast<int>(id));
}

}  // namespace

ColumnPlan plan_column(const Api& api, LogicalType type) {
  ColumnPlan plan;
  const Type id = api.get_type_id(type);
  if (id == Type::kList) {
    const Owned<LogicalType> child(api.list_type_child_type(type), api.destroy_logical_type);
    plan.cells = Cells::kList;
    plan_value(api, child.get(), plan);
    plan.suffix = "[]";
  } else if (id == Type::kArray) {
    const Owned<LogicalType> child(api.array_type_child_type(type), api.destroy_logical_type);
    plan.cells = Cells::kFixed;
    plan_value(api, child.get(), plan);
    plan.suffix = fmt::format("[{}]", api.array_type_array_size(type));
  } else {
    plan_value(api, type, plan);
  }
  if (plan.cells != Cells::kSingle && !plan.refused.empty() && plan.refused != "a list of lists") {
    plan.refused = "a list with values that are " + plan.refused;
  }
  return plan;
}

VectorReader::VectorReader(const Api& api, LogicalType type, ColumnType target) : api_(api), target_(target) {
  const Type id = api.get_type_id(type);
  Owned<LogicalType> child;
  if (id == Type::kList) {
    cells_ = Cells::kList;
    child = {api.list_type_child_type(type), api.destroy_logical_type};
  } else if (id == Type::kArray) {
    cells_ = Cells::kFixed;
    array_size_ = api.array_type_array_size(type);
    child = {api.array_type_child_type(type), api.destroy_logical_type};
  }
  const LogicalType value = child ? child.get() : type;
  type_ = api.get_type_id(value);
  if (type_ == Type::kDecimal) {
    scale_ = api.decimal_scale(value);
    type_ = api.decimal_internal_type(value);
  }
}

Column VectorReader::read(Vector vector, std::size_t rows, std::vector<BadValue>& bad) {
  Column column;
  if (cells_ == Cells::kSingle) {
    read_values(vector, rows, column, bad);
    return column;
  }
  const auto* validity = reinterpret_cast<const std::uint8_t*>(api_.vector_get_validity(vector));
  ranges_.resize(rows);
  std::size_t values = 0;
  Vector child = nullptr;
  if (cells_ == Cells::kFixed) {
    child = api_.array_vector_get_child(vector);
    values = rows * array_size_;
    for (std::size_t i = 0; i < rows; ++i) {
      ranges_[i] = {static_cast<std::int64_t>(i * array_size_),
                    valid_at(validity, i) ? static_cast<std::int64_t>(array_size_) : 0};
    }
  } else {
    child = api_.list_vector_get_child(vector);
    values = api_.list_vector_get_size(vector);
    const auto* entries = static_cast<const ListEntry*>(api_.vector_get_data(vector));
    for (std::size_t i = 0; i < rows; ++i) {
      if (!valid_at(validity, i)) {
        ranges_[i] = {0, 0};
        continue;
      }
      KIN_ASSERT(entries[i].offset <= values && entries[i].length <= values - entries[i].offset);
      ranges_[i] = {static_cast<std::int64_t>(entries[i].offset), static_cast<std::int64_t>(entries[i].length)};
    }
  }
  bad_values_.clear();
  read_values(child, values, column, bad_values_);
  for (BadValue& value : bad_values_) {
    if (const auto row = row_of_value(ranges_, value.value)) bad.push_back({*row, std::move(value.message)});
  }
  form_lists(ranges_, validity, cells_, column, memory_);
  return column;
}

void VectorReader::read_values(Vector vector, std::size_t count, Column& column, std::vector<BadValue>& bad) {
  const void* data = api_.vector_get_data(vector);
  ValueMemory& memory = memory_.values;
  column.validity = reinterpret_cast<const std::uint8_t*>(api_.vector_get_validity(vector));
  column.type = ColumnType::kInteger;
  if (scale_ > 0) {
    read_decimals(data, count, column);
    return retype(target_, count, column, memory, bad);
  }
  switch (type_) {
    case Type::kBoolean:
    case Type::kUtinyint:
      column.integers = widen_integers(static_cast<const std::uint8_t*>(data), count, memory);
      break;
    case Type::kTinyint:
      column.integers = widen_integers(static_cast<const std::int8_t*>(data), count, memory);
      break;
    case Type::kSmallint:
      column.integers = widen_integers(static_cast<const std::int16_t*>(data), count, memory);
      break;
    case Type::kUsmallint:
      column.integers = widen_integers(static_cast<const std::uint16_t*>(data), count, memory);
      break;
    case Type::kInteger:
    case Type::kDate:
      column.integers = widen_integers(static_cast<const std::int32_t*>(data), count, memory);
      break;
    case Type::kUinteger:
      column.integers = widen_integers(static_cast<const std::uint32_t*>(data), count, memory);
      break;
    case Type::kUbigint:
      column.integers = check_unsigned(static_cast<const std::uint64_t*>(data), column.validity, count, memory, bad);
      break;
    case Type::kHugeint:
    case Type::kUhugeint:
      column.integers =
          check_128(static_cast<const Integer128*>(data), type_ == Type::kHugeint, column.validity, count, memory, bad);
      break;
    case Type::kFloat:
      column.type = ColumnType::kNumber;
      column.numbers = widen_numbers(static_cast<const float*>(data), count, memory);
      check_finite(column, memory, bad);
      break;
    case Type::kDouble:
      column.type = ColumnType::kNumber;
      column.numbers = {static_cast<const double*>(data), count};
      check_finite(column, memory, bad);
      break;
    case Type::kVarchar:
    case Type::kBlob:
      column.type = ColumnType::kString;
      read_strings(static_cast<const String*>(data), count, column);
      if (type_ == Type::kBlob) check_utf8(column, column.validity, count, bad);
      break;
    default:
      column.integers = {static_cast<const std::int64_t*>(data), count};
      break;
  }
  retype(target_, count, column, memory, bad);
}

void VectorReader::read_decimals(const void* data, std::size_t count, Column& column) {
  ValueMemory& memory = memory_.values;
  column.type = ColumnType::kNumber;
  switch (type_) {
    case Type::kSmallint:
      column.numbers = decimal_numbers(static_cast<const std::int16_t*>(data), scale_, count, memory);
      break;
    case Type::kInteger:
      column.numbers = decimal_numbers(static_cast<const std::int32_t*>(data), scale_, count, memory);
      break;
    case Type::kBigint:
      column.numbers = decimal_numbers(static_cast<const std::int64_t*>(data), scale_, count, memory);
      break;
    default:
      column.numbers = decimal_numbers(static_cast<const Integer128*>(data), scale_, count, memory);
      break;
  }
}

void VectorReader::read_strings(const String* strings, std::size_t count, Column& column) {
  ValueMemory& memory = memory_.values;
  const std::uint8_t* validity = column.validity;
  memory.offsets.resize(count + 1);
  std::int32_t* offsets = memory.offsets.data();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    offsets[i] = static_cast<std::int32_t>(total);
    if (validity == nullptr || valid_at(validity, i)) total += strings[i].length;
    if (total > std::numeric_limits<std::int32_t>::max()) {
      throw Error::bad_data("2,048 rows hold more than 2^31 bytes of text");
    }
  }
  offsets[count] = static_cast<std::int32_t>(total);
  // Short strings are copied with all the bytes that they may have, which the next one overwrites.
  const std::size_t capacity = total + String::kInlined;
  if (memory.bytes.size() < capacity) memory.bytes.resize(capacity + capacity / 2);
  char* bytes = memory.bytes.data();
  for (std::size_t i = 0; i < count; ++i) {
    const String& string = strings[i];
    if (validity != nullptr && !valid_at(validity, i)) continue;
    if (string.length <= String::kInlined) {
      std::memcpy(bytes + offsets[i], string.bytes(), String::kInlined);
    } else {
      std::memcpy(bytes + offsets[i], string.far_bytes, string.length);
    }
  }
  column.offsets = memory.offsets;
  column.bytes = bytes;
}

}  // namespace kin::duckdb
