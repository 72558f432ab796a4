#pragma once

#include "apps/cli/report.h"
#include "kinspace/profile/suggest_column.h"
#include "kinspace/profile/table_profile.h"

// What `kin inspect` prints.

namespace kin::cli {

/// A row for each column. `machine`: numbers as they are and everything that is known; else what fits in a line.
Report inspect_report(const TableProfile& table, bool machine);

/// All about one column, for people.
Report inspect_column_report(const ColumnProfile& column);

}  // namespace kin::cli
