#include "kinspace/estimator/row_split.h"

#include <fmt/core.h>

#include <limits>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/features/time_part.h"

namespace kin {
namespace {

/// Ticks of a column of times in one second.
double ticks_per_second(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::kDays:
      return 1.0 / 86400;
    case TimeUnit::kMilliseconds:
      return 1e3;
    case TimeUnit::kMicroseconds:
      return 1e6;
    case TimeUnit::kNanoseconds:
      return 1e9;
    default:
      return 1;
  }
}

double bound(const std::string& text, const char* key, const Field& field) {
  double number = 0;
  if (text.empty()) return std::numeric_limits<double>::infinity();
  if (field.unit != TimeUnit::kNone) {
    const TimeDeriver epoch(TimePart::kEpoch, TimeZone("UTC"));
    if (const auto seconds = epoch.of(text)) return static_cast<double>(*seconds) * ticks_per_second(field.unit);
  }
  if (parse_number(text, number) == Parsed::kOk) return number;
  throw Error::invalid_argument(fmt::format("{} = {} is no {}, and column {} holds {}", key, quoted(text),
                                            field.unit == TimeUnit::kNone ? "number" : "time", quoted(field.name),
                                            field.unit == TimeUnit::kNone ? "numbers" : "times"),
                                field.unit == TimeUnit::kNone ? "" : "write it as 2001-12-31, or 2001-12-31T23:59:59");
}

}  // namespace

RowSplit::RowSplit(const Spec& spec, std::span<const Field> fields, const std::string& file) : split_(spec.split) {
  if (split_.by == "time") {
    throw Error::invalid_argument("split.by = \"time\" holds out the last events of histories, and rows have none",
                                  "split by = \"row\", \"column\" or \"none\"");
  }
  const bool by_value = split_.by == "value";
  const bool no_share = split_.folds == 0 && split_.valid + split_.test == 0;
  all_ = split_.by == "none" || (by_value ? split_.valid_from.empty() && split_.test_from.empty() : no_share);
  if (all_ || split_.by == "row") return;
  const bool by_group = split_.by == "group";
  field_ = find_field(fields, by_group ? spec.data.group_by : split_.column, file,
                      by_group ? "data.group_by" : "split.column");
  const Field& field = fields[static_cast<std::size_t>(field_)];
  if (by_value && field.cells == Cells::kSingle) {
    if (field.type == ColumnType::kString) return;
    valid_from_ = bound(split_.valid_from, "split.valid_from", field);
    test_from_ = bound(split_.test_from, "split.test_from", field);
    return;
  }
  if (field.cells == Cells::kSingle && field.type != ColumnType::kNumber) return;
  throw Error::invalid_argument(fmt::format("column {} of {} cannot split rows: it holds {}", quoted(field.name), file,
                                            field.cells == Cells::kSingle ? "numbers with fractions" : "lists"),
                                "take a column of integers or strings, or set its type in data.types");
}

void RowSplit::parts(std::int64_t rows, const Column* column, std::int64_t first_row, std::vector<Part>& out) {
  const auto n = static_cast<std::size_t>(rows);
  if (all_) {
    out.assign(n, Part::kTrain);
    return;
  }
  if (split_.by == "value") return by_value(rows, *column, out);
  numbers_.resize(n);
  for (std::size_t r = 0; r < n; ++r) {
    if (column == nullptr) {
      numbers_[r] = static_cast<std::uint64_t>(first_row) + r;
    } else if (column->missing(r)) {
      numbers_[r] = fnv1a64("");
    } else {
      numbers_[r] = column->type == ColumnType::kInteger ? static_cast<std::uint64_t>(column->integers[r])
                                                         : fnv1a64(column->string(r));
    }
  }
  out = split_.folds > 0 ? split_by_fold(numbers_, split_.folds, split_.fold)
                         : split_by_share(numbers_, split_.valid, split_.test);
}

void RowSplit::by_value(std::int64_t rows, const Column& column, std::vector<Part>& out) const {
  const auto part = [&](bool test, bool valid) { return test ? Part::kTest : valid ? Part::kValid : Part::kTrain; };
  const auto reaches = [](std::string_view value, const std::string& from) { return !from.empty() && value >= from; };
  out.resize(static_cast<std::size_t>(rows));
  for (std::size_t r = 0; r < out.size(); ++r) {
    if (column.missing(r)) {
      out[r] = Part::kTrain;
    } else if (column.type == ColumnType::kString) {
      out[r] = part(reaches(column.string(r), split_.test_from), reaches(column.string(r), split_.valid_from));
    } else {
      const double value =
          column.type == ColumnType::kInteger ? static_cast<double>(column.integers[r]) : column.numbers[r];
      out[r] = part(value >= test_from_, value >= valid_from_);
    }
  }
}

}  // namespace kin
