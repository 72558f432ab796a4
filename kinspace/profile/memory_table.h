#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kinspace/data/csv_reader.h"

namespace kin {

/// A table from the text of a CSV file, in blocks of so many bytes; its bad rows are left out and the first ones kept.
class MemoryTable {
 public:
  explicit MemoryTable(std::string text, std::vector<std::string> names = {}, std::size_t block_bytes = 1 << 20)
      : bad_rows_(BadRows::Policy::kReport, 1, "") {
    CsvOptions options;
    options.names = std::move(names);
    options.limits.block_bytes = block_bytes;
    options.bad_rows = &bad_rows_;
    reader_ = std::make_unique<CsvReader>(memory_source("test.csv", std::move(text)), options);
  }

  Table& operator*() { return *reader_; }

 private:
  BadRows bad_rows_;
  std::unique_ptr<CsvReader> reader_;
};

}  // namespace kin
