#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/formats/safetensors.h"

namespace kin {

/// An encoded table as arrays for other programs.
///
///   "<column>.ids"        int64 [NNZ], -1: out of vocabulary
///   "<column>.offsets"    int64 [N + 1]: row r has ids offsets[r] .. offsets[r + 1]
///   "<column>.weights"    float32 [NNZ], weighted columns
///   "<column>.positions"  int32 [NNZ], sequences
///   "<column>.lengths"    int64 [N], sequences
///   "<column>"            float32 [N, width] of dense columns; sequences [steps, width] beside their offsets
class EncodedArrays {
 public:
  /// Takes the columns at `chosen` of batches.
  EncodedArrays(const std::vector<EncodedInfo>& columns, std::vector<std::size_t> chosen);

  void append(const EncodedBatch& batch);
  std::int64_t rows() const noexcept { return rows_; }
  std::uint64_t bytes() const noexcept;

  /// Borrowed from this.
  std::vector<TensorSource> sources() const;

 private:
  std::vector<EncodedInfo> infos_;
  std::vector<std::size_t> chosen_;
  std::vector<EncodedColumn> columns_;
  std::int64_t rows_ = 0;
};

}  // namespace kin
