#pragma once

#include <string>
#include <vector>

#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/histories.h"

namespace kin {

/// The label of each wanted key, empty where the file (CSV or TSV with a header) has none. The key column is read with
/// the type of `wanted`, labels are taken as they are written; of several rows with one key the first that has a label
/// counts.
///
/// Errors   kIo, kBadData as CsvReader; kInvalidArgument for a column that is not there; kBadData when no row has a
///          wanted key, which tells of a wrong file or column.
std::vector<std::string> read_names(const std::string& path, const std::string& key_column,
                                    const std::string& label_column, const KeyList& wanted,
                                    const CsvLimits& limits = {});

}  // namespace kin
