#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/table_options.h"

namespace kin {

/// The columns of a source that become the fields of a table.
struct ChosenFields {
  std::vector<Field> fields;         ///< by their new names
  std::vector<std::size_t> columns;  ///< field -> column of the source
};

/// What data.select and data.rename make of `all`, with the types that data.types wants. Fields whose type it changes
/// have no unit. Errors call data.types `types_role`.
/// Errors   kInvalidArgument: a name that is not there, twice the same name.
ChosenFields choose_fields(std::vector<Field> all, const DataOptions& data, const std::string& table,
                           const std::string& types_role);

}  // namespace kin
