#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/features/vocabulary.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// An embedding table whose rows have keys: of a run, of a file of word vectors, of a tensor with a vocabulary.
struct KeyedVectors {
  std::string path;                ///< where it is from
  std::string tensor;              ///< its name there
  std::string column;              ///< that it belongs to: what stands before "/embedding", else the tensor's name
  Vocabulary vocabulary;           ///< V keys, with counts and labels where they are known
  Matrix vectors;                  ///< [V + unknown rows, D], finite
  std::int64_t unknown_rows = 0;   ///< rows behind those of the keys, for values out of vocabulary
  std::vector<std::string> notes;  ///< what the user should know, such as keys that came twice

  /// The rows of the keys.
  ConstMatrixView keyed() const noexcept { return {vectors.row(0), vocabulary.size(), vectors.cols(), vectors.cols()}; }
};

struct KeyedVectorsOptions {
  std::string table = {};       ///< column or tensor; empty: the target of a recommender, or the only table there is
  std::string format = "auto";  ///< as TensorFileOptions
  std::string vocabulary = {};  ///< file with a key a line, for tensors that have none
  bool number_rows = false;     ///< rows without keys have their numbers for keys
};

/// The tensor that `table` means: its name, a column, or, when empty, what KeyedVectorsOptions says.
/// Errors   kNotFound; kInvalidArgument when it is empty and there are several, listing them.
const StoredTensor& choose_table(TensorFile& file, const std::string& table);

/// Errors   those of open_tensor_file() and choose_table(); kCorruption for a number that is not finite; kBadData for
///          more keys than rows; kInvalidArgument for a tensor without keys.
/// Memory   the table and its keys.
KeyedVectors load_keyed_vectors(const std::string& path, const KeyedVectorsOptions& options = {});

/// Writes a model directory that holds the table and no network: a spec of kind "none" with one vocabulary column. It
/// can be looked up, searched, exported and be a warm start, as a trained one can.
/// Errors   kInvalidArgument when `directory` holds a model already; kIo.
void save_keyed_vectors(const std::string& directory, const std::string& column, const KeyedVectors& table);

}  // namespace kin
