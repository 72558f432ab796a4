#pragma once

#include <string>
#include <vector>

#include "kinspace/formats/checkpoint_state.h"
#include "kinspace/formats/safetensors.h"

namespace kin {

/// Writes PREFIX.data-00000-of-00001 and then PREFIX.index: a checkpoint that tf.train.load_checkpoint and a Saver
/// restore, as they do those of a Saver. A reader finds the old checkpoint or the new one; the directory must exist.
///
/// Layout   data by rising name, without gaps; a function of the tensors alone (docs/formats/tf-checkpoint.md).
/// Errors   kIo; kInvalidArgument for two tensors of one name, a name that is empty, begins with a zero byte or is
///          longer than 64 KiB, and a shape that does not fit the memory given; kBadData for a number that is not
///          finite. Nothing is then on the disk.
/// Memory   the index; tensors are not copied as a whole.
void write_tf_bundle(const std::string& prefix, std::vector<TensorSource> tensors);

/// Writes the file `checkpoint` of a directory. Errors: kIo.
void write_checkpoint_state(const std::string& directory, const CheckpointState& state);

}  // namespace kin
