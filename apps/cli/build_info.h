#pragma once

#include <string>

namespace kin::cli {

/// Such as "gcc 12.2.0".
std::string compiler_name();

/// Instruction sets that this processor can run, with blanks between.
std::string isa_list();

}  // namespace kin::cli
