#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "kinspace/formats/tensor_file.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

enum class VectorFormat : std::uint8_t {
  kWord2vec,        ///< "N D", then "key v1 … vD" a line; also what fastText calls .vec
  kWord2vecBinary,  ///< "N D", then key, a blank, D float32 and a line feed
  kGlove,           ///< as kWord2vec without the first line
  kCsv,             ///< a header key,v0,v1,…; keys in quotes where they need them
};

/// Writes the rows of a matrix [N, D], each with its key. `sink` takes the bytes in order, in pieces of any size.
///
/// Numbers  text is the shortest that reads back to the same float32.
/// Keys     one a row; rows have their numbers for keys where `keys` is null. These formats have no way to write some
///          characters: control characters, and blanks unless in CSV, become '_'. Returns how many keys changed so.
/// Errors   kInvalidArgument for another number of keys than rows, no columns, and two keys that become the same;
///          kBadData for a number that is not finite, named by its key.
std::int64_t write_vectors(VectorFormat format, ConstMatrixView vectors, const TokenList* keys,
                           const std::function<void(std::string_view)>& sink);

}  // namespace kin
