#include "kinspace/estimator/row_split.h"

#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/text.h"

namespace kin {

RowSplit::RowSplit(const Spec& spec, std::span<const Field> fields, const std::string& file) : split_(spec.split) {
  if (split_.by == "time") {
    throw Error::invalid_argument("split.by = \"time\" holds out the last events of histories, and rows have none",
                                  "split by = \"row\", \"column\" or \"none\"");
  }
  all_ = split_.by == "none" || (split_.folds == 0 && split_.valid + split_.test == 0);
  if (all_ || split_.by == "row") return;
  const bool by_group = split_.by == "group";
  field_ = find_field(fields, by_group ? spec.data.group_by : split_.column, file,
                      by_group ? "data.group_by" : "split.column");
  const Field& field = fields[static_cast<std::size_t>(field_)];
  if (field.cells == Cells::kSingle && field.type != ColumnType::kNumber) return;
  throw Error::invalid_argument(
      fmt::format("column {} of {} cannot split rows: it holds {}", quoted(field.name), file,
                  field.cells == Cells::kSingle ? "numbers with fractions" : "lists"),
      "take a column of integers or strings, or set its type in data.types");
}

void RowSplit::parts(std::int64_t rows, const Column* column, std::int64_t first_row, std::vector<Part>& out) {
  const auto n = static_cast<std::size_t>(rows);
  if (all_) {
    out.assign(n, Part::kTrain);
    return;
  }
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

}  // namespace kin
