#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/internal/column_encoder.h"
#include "kinspace/features/internal/normalizer.h"
#include "kinspace/features/internal/number_reader.h"

namespace kin::internal {

/// Numbers as they are or scaled. All are finite unless missing = "nan": what is beyond float32 becomes its largest
/// number, and infinities count as missing.
///
/// Learned   FittedColumn::numbers: what the Normalizer of each place in a row learned, one after another.
class NumericEncoder final : public ColumnEncoder {
 public:
  /// Errors   kInvalidArgument for settings that say nothing; kCorruption for learned numbers that do not fit.
  NumericEncoder(std::string name, const NumericColumn& column, NumberReader numbers, const FittedColumn* fitted);

  std::unique_ptr<ColumnEncoder> clone() const override { return std::make_unique<NumericEncoder>(*this); }
  void bind(const Binding& binding) override { numbers_.bind(binding); }
  bool fitted() const noexcept override { return fitted_; }
  void learn(const BatchRows& rows) override;
  void finish(FittedColumn& out) override;
  void encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) override;
  void describe(EncodedInfo& info) const override;

 private:
  enum class Missing : std::uint8_t { kError, kConstant, kMean, kNan };

  void use(const std::vector<double>& learned);
  double clipped(double number) const noexcept;
  float encoded(const BatchRows& rows, std::size_t row, std::size_t place, double number) const;
  void encode_plain(const BatchRows& rows, EncodedColumn& out);

  std::string name_;
  NumberReader numbers_;
  std::size_t size_;
  Missing missing_ = Missing::kError;
  double fill_;
  std::vector<double> clip_;
  Scale scale_ = Scale::kNone;
  bool sequence_;
  bool fitted_ = true;
  std::vector<Normalizer> normalizers_;  // one for each place in a row
  std::vector<double> read_;
  std::vector<std::int64_t> offsets_;
};

}  // namespace kin::internal
