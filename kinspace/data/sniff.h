#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/byte_source.h"

namespace kin {

/// How a file of rows seems to be written.
struct Sniffed {
  std::string format = "csv";           ///< csv | jsonl | parquet; the rest is about csv
  std::string separator = ",";          ///< one of , ; | tab :: and blank
  bool header = true;                   ///< the first row names the columns
  bool quotes = true;                   ///< false: quotes stand for themselves
  std::string comment = {};             ///< "#" or "%" if the first lines start with it
  std::string encoding = "utf-8";       ///< or latin-1
  std::string decimal = ".";            ///< or a comma
  std::vector<std::string> names = {};  ///< without a header: column1, column2...; the last one takes the rest of a row
                                        ///< ("column2...") where rows are keys of different number
};

/// Finds out from the beginning of a file, its first 256 KiB or so. Rows as many as there are must agree on the number
/// of cells, and cells should not hold what separates them in another reading; a tie is a comma, and a first row that
/// could be either is a header. `complete`: nothing follows, so the last row is whole.
Sniffed sniff(std::string_view text, bool complete);

/// The same for a source; one whose name ends in .tsv or .tab (.gz, .zst) is separated by tabs.
Sniffed sniff_source(const ByteSource& source);

/// `name` without a last ".gz" or ".zst", in lower case: what is left of it ends as the format wants it.
std::string unpacked_name(const std::string& name);

}  // namespace kin
