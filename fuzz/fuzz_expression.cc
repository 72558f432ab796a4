#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/csv_reader.h"
#include "kinspace/data/expression.h"

namespace {

std::vector<std::uint32_t> select(const std::string& where, kin::CsvReader& reader) {
  kin::RowFilter filter(where, reader.fields(), reader.name());
  std::vector<std::uint32_t> rows;
  reader.start(filter.columns());
  kin::Batch batch;
  if (!reader.next(batch)) std::abort();
  filter.select(batch, rows);
  return rows;
}

}  // namespace

// A condition that is accepted keeps rows of the table, and its negation keeps the others.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static kin::CsvReader reader(
      kin::memory_source("fuzz", "id,rating,genre,odd name\n1,4.5,Drama,x\n2,3,War,\n3,,,y\n-9,1e300,it's,x\n"), {});
  const std::string where(reinterpret_cast<const char*>(data), size);
  try {
    const std::vector<std::uint32_t> kept = select(where, reader);
    if (where.find_first_not_of(" \t") == std::string::npos) return 0;
    std::vector<bool> seen(4);
    for (const std::uint32_t row : kept) seen.at(row) = true;
    for (const std::uint32_t row : select("not (" + where + ")", reader)) {
      if (seen.at(row)) std::abort();
      seen[row] = true;
    }
    if (seen != std::vector<bool>(4, true)) std::abort();
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kInvalidArgument) std::abort();
  }
  return 0;
}
