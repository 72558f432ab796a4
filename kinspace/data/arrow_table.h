#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kinspace/data/arrow.h"
#include "kinspace/data/table.h"
#include "kinspace/data/table_options.h"

namespace kin {

/// Rows that another program holds in memory or reads for us.
struct ArrowSource {
  std::string name;                        ///< for messages
  std::function<ArrowArrayStream()> open;  ///< a new stream at the first row; whoever gets it releases it
  std::int64_t rows = 0;                   ///< as far as known
};

/// The rows of an Arrow stream, whose schema is a struct, as a table; columns as data.select, data.rename and
/// data.types want them (kinspace/data/arrow_type.h says what becomes of Arrow's types).
///
/// Missing  null, and NaN in columns of numbers.
/// Columns  that cannot be read, such as a struct, are an error when they are wanted.
/// Digest   checksum of the values of the wanted columns; the same however they are cut into batches.
/// Errors   kBadData: a stream that fails or contradicts itself, with the producer's words; kInvalidArgument as
///          choose_fields(); kNotSupported naming the column.
std::unique_ptr<Table> open_arrow_table(ArrowSource source, const DataOptions& data = {},
                                        const TableRequest& request = {});

}  // namespace kin
