#pragma once

#include <span>
#include <string>
#include <vector>

namespace kin {

/// The files that paths and patterns name, each once: those of one pattern sorted by their bytes, patterns in the order
/// of the list. A pattern holds * (any characters but /), ? (one) or [a-z] (one of); a path that exists as it is
/// written is no pattern. Relative ones are sought below `directory` first, where one is given, and else below the
/// current directory. "-" stands for itself.
///
/// Errors   kInvalidArgument for an empty list or path; kIo for a file that is not there, with the name that is
///          nearest, for a directory, and for a pattern without a match, with what is there instead.
std::vector<std::string> find_input_files(std::span<const std::string> paths, const std::string& directory);

}  // namespace kin
