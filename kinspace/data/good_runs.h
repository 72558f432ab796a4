#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin {

/// A batch without its bad rows, as runs of the good ones.
class GoodRuns {
 public:
  GoodRuns() = default;

  /// `bad`: row numbers, in any order, repeated or not.
  void reset(Batch batch, std::vector<std::size_t> bad);

  /// The next run; false when there is none.
  bool next(Batch& run);

  std::size_t first_row() const noexcept { return begin_; }  ///< of the batch, that the last run starts at

 private:
  Batch batch_;
  std::vector<std::size_t> bad_;  // rising, and the number of rows behind them
  std::size_t next_bad_ = 0;
  std::size_t begin_ = 0;
  std::size_t next_row_ = 0;
  std::vector<std::vector<std::uint8_t>> validity_;
};

}  // namespace kin
