#include "kinspace/features/internal/number_reader.h"

#include <fmt/core.h>

#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin::internal {
namespace {

// The values as they lie, NaN where one is missing.
template <class Value, class T>
void take_all(const Value* values, const std::uint8_t* validity, std::vector<T>& out) {
  const std::size_t count = out.size();
  T* const to = out.data();
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(values[i]);
  for (std::size_t i = 0; validity != nullptr && i < count; ++i) {
    if (validity[i / 8] == 0xFF) {
      i |= 7;
    } else if ((validity[i / 8] >> (i % 8) & 1) == 0) {
      to[i] = std::numeric_limits<T>::quiet_NaN();
    }
  }
}

}  // namespace

NumberReader::NumberReader(NumberOptions options) : o_(std::move(options)) {
  const std::string key = toml_key(o_.column);
  if (o_.size < 1) {
    throw Error::invalid_argument(fmt::format("columns.{}.size is {}; at least 1 is needed", key, o_.size));
  }
  const auto sources = static_cast<std::int64_t>(o_.sources.size());
  if (sources > 1 && o_.sequence) {
    throw Error::invalid_argument(fmt::format("columns.{}: a sequence has one source, not {}", key, sources));
  }
  if (sources > 1 && (!o_.split.empty() || o_.size != sources)) {
    throw Error::invalid_argument(
        fmt::format("columns.{}: {} sources make {} numbers a row, not {}{}", key, sources, sources, o_.size,
                    o_.split.empty() ? "" : "; and they have single cells, which are not split"));
  }
  if (!o_.split.empty() && !o_.derive.empty()) {
    throw Error::invalid_argument(fmt::format("columns.{}: split cells and derive do not go together", key));
  }
}

void NumberReader::bind(const Binding& binding) {
  const std::string key = toml_key(o_.column);
  const bool derived = !o_.derive.empty();
  bool text = false;
  for (const std::size_t source : o_.sources) {
    const Field& field = binding.fields[source];
    lists_ = field.cells != Cells::kSingle || (!o_.split.empty() && field.type == ColumnType::kString);
    if (lists_ && o_.sources.size() > 1) {
      throw Error::invalid_argument(
          fmt::format("columns.{}: column {} of {} has lists; several sources need single cells", key,
                      quoted(field.name), binding.file));
    }
    if (field.type != ColumnType::kString || derived) continue;
    text = !o_.split.empty();
    if (text) continue;
    throw Error::invalid_argument(
        fmt::format("columns.{}: column {} of {} has strings{}; numbers are needed", key, quoted(field.name),
                    binding.file, field.example.empty() ? "" : fmt::format(", such as {}", quoted(field.example))),
        fmt::format("set data.types.{} = \"number\" if they are, or split, or another kind of column",
                    toml_key(field.name)));
  }
  values_.reset();
  if (!text && !derived) return;
  if (o_.sources.size() > 1) {
    throw Error::invalid_argument(fmt::format("columns.{}: derive takes one source", key));
  }
  values_ = read_cells({.column = o_.column,
                        .source = o_.sources[0],
                        .split = o_.split,
                        .pair = {},
                        .derive = o_.derive,
                        .time_zone = o_.time_zone,
                        .missing = Missing::kNull,
                        .type = CellOptions::Type::kAuto});
  values_->bind(binding);
}

template <class T>
void NumberReader::read_single(const BatchRows& rows, std::size_t source, std::size_t place,
                               std::vector<T>& out) const {
  const Column& column = rows.column(source);
  const std::size_t step = o_.sources.size();
  if (step == 1 && rows.all()) {
    if (column.type == ColumnType::kInteger) return take_all(column.integers.data(), column.validity, out);
    return take_all(column.numbers.data(), column.validity, out);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) out[i * step + place] = number_at<T>(column, rows.row(i));
}

// Value j of what is split, which belongs to row i: a number, or NaN where the text is blank.
double NumberReader::parse(const BatchRows& rows, std::size_t i, std::size_t j) const {
  if (read_.integers) return static_cast<double>(read_.numbers[j]);
  double number = 0;
  const Parsed parsed = parse_number(read_.string(j), number);
  if (parsed == Parsed::kEmpty) return std::numeric_limits<double>::quiet_NaN();
  if (parsed != Parsed::kOk && parsed != Parsed::kLeadingZero) {
    rows.fail(i, o_.column, fmt::format("holds {}, which is no number", quoted(read_.string(j))));
  }
  return number;
}

// Lists of exactly `size` values, from a list column, split cells or times.
template <class T>
void NumberReader::read_lists(const BatchRows& rows, std::vector<T>& out) {
  const auto size = static_cast<std::size_t>(o_.size);
  const Column& column = rows.column(o_.sources[0]);
  const auto check = [&](std::size_t i, std::size_t count) {
    if (count == size) return true;
    if (count == 0) return false;  // the row has no value
    rows.fail(i, o_.column, fmt::format("has {} value{} in a row; its size is {}", count, count == 1 ? "" : "s", size),
              fmt::format("set columns.{}.size, or sequence = true", toml_key(o_.column)));
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    T* const to = out.data() + i * size;
    const std::size_t row = rows.row(i);
    const auto begin =
        values_ ? static_cast<std::size_t>(read_.offsets[i]) : static_cast<std::size_t>(column.list_offsets[row]);
    const auto end = values_ ? static_cast<std::size_t>(read_.offsets[i + 1])
                             : static_cast<std::size_t>(column.list_offsets[row + 1]);
    const bool missing = !values_ && column.missing(row);
    if (missing || !check(i, end - begin)) {
      std::fill(to, to + size, std::numeric_limits<T>::quiet_NaN());
      continue;
    }
    for (std::size_t k = 0; k < size; ++k) {
      to[k] = values_ ? static_cast<T>(parse(rows, i, begin + k)) : number_at<T>(column, begin + k);
    }
  }
}

template <class T>
void NumberReader::read_as(const BatchRows& rows, std::vector<T>& out) {
  out.resize(rows.size() * static_cast<std::size_t>(o_.size));
  if (values_) values_->read(rows, read_);
  if (values_ || lists_ || o_.size > static_cast<std::int64_t>(o_.sources.size())) {
    if (!values_ && !lists_ && rows.size() > 0) {
      rows.fail(0, o_.column, fmt::format("has one value in a row; its size is {}", o_.size));
    }
    read_lists(rows, out);
    return;
  }
  for (std::size_t place = 0; place < o_.sources.size(); ++place) read_single(rows, o_.sources[place], place, out);
}

template void NumberReader::read_as(const BatchRows& rows, std::vector<float>& out);
template void NumberReader::read_as(const BatchRows& rows, std::vector<double>& out);

void NumberReader::read_sequence(const BatchRows& rows, double padding, std::vector<double>& out,
                                 std::vector<std::int64_t>& offsets) {
  const auto size = static_cast<std::size_t>(o_.size);
  const Column& column = rows.column(o_.sources[0]);
  if (values_) values_->read(rows, read_);
  out.clear();
  offsets.resize(rows.size() + 1);
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t first = out.size();
    const std::size_t row = rows.row(i);
    std::size_t last = first;  // behind the last value that is there
    const auto add = [&](double number) {
      out.push_back(number);
      if (!std::isnan(number)) last = out.size();
    };
    if (values_) {
      const auto end = static_cast<std::size_t>(read_.offsets[i + 1]);
      for (auto j = static_cast<std::size_t>(read_.offsets[i]); j < end; ++j) add(parse(rows, i, j));
    } else if (!column.missing(row)) {
      const auto begin = lists_ ? static_cast<std::size_t>(column.list_offsets[row]) : row;
      const auto end = lists_ ? static_cast<std::size_t>(column.list_offsets[row + 1]) : row + 1;
      for (std::size_t j = begin; j < end; ++j) add(number_at<double>(column, j));
    }
    out.resize(last);
    const std::size_t steps = (out.size() - first + size - 1) / size;
    out.resize(first + steps * size, padding);
    offsets[i + 1] = offsets[i] + static_cast<std::int64_t>(steps);
  }
}

}  // namespace kin::internal
