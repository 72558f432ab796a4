#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kin::duckdb {

/// The words of an SQL text that could name files: strings and identifiers in quotes that hold a point or a slash, each
/// once, in their order, without quotes and doubling. Comments are left out.
std::vector<std::string> file_words(std::string_view sql);

/// `path` so that DuckDB takes each character as it stands, also where it would see a pattern.
std::string escape_pattern(std::string_view path);

}  // namespace kin::duckdb
