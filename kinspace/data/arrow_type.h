#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kinspace/data/arrow.h"
#include "kinspace/data/batch.h"

namespace kin {

/// How the values of an Arrow array lie in memory.
enum class ArrowLayout : std::uint8_t {
  kRefused,
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
  kDecimal32,
  kDecimal64,
  kDecimal128,
  kString,      ///< UTF-8 or binary, offsets of 32 bits
  kLongString,  ///< of 64 bits
  kStringView,
  kFixedString,  ///< `size` bytes each
  kList,
  kLongList,
  kFixedList,  ///< `size` values each
};

/// A type of the Arrow C data interface, checked.
///
///   integer   bool (0 and 1), int8 to int64, uint8 to uint64, decimals of scale 0, all within 64 bits; date,
///             time, timestamp with their unit, duration
///   number    float16 to float64, decimals of up to 128 bits
///   string    utf8 and binary in all their layouts; the null type
///   lists     list, large list, fixed-size list of these
///   dictionary-encoded: as its values
struct ArrowType {
  ArrowLayout layout = ArrowLayout::kRefused;
  std::int64_t size = 0;  ///< kFixedString, kFixedList
  int scale = 0;          ///< decimals
  ColumnType type = ColumnType::kString;
  TimeUnit unit = TimeUnit::kNone;
  std::string refused = {};                       ///< kRefused: why, such as "a struct"
  std::shared_ptr<const ArrowType> child = {};    ///< lists: of the values
  std::shared_ptr<const ArrowType> indices = {};  ///< dictionary-encoded: of the indices; the rest is the dictionary's

  bool is_list() const noexcept { return layout >= ArrowLayout::kList; }
  Cells cells() const noexcept {
    return !is_list() ? Cells::kSingle : layout == ArrowLayout::kFixedList ? Cells::kFixed : Cells::kList;
  }
  /// Of the values of a cell.
  const ArrowType& value() const noexcept { return is_list() ? *child : *this; }
};

/// The type that a format string names; of lists without their child.
/// Errors   kBadData: no format of the specification, sizes out of bounds.
ArrowType parse_arrow_format(std::string_view format);

/// The type that a schema describes; types that cannot be read are kRefused.
/// Errors   kBadData: what the specification does not allow, such as a list without a child.
ArrowType arrow_type(const ArrowSchema& schema);

}  // namespace kin
