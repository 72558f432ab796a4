#pragma once

#include <string>

#include "apps/cli/flags.h"

namespace kin::cli {

/// The text of `kin --help`.
std::string overview();

/// The text of `kin COMMAND --help`: examples first.
std::string help_text(const Command& command);

/// Every command and flag as JSON, schema "kin.help/1"; with a command, that one alone.
std::string help_json(const Command* command);

}  // namespace kin::cli
