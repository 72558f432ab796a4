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
  std::vector<std::string> bad;
  std::int64_t bad_count = 0;
  std::string error;

  bool operator==(const Result&) const = default;
};

void add_value(std::string& line, const kin::Column& column, std::size_t i) {
  line += column.value_missing(i) ? '-' : '+';
  if (column.value_missing(i)) return;
  switch (column.type) {
    case kin::ColumnType::kInteger:
      line += std::to_string(column.integers[i]);
      break;
    case kin::ColumnType::kNumber:
      line += std::to_string(column.numbers[i]);
      break;
    case kin::ColumnType::kString:
      line += column.string(i);
      break;
  }
}

Result read(const std::string& text, kin::CsvOptions options, bool tolerant) {
  Result result;
  kin::BadRows bad(tolerant ? kin::BadRows::Policy::kReport : kin::BadRows::Policy::kError, 1, "");
  options.bad_rows = &bad;
  try {
    kin::CsvReader reader(kin::memory_source("fuzz", text), std::move(options));
    std::vector<std::int64_t> wanted;
    const std::size_t fields = reader.fields().size();
    for (std::size_t i = fields > 50 ? fields - 50 : 0; i < fields; ++i) wanted.push_back(static_cast<std::int64_t>(i));
    reader.start(wanted);
    for (kin::Batch batch; reader.next(batch);) {
      if (batch.rows == 0) std::abort();
      for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
        std::string& line = result.rows.emplace_back(reader.place(row));
        for (const kin::Column& column : batch.columns) {
          if (column.cells == kin::Cells::kSingle) {
            add_value(line, column, row);
            continue;
          }
          line += '[';
          for (auto i = column.list_offsets[row]; i < column.list_offsets[row + 1]; ++i) {
            add_value(line, column, static_cast<std::size_t>(i));
          }
        }
      }
    }
    if (reader.digest() != kin::checksum_hex(text)) std::abort();
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kBadData && error.code() != kin::ErrorCode::kInvalidArgument) std::abort();
    result.error = error.message();
  }
  for (const kin::BadRow& row : bad.shown()) result.bad.push_back(row.place + ": " + row.message);
  result.bad_count = bad.count();
  return result;
}

}  // namespace

// The first three bytes choose separator, size of a block and the rest of the dialect; what comes out must not depend
// on the size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 3, size - 3);
  kin::CsvOptions options;
  options.separator = std::vector<std::string>{",", ";", "\t", "|", " ", "::", "§", "||||"}[data[0] % 8];
  options.quotes = (data[2] & 1) == 0;
  if ((data[2] & 2) != 0) options.comment = "#";
  if ((data[2] & 4) != 0) options.decimal = ',';
  if ((data[2] & 8) != 0) options.names = {"a", (data[2] & 16) != 0 ? "b..." : "b"};
  if ((data[2] & 32) != 0) options.limits = {0, 40, 100};
  const bool tolerant = (data[2] & 64) != 0;
  options.guess_rows = 4;
  options.limits.block_bytes = std::size_t{1} << 16;
  const Result whole = read(text, options, tolerant);
  options.limits.block_bytes = std::size_t{4} + data[1];
  Result parts = read(text, options, tolerant);
  if (!whole.error.empty() && whole.error == parts.error)
    parts.rows = whole.rows;  // an error comes instead of its block
  if (whole != parts) std::abort();
  return 0;
}
