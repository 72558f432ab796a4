#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/features/internal/batch_rows.h"

namespace kin::internal {

/// One feature column at work.
class ColumnEncoder {
 public:
  virtual ~ColumnEncoder() = default;

  /// Of an encoder that is fitted.
  virtual std::unique_ptr<ColumnEncoder> clone() const = 0;

  /// Errors   kInvalidArgument: a source whose type does not fit.
  virtual void bind(const Binding& binding) = 0;

  virtual bool fitted() const noexcept = 0;

  /// Errors   kBadData.
  virtual void learn(const BatchRows& rows) = 0;

  /// What it learned becomes `out`, which outlives it. Errors   kBadData naming the column when nothing could be
  /// learned.
  virtual void finish(FittedColumn& out) = 0;

  /// Tells a cross what its parts are. Errors   kInvalidArgument: too many combinations.
  virtual void resolve(const std::vector<EncodedInfo>& /*parts*/) {}

  /// `parts` holds the columns that this one is a cross of. Errors   kBadData naming row, column and value.
  virtual void encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) = 0;

  /// Whether its ids may be numbers by order of arrival first and ids later.
  virtual bool provisional() const noexcept { return false; }

  /// encode() with such numbers; values of rows with a byte in `training`, which is parallel to them, are learned from.
  virtual void encode_provisional(const BatchRows& /*rows*/, const std::vector<std::uint8_t>& /*training*/,
                                  EncodedColumn& /*out*/) {}
  virtual const std::vector<std::uint32_t>* renumbering() const noexcept { return nullptr; }

  /// Sets what is known: categorical, num_buckets, width, weighted, sequence.
  virtual void describe(EncodedInfo& info) const = 0;

  virtual const Vocabulary* vocabulary() const noexcept { return nullptr; }
};

}  // namespace kin::internal
