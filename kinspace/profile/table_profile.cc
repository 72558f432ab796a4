#include "kinspace/profile/table_profile.h"

#include <algorithm>
#include <numeric>

#include "kinspace/profile/column_profiler.h"

namespace kin {
namespace {

constexpr std::int64_t kSlice = 65536;  // rows between two looks at the memory

/// Makes the largest columns approximate until all fit.
void shrink(std::vector<ColumnProfiler>& columns, std::uint64_t memory) {
  std::uint64_t total = 0;
  for (const ColumnProfiler& column : columns) total += column.memory();
  while (total > memory) {
    const auto largest = std::max_element(columns.begin(), columns.end(),
                                          [](const auto& a, const auto& b) { return a.memory() < b.memory(); });
    if (largest->memory() == 0) return;
    total -= largest->memory();
    largest->approximate();
  }
}

ProfileOptions for_columns(ProfileOptions options, std::size_t columns) {
  constexpr std::size_t kFewestCells = 256;
  constexpr std::size_t kCells = 1 << 20;
  constexpr std::uint64_t kBytes = std::uint64_t{256} << 20;
  options.sample = std::clamp(kCells / columns, std::min(kFewestCells, options.sample), options.sample);
  options.sample_memory = std::min(options.sample_memory, kBytes / columns);
  return options;
}

}  // namespace

TableProfile profile_table(Table& table, const ProfileOptions& options) {
  const std::vector<Field>& fields = table.fields();
  const ProfileOptions own = for_columns(options, std::max<std::size_t>(fields.size(), 1));
  std::vector<ColumnProfiler> columns;
  columns.reserve(fields.size());
  for (const Field& field : fields) columns.emplace_back(field, own);

  std::vector<std::int64_t> wanted(fields.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  table.start(wanted);
  TableProfile profile;
  profile.name = table.name();
  Batch batch;
  while (table.next(batch)) {
    // Slices end at the same rows however the batches are cut, so that the same columns are given up.
    for (std::int64_t begin = 0; begin < batch.rows;) {
      const std::int64_t end = std::min(batch.rows, begin + kSlice - profile.rows % kSlice);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        columns[i].add(batch.columns[i], static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
      }
      profile.rows += end - begin;
      begin = end;
      if (profile.rows % kSlice == 0) shrink(columns, own.memory);
    }
  }
  for (const ColumnProfiler& column : columns) profile.columns.push_back(column.finish());
  profile.bad_rows = table.bad_rows().count();
  profile.bad_shown = table.bad_rows().shown();
  return profile;
}

}  // namespace kin
