#include "kinspace/features/internal/batch_rows.h"

#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::internal {
namespace {

std::size_t value_count(const Column& column) noexcept {
  switch (column.type) {
    case ColumnType::kInteger:
      return column.integers.size();
    case ColumnType::kNumber:
      return column.numbers.size();
    case ColumnType::kString:
      break;
  }
  if (!column.codes.empty()) return column.codes.size();
  return column.offsets.empty() ? 0 : column.offsets.size() - 1;
}

bool fits(const Column& column, std::size_t rows) noexcept {
  if (column.cells == Cells::kSingle) return value_count(column) == rows;
  if (rows == 0) return true;
  return column.list_offsets.size() == rows + 1 &&
         static_cast<std::size_t>(column.list_offsets.back()) <= value_count(column);
}

}  // namespace

void BatchRows::fail(std::size_t i, std::string_view column, const std::string& what, std::string fix) const {
  const std::size_t row = this->row(i);
  const std::string place =
      binding_->place ? binding_->place(row) : fmt::format("{} row {} of the batch", binding_->file, row + 1);
  throw Error::bad_data(fmt::format("{}: column {} {}", place, quoted(column), what), std::move(fix));
}

void check_batch(const Batch& batch, const Binding& binding) {
  if (batch.columns.size() != binding.fields.size()) {
    throw Error::invalid_argument(fmt::format("the encoder reads {} columns of {}; the batch has {}",
                                              binding.fields.size(), binding.file, batch.columns.size()));
  }
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    const Column& column = batch.columns[i];
    const Field& field = binding.fields[i];
    if (column.type != field.type || column.cells != field.cells) {
      throw Error::invalid_argument(
          fmt::format("column {} of the batch is not of the type that {} says", quoted(field.name), binding.file));
    }
    if (!fits(column, static_cast<std::size_t>(batch.rows))) {
      throw Error::invalid_argument(fmt::format("column {} of {} has not the {} rows of its batch", quoted(field.name),
                                                binding.file, batch.rows));
    }
  }
}

}  // namespace kin::internal
