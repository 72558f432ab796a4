#pragma once

#include <string>

namespace kin {

/// Remembers beside a model where its spec lay, for finding the data again; not part of the model. Errors: kIo.
void write_origin(const std::string& run_directory, const std::string& spec_directory);

/// Empty when it is not known.
std::string read_origin(const std::string& run_directory);

}  // namespace kin
