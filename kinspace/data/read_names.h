#pragma once

#include <string>
#include <vector>

#include "kinspace/data/histories.h"
#include "kinspace/data/table.h"

namespace kin {

/// The label of each wanted key, empty where the file (CSV with a header, JSON Lines, Parquet) has none. The key column
/// is read with the type of `wanted`, labels are taken as they are written; of several rows with one key the first that
/// has a label counts.
///
/// Errors   those of open_table() and its rows; kInvalidArgument for a column that is not there; kBadData when no row
/// has a
///          wanted key, which tells of a wrong file or column.
std::vector<std::string> read_names(const std::string& path, const std::string& key_column,
                                    const std::string& label_column, const KeyList& wanted,
                                    const TableRequest& request = {});

}  // namespace kin
