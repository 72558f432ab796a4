#pragma once

#include <cstdint>
#include <string>

#include "kinspace/data/histories.h"

namespace kin {

/// Reads a vocabulary file, which may be compressed: a key a line, as TensorFlow does. Lines end with LF; one carriage
/// return before it does not belong to the key, everything else does. Lines of integers may have blanks around.
///
/// `rows`    takes the first so many lines; those behind are not looked at. 0: all.
/// Errors    kIo; kBadData naming file and line: no line at all, fewer than `rows`, an empty line, a key twice, and no
///           integer where `integers`.
KeyList read_vocabulary_file(const std::string& path, std::int64_t rows, bool integers);

}  // namespace kin
