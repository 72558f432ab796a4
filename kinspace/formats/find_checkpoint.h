#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kin {

/// A TensorFlow checkpoint on the disk.
struct FoundCheckpoint {
  std::string prefix;              ///< "london/model.ckpt-1000": what TensorFlow calls the checkpoint
  bool v1 = false;                 ///< in the old format, whose tables are `files`; else PREFIX.index and data files
  std::vector<std::string> files;  ///< of the old format, by rising name
  std::vector<std::string> notes;  ///< what the user should know, such as which of several was taken
};

/// The checkpoint that `path` means, as TensorFlow understands it and where TensorFlow does not:
///
///   a prefix             london/model.ckpt-1000
///   a file of one        london/model.ckpt-1000.index, .meta, .data-00000-of-00001
///   a directory          the one that its file `checkpoint` names; of a SavedModel variables/variables
///   a pattern            london/*ckpt-1000*: among several the highest step, with a note
///
/// A path that exists is never taken for a pattern.
/// Errors   kIo when there is none, saying what is in the directory; kCorruption when the file `checkpoint` is damaged.
FoundCheckpoint find_checkpoint(const std::string& path);

/// Whether a checkpoint with exactly this prefix is there (PREFIX.index, or tables of the old format).
bool is_checkpoint(const std::string& prefix);

/// The number at the end: 1000 of "model.ckpt-1000"; -1 without.
std::int64_t checkpoint_step(const std::string& prefix);

}  // namespace kin
