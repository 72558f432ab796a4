#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kinspace/data/table.h"
#include "kinspace/data/table_options.h"

namespace kin {

/// The rows of Parquet files, or of data.query where that is given, through DuckDB; columns as data.select, data.rename
/// and data.types want them (kinspace/data/duckdb_column.h says what becomes of DuckDB's types).
///
/// Order    of the files, in each that of its rows; of a query what it says, and without ORDER BY the same in every
/// run:
///          queries use one thread.
/// Missing  NULL, and NaN in columns of numbers.
/// Columns  that cannot be read, such as a STRUCT, are an error when they are wanted.
/// Query    one SELECT. Relative names of files are sought in request.directory; a name that is in the current
/// directory
///          too, with another file, is an error. The network is not used.
/// Digest   of files: checksum of all their bytes. Of a query: of its text and of all bytes of the files whose names
///          stand in it, patterns included; a name that the query puts together at run time is not seen.
/// Errors   kNotSupported without DuckDB's library, with what to install; kInvalidArgument (DuckDB's words for what is
///          wrong with the query; settings that do not fit), kBadData (damaged files), kIo, kResourceLimit.
std::unique_ptr<Table> open_duckdb_table(const DataOptions& data, std::vector<std::string> files,
                                         const TableRequest& request = {});

}  // namespace kin
