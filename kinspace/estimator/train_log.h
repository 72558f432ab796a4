#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "kinspace/estimator/train.h"

namespace kin {

/// `train.jsonl` of a run directory: one JSON object a row, for plots and for reading later. It holds times, so it is
/// not part of the model. A resumed run drops the rows after the step that it resumes from.
class TrainLog {
 public:
  /// Errors: kIo.
  TrainLog(const std::string& directory, std::int64_t resumed_at);
  ~TrainLog();
  TrainLog(const TrainLog&) = delete;
  TrainLog& operator=(const TrainLog&) = delete;

  /// Appends a row and hands it to the system. Errors: kIo.
  void write(const TrainProgress& progress);

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
};

/// A row as JSON, as in the log and for `--progress json`.
std::string to_json(const TrainProgress& progress);

}  // namespace kin
