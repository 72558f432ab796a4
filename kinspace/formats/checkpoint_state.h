#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// What the file `checkpoint` of a TensorFlow model directory says: a CheckpointState as protocol buffer text.
struct CheckpointState {
  std::string latest = {};            ///< model_checkpoint_path: a prefix, relative to the directory or absolute
  std::vector<std::string> all = {};  ///< all_model_checkpoint_paths, oldest first
  std::vector<double> times =
      {};  ///< all_model_checkpoint_timestamps, in seconds since 1970: parallel to `all`, or none
  std::optional<double> last_preserved = {};  ///< last_preserved_timestamp

  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

/// Nothing where TensorFlow's parser would refuse the text: an unknown field, one that comes twice, bad syntax.
std::optional<CheckpointState> parse_checkpoint_state(std::string_view text);

std::string render_checkpoint_state(const CheckpointState& state);

/// What tf.train.latest_checkpoint answers: the path that `directory`/checkpoint names, if a checkpoint is there. No
/// other is looked for.
///
/// Errors   kCorruption when the file names none (an empty file); kIo when it cannot be read.
std::optional<std::string> latest_checkpoint(const std::string& directory);

}  // namespace kin
