#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kin {

/// A checkpoint that is there.
struct CheckpointRow {
  std::int64_t step = 0;
  double time = 0;                    ///< when it was written, in seconds of any clock
  std::optional<double> metric = {};  ///< of its evaluation, if it was evaluated
};

/// Which checkpoints stay; one that any of the rules names stays.
struct KeepRule {
  std::int64_t last = 5;      ///< the newest so many; 0: all
  std::int64_t best = 0;      ///< and the so many with the best metric
  bool metric_rises = false;  ///< larger is better
  double every_hours = 0;     ///< and the first of each period of so many hours after `start`; 0: none
  double start = 0;           ///< when the run began, by the clock of the checkpoints
};

/// Steps of the checkpoints to keep, rising; the others may be deleted. The newest is always among them.
///
/// Best     of equal values the older; a checkpoint without a metric or with NaN is never one of the best.
/// Hours    periods are [start + k * hours, start + (k + 1) * hours) for k = 1, 2, …: what is written before the first
///          has ended needs no such help. The answer depends on the checkpoints that are there alone: asked again after
///          the others were deleted, it is the same.
/// Empty    none.
/// Errors   kInvalidArgument for negative or NaN settings, and steps or times that do not rise (times may be equal).
/// Cost     O(n log n).
/// Source   keep_checkpoint_max and keep_checkpoint_every_n_hours of TensorFlow's RunConfig.
std::vector<std::int64_t> checkpoints_to_keep(std::span<const CheckpointRow> checkpoints, const KeepRule& rule);

}  // namespace kin
