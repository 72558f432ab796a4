#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/estimator/keep_checkpoints.h"
#include "kinspace/estimator/spec.h"

namespace kin {

/// The checkpoints that a run directory keeps, with time and metric, in its file `checkpoints.json`. That holds times,
/// so it is no part of the model; a run whose list was lost or damaged goes on without its older checkpoints.
/// Threads   one, which holds the lock of the directory.
class CheckpointList {
 public:
  using Clock = std::function<double()>;

  /// Goes on with the list of a directory whose run resumes after `resumed_at` steps; 0: a new list.
  /// `clock` gives seconds since 1970; empty: the system's.
  CheckpointList(std::string directory, const CheckpointOptions& options, bool metric_rises, std::int64_t resumed_at,
                 Clock clock = {});

  /// Adds the checkpoint of a step, which is about to be published, and says which are to stay, this one among them;
  /// none when no other ever stays. Errors   kIo.
  std::vector<std::int64_t> add(std::int64_t step, std::optional<double> metric);

 private:
  void load(std::int64_t resumed_at);
  void save() const;

  std::string path_;
  std::string directory_;
  KeepRule rule_;
  bool several_;
  Clock clock_;
  std::vector<CheckpointRow> rows_;
};

}  // namespace kin
