#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/jsonl_reader.h"

namespace {

// Everything that reading says, by value; so far as the text is accepted.
struct Result {
  std::vector<std::string> rows;
  std::string error;
  std::int64_t bad_rows = 0;
};

void append(std::string& line, const kin::Column& column, std::size_t value) {
  line += column.value_missing(value) ? '-' : '+';
  if (column.value_missing(value)) return;
  switch (column.type) {
    case kin::ColumnType::kInteger:
      line += std::to_string(column.integers[value]);
      break;
    case kin::ColumnType::kNumber:
      line += std::to_string(column.numbers[value]);
      break;
    case kin::ColumnType::kString:
      line += column.string(value);
      break;
  }
}

Result read(const std::string& text, kin::BadRows::Policy policy, std::size_t block) {
  Result result;
  kin::BadRows bad_rows(policy, 1, "");
  try {
    kin::JsonlOptions options;
    options.guess_rows = 4;
    options.limits.block_bytes = block;
    options.bad_rows = &bad_rows;
    kin::JsonlReader reader(kin::memory_source("fuzz", text), options);
    std::vector<std::int64_t> wanted;
    for (std::size_t i = 0; i < reader.fields().size() && i < 50; ++i) wanted.push_back(static_cast<std::int64_t>(i));
    reader.start(wanted);
    for (kin::Batch batch; reader.next(batch);) {
      for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
        std::string& line = result.rows.emplace_back(reader.place(row));
        for (const kin::Column& column : batch.columns) {
          line += column.missing(row) ? '!' : '=';
          if (column.cells == kin::Cells::kSingle) {
            append(line, column, row);
            continue;
          }
          for (auto i = column.list_offsets[row]; i < column.list_offsets[row + 1]; ++i) {
            append(line, column, static_cast<std::size_t>(i));
          }
        }
      }
    }
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kBadData) std::abort();
    result.error = error.message();
  }
  result.bad_rows = bad_rows.count();
  return result;
}

}  // namespace

// The first byte chooses what bad rows do, the second the size of a block; what comes out must not depend on the
// latter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto policy = data[0] % 2 == 0 ? kin::BadRows::Policy::kError : kin::BadRows::Policy::kSkip;
  const Result whole = read(text, policy, std::size_t{1} << 16);
  const Result parts = read(text, policy, std::size_t{4} + data[1]);
  if (whole.error != parts.error) std::abort();
  if (whole.error.empty() && (whole.rows != parts.rows || whole.bad_rows != parts.bad_rows)) std::abort();
  return 0;
}
