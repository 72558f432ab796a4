#pragma once

#include <cstdint>
#include <string>

#include "kinspace/base/thread_pool.h"

namespace kin {

/// Models that a run keeps beside its own: run directories export/NAME/STEP, each with a model.json that answers by
/// itself. A model appears whole or not at all; the newest `keep` of a name stay, 0: all.
/// Threads   one, which holds the lock of the run directory.
class Exporters {
 public:
  /// Removes what an interrupted run left unfinished, and models of steps that are to be made again, those after
  /// `resumed_at`. Errors   kIo.
  Exporters(std::string run_directory, std::int64_t keep, std::int64_t resumed_at);

  /// Has `write` fill a directory and makes that export/NAME/STEP, whose path it returns.
  /// Errors   kIo, and what `write` throws.
  std::string add(const std::string& name, std::int64_t step, FunctionRef<void(const std::string& directory)> write);

 private:
  std::string directory_;
  std::int64_t keep_;
};

}  // namespace kin
