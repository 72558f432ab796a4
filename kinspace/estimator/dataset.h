#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/read_histories.h"
#include "kinspace/data/split.h"
#include "kinspace/estimator/protocol.h"
#include "kinspace/estimator/spec.h"

namespace kin {

/// The data of a spec: its histories, who of them trains, validates and tests, and what follows for training.
struct Dataset {
  LoadedHistories loaded;
  Protocol protocol;
  std::vector<Part> parts;  ///< G; all kTrain where the split is by time or there is none
  TrainingPart training;

  const Histories& histories() const noexcept { return loaded.histories; }

  /// Cases of part kValid or kTest under the dataset's protocol.
  std::vector<Case> cases(Part which) const { return make_cases(loaded.histories, protocol, parts, which); }
};

struct LoadOptions {
  std::string directory = {};                              ///< of the spec, where relative paths start
  std::string rejects = {};                                ///< file that takes bad rows; empty: none
  std::uint64_t memory_limit = 0;                          ///< bytes; 0: no limit
  std::function<void(const ReadProgress&)> progress = {};  ///< may throw Error::cancelled
};

/// Reads and splits the data of a spec.
/// Errors: those of read_histories() and the splits; kBadData when no group has two events or only one item occurs.
Dataset load_dataset(const Spec& spec, ThreadPool& pool, const LoadOptions& options);

/// What the data of a spec are called in messages: their first path, or "the query".
std::string data_name(const DataOptions& data);

/// The protocol that a spec's evaluation follows, or the one named.
Protocol protocol_of(const Spec& spec, const std::string& name = {});

/// Column of the data that the items come from.
const std::string& item_source(const Spec& spec);

/// Where a path of a spec leads: itself if absolute, else below `spec_directory` if there is such a file, else below
/// the current directory.
std::string locate(const std::string& path, const std::string& spec_directory);

}  // namespace kin
