#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/data/histories.h"

namespace kin {

enum class Part : std::uint8_t { kTrain, kValid, kTest };

/// The numbers that stand for the keys in the hashes below: KeyList::number of each.
std::vector<std::uint64_t> key_numbers(const KeyList& keys);

/// Fold `fold` of `folds`: with bucket(g) = mix64(number of g) mod (2 folds), the groups of bucket 2 fold are tested
/// on, those of bucket 2 fold + 1 validated on, all others trained on. A pure function of the key: neither other groups
/// nor the order of the file matter, and over all folds no group is both tested and validated on.
///
/// Errors   kInvalidArgument unless 2 <= folds <= 1 000 000 and 0 <= fold < folds.
/// Source   the recommender protocols of docs/guide/evaluation.md.
std::vector<Part> split_by_fold(std::span<const std::uint64_t> numbers, std::int64_t folds, std::int64_t fold);

/// Shares of the groups: with u(g) = the top 53 bits of mix64(number of g), times 2^-53, groups with u < test are
/// tested on, those with u < test + valid validated on, all others trained on. Pure in the key, as above.
///
/// Errors   kInvalidArgument unless both shares are at least 0 and their sum is below 1.
std::vector<Part> split_by_share(std::span<const std::uint64_t> numbers, double valid, double test);

/// How many of the last events of each history are held out.
struct TimeSplit {
  std::int64_t valid = 0;  ///< the last ones before those of `test`
  std::int64_t test = 0;   ///< the last ones

  /// Number of events of a history of n that are trained on; the validated ones follow, then the tested ones. A history
  /// too short to leave one event for training is left out whole: 0.
  std::int64_t train_events(std::int64_t n) const noexcept { return n > valid + test ? n - valid - test : 0; }
};

/// Errors   kInvalidArgument unless both are whole numbers from 0 to 1 000 000.
TimeSplit split_by_time(double valid, double test);

}  // namespace kin
