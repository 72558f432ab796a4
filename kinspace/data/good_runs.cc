#include "kinspace/data/good_runs.h"

#include <algorithm>
#include <utility>

#include "kinspace/data/foreign_column.h"

namespace kin {

void GoodRuns::reset(Batch batch, std::vector<std::size_t> bad) {
  batch_ = std::move(batch);
  bad_ = std::move(bad);
  std::sort(bad_.begin(), bad_.end());
  bad_.erase(std::unique(bad_.begin(), bad_.end()), bad_.end());
  bad_.push_back(static_cast<std::size_t>(batch_.rows));
  next_bad_ = begin_ = next_row_ = 0;
  validity_.resize(batch_.columns.size());
}

bool GoodRuns::next(Batch& run) {
  const auto rows = static_cast<std::size_t>(batch_.rows);
  while (next_row_ < rows && bad_[next_bad_] == next_row_) ++next_bad_, ++next_row_;
  if (next_row_ == rows) return false;
  begin_ = next_row_;
  next_row_ = bad_[next_bad_];
  const std::size_t count = next_row_ - begin_;
  run = batch_;
  run.rows = static_cast<std::int64_t>(count);
  if (count == rows) return true;
  for (std::size_t i = 0; i < run.columns.size(); ++i) {
    Column& column = run.columns[i];
    column.validity = bits_from(column.validity, begin_, count, validity_[i]);
    if (column.cells != Cells::kSingle) {
      column.list_offsets = column.list_offsets.subspan(begin_, count + 1);
      continue;
    }
    if (!column.integers.empty()) column.integers = column.integers.subspan(begin_, count);
    if (!column.numbers.empty()) column.numbers = column.numbers.subspan(begin_, count);
    if (!column.codes.empty()) {
      column.codes = column.codes.subspan(begin_, count);
      continue;
    }
    if (!column.offsets.empty()) column.offsets = column.offsets.subspan(begin_, count + 1);
  }
  return true;
}

}  // namespace kin
