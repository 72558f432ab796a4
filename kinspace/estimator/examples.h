#pragma once

#include <cstdint>
#include <vector>

#include "kinspace/base/buffer.h"

namespace kin {

/// How a history is cut into examples: some events go in (the context), the next ones come out (the targets).
struct WindowOptions {
  std::int64_t context = 3;  ///< events that go in, C
  std::int64_t predict = 7;  ///< events that come out, P
  std::int64_t stride = 1;   ///< events from one window to the next
  bool random_pick = false;  ///< the C events that go in are drawn from the window anew every epoch, the rest come out
  bool partial = true;       ///< windows may reach over either end of the history and then hold fewer events
};

/// Examples of one step; the vectors keep their memory from step to step.
struct ExampleBatch {
  std::vector<std::int64_t> context_offsets;  ///< B + 1
  std::vector<std::int64_t> context_rows;     ///< vocabulary rows, oldest first
  std::vector<std::int64_t> target_offsets;   ///< B + 1
  std::vector<std::int64_t> target_rows;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(context_offsets.size()) - 1; }
  void clear();
};

/// The examples of all histories, enumerated without being stored: 4 bytes an example beside 4 an event.
///
/// A history of n events has an example at every cut t (1 <= t <= n - 1): context = the last C events before t,
/// targets = the first P events from t on. Cuts lie `stride` apart; without `partial` only cuts with C events before
/// and P after count, and a history shorter than C + P has one example at t = min(C, n - 1): at least one event goes in
/// and one comes out. A cut whose targets are all out of vocabulary is left out.
class Examples {
 public:
  /// Shapes   group g has events rows[offsets[g] .. offsets[g + 1]), oldest first.
  /// Out of vocabulary: `unknown_row` >= 0 marks the row that only goes in; -1: there is none.
  /// Errors   kResourceLimit for 2^32 events or more.
  Examples(std::vector<std::int64_t> offsets, Buffer<std::uint32_t> rows, std::int64_t unknown_row,
           const WindowOptions& options);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(cuts_.size()); }

  /// Fills `batch` with examples first .. first + count - 1 of an epoch (cut at its end). With `shuffle` the order is a
  /// permutation that depends on (seed, epoch) alone; so do the draws of random_pick.
  void fill(std::uint64_t seed, std::int64_t epoch, bool shuffle, std::int64_t first, std::int64_t count,
            ExampleBatch& batch) const;

 private:
  bool starts_group(std::int64_t event) const noexcept {
    return ((group_start_[static_cast<std::size_t>(event) / 64] >> (event % 64)) & 1) != 0;
  }
  void append(std::uint64_t seed, std::int64_t epoch, std::int64_t example, ExampleBatch& batch) const;

  WindowOptions options_;
  Buffer<std::uint32_t> rows_;
  Buffer<std::uint64_t> group_start_;  ///< one bit an event, and one past the last
  Buffer<std::uint32_t> cuts_;         ///< event that is the first target
  std::int64_t unknown_row_;
};

}  // namespace kin
