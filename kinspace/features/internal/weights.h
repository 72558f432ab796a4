#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/value_reader.h"

namespace kin::internal {

/// Weights of a categorical column's ids, from a data column of their own (feature_column.h: weight, pairing).
class Weights {
 public:
  /// `split` cuts cells of text. Errors   kInvalidArgument for an unknown pairing.
  Weights(std::string column, std::size_t source, std::string split, const std::string& pairing);
  Weights(const Weights& other);

  /// Errors   kInvalidArgument: a source that has no numbers.
  void bind(const Binding& binding);

  /// Fills out.weights; pairing by cell also drops ids. Errors   kBadData.
  void pair(const BatchRows& rows, EncodedColumn& out);

 private:
  enum class Pairing : std::uint8_t { kRow, kBatch, kCell };

  void read(const BatchRows& rows);
  void add(float weight, bool missing, std::int32_t position);
  void check(const BatchRows& rows, const EncodedColumn& out) const;
  void pair_cells(EncodedColumn& out) const;

  std::string column_;
  std::size_t source_;
  std::string split_;
  Pairing pairing_ = Pairing::kRow;
  std::unique_ptr<ValueReader> texts_;
  Values read_;
  bool drop_zeros_ = false;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> positions_;
  std::vector<float> weights_;
};

}  // namespace kin::internal
