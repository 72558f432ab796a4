#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/csv_reader.h"

namespace {

// Everything that reading says, by value; so far as the text is accepted.
struct Result {
  std::vector<std::string> rows;
  std::string error;
};

Result read(const std::string& text, kin::CsvOptions options) {
  Result result;
  try {
    kin::CsvReader reader(kin::memory_source("fuzz", text), std::move(options));
    std::vector<std::int64_t> wanted;
    for (std::size_t i = 0; i < reader.fields().size() && i < 50; ++i) wanted.push_back(static_cast<std::int64_t>(i));
    reader.start(wanted);
    for (kin::Batch batch; reader.next(batch);) {
      for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
        std::string& line = result.rows.emplace_back(std::to_string(reader.line(row)));
        for (const kin::Column& column : batch.columns) {
          line += column.missing(row) ? '-' : '+';
          if (column.missing(row)) continue;
          switch (column.type) {
            case kin::ColumnType::kInteger:
              line += std::to_string(column.integers[row]);
              break;
            case kin::ColumnType::kNumber:
              line += std::to_string(column.numbers[row]);
              break;
            case kin::ColumnType::kString:
              line += column.string(row);
              break;
          }
        }
      }
    }
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kBadData && error.code() != kin::ErrorCode::kInvalidArgument) std::abort();
    result.error = error.message();
  }
  return result;
}

}  // namespace

// The first byte chooses the separator, the second the size of a block; what comes out must not depend on the latter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  kin::CsvOptions options;
  options.separator = ",;\t|, "[data[0] % 6];
  options.guess_rows = 4;
  options.limits.block_bytes = std::size_t{1} << 16;
  const Result whole = read(text, options);
  options.limits.block_bytes = std::size_t{4} + data[1];
  const Result parts = read(text, options);
  if (whole.error != parts.error) std::abort();
  if (whole.error.empty() && whole.rows != parts.rows) std::abort();
  return 0;
}
