#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/features/internal/column_encoder.h"
#include "kinspace/features/internal/number_reader.h"
#include "kinspace/features/internal/weights.h"
#include "kinspace/features/quantile_sketch.h"

namespace kin::internal {

/// Numbers become the ids of their buckets, compared as float32, and with `piecewise` also shares of them.
///
/// Learned   FittedColumn::numbers: the least number, the boundaries, the greatest number.
class BucketizedEncoder final : public ColumnEncoder {
 public:
  /// Errors   kInvalidArgument: not exactly one way to say the boundaries, or they do not rise.
  BucketizedEncoder(std::string name, const BucketizedColumn& column, NumberReader numbers,
                    std::optional<Weights> weights, const FittedColumn* fitted);

  std::unique_ptr<ColumnEncoder> clone() const override { return std::make_unique<BucketizedEncoder>(*this); }
  void bind(const Binding& binding) override;
  bool fitted() const noexcept override { return fitted_; }
  void learn(const BatchRows& rows) override;
  void finish(FittedColumn& out) override;
  void encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) override;
  void describe(EncodedInfo& info) const override;

 private:
  void use(const std::vector<double>& learned);
  std::int64_t buckets() const noexcept;
  void make_ids(const BatchRows& rows, EncodedColumn& out) const;
  void make_shares(EncodedColumn& out) const;

  enum class Missing : std::uint8_t { kLast, kBucket, kError };

  std::string name_;
  NumberReader numbers_;
  std::optional<Weights> weights_;
  std::int64_t size_;
  std::int64_t quantiles_;
  Missing missing_ = Missing::kLast;
  bool piecewise_;
  bool fitted_ = false;
  std::vector<float> boundaries_;
  std::vector<double> ends_;  // of the buckets, the outer ones too: piecewise
  std::optional<QuantileSketch> sketch_;
  std::vector<float> read_;
};

}  // namespace kin::internal
