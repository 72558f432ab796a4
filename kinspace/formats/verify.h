#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/tensor_file.h"

namespace kin {

/// What verify_model() found whole.
struct VerifyReport {
  std::int64_t files = 0;   ///< the manifests included; a file that both name counts once
  std::uint64_t bytes = 0;  ///< of these
  std::int64_t tensors = 0;
  std::string model;       ///< checksum of model.json, empty when there is only a checkpoint yet
  std::string checkpoint;  ///< checksum of checkpoint.json, empty when there is none
};

/// Checks a run directory against model.json and, when there is one, checkpoint.json: every byte of every file against
/// its checksums, and then the form of every tensor file, vocabulary and label file, and that a column has as many
/// labels as keys. A run without a model yet may have a checkpoint alone. Files that no manifest names are not looked
/// at.
///
/// Errors   kCorruption for the first thing that is wrong, naming the file and the bytes, the line or the tensor;
///          kNotSupported for a newer format; kIo when there is no model, or it cannot be read.
/// Memory   a block, the manifest and the largest vocabulary, whatever the size of the tables.
VerifyReport verify_model(const std::string& directory);

/// What verify_tensors() has read.
struct VerifiedTensors {
  std::int64_t tensors = 0;
  std::uint64_t bytes = 0;               ///< of their elements
  std::vector<std::string> unread = {};  ///< names of those of a type that this library only lists
};

/// Reads every element of every tensor of a file, and so compares every checksum that the format has.
/// Errors   as TensorFile, for the first tensor that is damaged.
VerifiedTensors verify_tensors(TensorFile& file);

}  // namespace kin
