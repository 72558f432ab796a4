#include "kinspace/data/arrow_type.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

struct Simple {
  std::string_view format;
  ArrowLayout layout;
  ColumnType type;
  TimeUnit unit;
};

constexpr Simple kSimple[] = {
    {"n", ArrowLayout::kNull, ColumnType::kString, TimeUnit::kNone},
    {"b", ArrowLayout::kBool, ColumnType::kInteger, TimeUnit::kNone},
    {"c", ArrowLayout::kInt8, ColumnType::kInteger, TimeUnit::kNone},
    {"C", ArrowLayout::kUint8, ColumnType::kInteger, TimeUnit::kNone},
    {"s", ArrowLayout::kInt16, ColumnType::kInteger, TimeUnit::kNone},
    {"S", ArrowLayout::kUint16, ColumnType::kInteger, TimeUnit::kNone},
    {"i", ArrowLayout::kInt32, ColumnType::kInteger, TimeUnit::kNone},
    {"I", ArrowLayout::kUint32, ColumnType::kInteger, TimeUnit::kNone},
    {"l", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNone},
    {"L", ArrowLayout::kUint64, ColumnType::kInteger, TimeUnit::kNone},
    {"e", ArrowLayout::kFloat16, ColumnType::kNumber, TimeUnit::kNone},
    {"f", ArrowLayout::kFloat32, ColumnType::kNumber, TimeUnit::kNone},
    {"g", ArrowLayout::kFloat64, ColumnType::kNumber, TimeUnit::kNone},
    {"z", ArrowLayout::kString, ColumnType::kString, TimeUnit::kNone},
    {"Z", ArrowLayout::kLongString, ColumnType::kString, TimeUnit::kNone},
    {"u", ArrowLayout::kString, ColumnType::kString, TimeUnit::kNone},
    {"U", ArrowLayout::kLongString, ColumnType::kString, TimeUnit::kNone},
    {"vz", ArrowLayout::kStringView, ColumnType::kString, TimeUnit::kNone},
    {"vu", ArrowLayout::kStringView, ColumnType::kString, TimeUnit::kNone},
    {"tdD", ArrowLayout::kInt32, ColumnType::kInteger, TimeUnit::kDays},
    {"tdm", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kMilliseconds},
    {"tts", ArrowLayout::kInt32, ColumnType::kInteger, TimeUnit::kSeconds},
    {"ttm", ArrowLayout::kInt32, ColumnType::kInteger, TimeUnit::kMilliseconds},
    {"ttu", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kMicroseconds},
    {"ttn", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNanoseconds},
    {"tDs", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNone},
    {"tDm", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNone},
    {"tDu", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNone},
    {"tDn", ArrowLayout::kInt64, ColumnType::kInteger, TimeUnit::kNone},
    {"+l", ArrowLayout::kList, ColumnType::kString, TimeUnit::kNone},
    {"+L", ArrowLayout::kLongList, ColumnType::kString, TimeUnit::kNone},
};

constexpr std::pair<std::string_view, const char*> kRefused[] = {
    {"tiM", "an interval"}, {"tiD", "an interval"},    {"tin", "an interval"},     {"+s", "a struct"},
    {"+m", "a map"},        {"+r", "run-end encoded"}, {"+vl", "a list of views"}, {"+vL", "a list of views"},
};

// "7" or, at the end of one, "3,7".
std::optional<std::int64_t> number_at(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(',') && text.size() > 1) text.remove_prefix(1);
  return value;
}

ArrowType refused(std::string why) {
  ArrowType type;
  type.refused = std::move(why);
  return type;
}

[[noreturn]] void bad_format(std::string_view format) {
  throw Error::bad_data(fmt::format("{} is no format of the Arrow C data interface", quoted(format)));
}

ArrowType parse_decimal(std::string_view format) {
  std::string_view text = format.substr(2);
  const auto precision = number_at(text), scale = number_at(text);
  std::int64_t bits = 128;
  if (precision && scale && !text.empty()) bits = number_at(text).value_or(0);
  if (!precision || !scale || !text.empty()) bad_format(format);
  if (*precision < 1 || *precision > 76 || *scale < -76 || *scale > 76) bad_format(format);
  ArrowType type;
  type.scale = static_cast<int>(*scale);
  type.type = *scale == 0 ? ColumnType::kInteger : ColumnType::kNumber;
  switch (bits) {
    case 32:
      type.layout = ArrowLayout::kDecimal32;
      return type;
    case 64:
      type.layout = ArrowLayout::kDecimal64;
      return type;
    case 128:
      type.layout = ArrowLayout::kDecimal128;
      return type;
    case 256:
      return refused("a decimal of 256 bits");
    default:
      bad_format(format);
  }
}

ArrowType parse_fixed(std::string_view format, std::size_t prefix, ArrowLayout layout) {
  std::string_view text = format.substr(prefix);
  const auto size = number_at(text);
  if (!size || *size < 0 || *size > (std::int64_t{1} << 31) || !text.empty()) bad_format(format);
  ArrowType type;
  type.layout = layout;
  type.size = *size;
  return type;
}

const ArrowSchema& only_child(const ArrowSchema& schema, const ArrowType& type) {
  if (schema.n_children != 1 || schema.children == nullptr || schema.children[0] == nullptr) {
    throw Error::bad_data(fmt::format("a list has {} kinds of values; it needs one", schema.n_children));
  }
  KIN_ASSERT(type.is_list());
  return *schema.children[0];
}

}  // namespace

ArrowType parse_arrow_format(std::string_view format) {
  for (const Simple& simple : kSimple) {
    if (format != simple.format) continue;
    ArrowType type;
    type.layout = simple.layout;
    type.type = simple.type;
    type.unit = simple.unit;
    return type;
  }
  for (const auto& [name, why] : kRefused) {
    if (format == name) return refused(why);
  }
  if (format.starts_with("+ud:") || format.starts_with("+us:")) return refused("a union");
  if (format.starts_with("d:")) return parse_decimal(format);
  if (format.starts_with("w:")) return parse_fixed(format, 2, ArrowLayout::kFixedString);
  if (format.starts_with("+w:")) return parse_fixed(format, 3, ArrowLayout::kFixedList);
  if (format.size() >= 4 && format.starts_with("ts") && format[3] == ':') {  // the rest is the time zone
    constexpr std::string_view kUnits = "smun";
    constexpr TimeUnit kMeaning[] = {TimeUnit::kSeconds, TimeUnit::kMilliseconds, TimeUnit::kMicroseconds,
                                     TimeUnit::kNanoseconds};
    const std::size_t unit = kUnits.find(format[2]);
    if (unit == std::string_view::npos) bad_format(format);
    ArrowType type;
    type.layout = ArrowLayout::kInt64;
    type.type = ColumnType::kInteger;
    type.unit = kMeaning[unit];
    return type;
  }
  bad_format(format);
}

ArrowType arrow_type(const ArrowSchema& schema) {
  if (schema.format == nullptr) throw Error::bad_data("a schema has no format");
  ArrowType type = parse_arrow_format(schema.format);
  if (schema.dictionary != nullptr) {
    if (type.layout < ArrowLayout::kInt8 || type.layout > ArrowLayout::kUint64) {
      throw Error::bad_data(
          fmt::format("the indices into a dictionary are of format {}; they must be integers", quoted(schema.format)));
    }
    if (schema.dictionary->dictionary != nullptr) return refused("a dictionary of a dictionary");
    if (schema.dictionary->format == nullptr) throw Error::bad_data("a schema has no format");
    if (parse_arrow_format(schema.dictionary->format).is_list()) return refused("a dictionary of lists");
    ArrowType values = arrow_type(*schema.dictionary);
    if (values.layout == ArrowLayout::kRefused) return refused("a dictionary whose values are " + values.refused);
    values.indices = std::make_shared<ArrowType>(std::move(type));
    return values;
  }
  if (!type.is_list()) return type;
  const ArrowSchema& child = only_child(schema, type);
  if (child.format == nullptr) throw Error::bad_data("a schema has no format");
  // Before its children are looked at, so that the depth of a schema does not matter.
  if (parse_arrow_format(child.format).is_list() && child.dictionary == nullptr) return refused("a list of lists");
  ArrowType values = arrow_type(child);
  if (values.layout == ArrowLayout::kRefused) return refused("a list with values that are " + values.refused);
  type.type = values.type;
  type.unit = values.unit;
  type.child = std::make_shared<ArrowType>(std::move(values));
  return type;
}

}  // namespace kin
