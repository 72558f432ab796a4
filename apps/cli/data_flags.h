#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/cli/context.h"
#include "kinspace/data/table.h"

// The flags that say how tables are read: --on-bad, --max-bad, --rejects.

namespace kin::cli {

/// The settings that the flags stand for, as for --set: "data.on_bad=skip".
std::vector<std::string> data_settings(const Context& context);

/// What the flags say about opening a table.
TableRequest data_request(const Context& context);

/// Says how many rows were left out, and shows the first ones where data.on_bad is "report".
void say_bad_rows(const Table& table, Context& context);

}  // namespace kin::cli
