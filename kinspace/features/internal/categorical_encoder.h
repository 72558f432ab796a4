#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kinspace/features/internal/column_encoder.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/internal/value_reader.h"
#include "kinspace/features/internal/weights.h"

namespace kin::internal {

/// Values become ids: identity, hash, vocabulary and text columns.
class CategoricalEncoder final : public ColumnEncoder {
 public:
  struct Options {
    bool sequence = false;
    bool pairs = false;  ///< the reader gives weights
  };
  CategoricalEncoder(std::unique_ptr<ValueReader> reader, std::unique_ptr<IdMaker> ids, std::optional<Weights> weights,
                     Options options);

  std::unique_ptr<ColumnEncoder> clone() const override;
  void bind(const Binding& binding) override;
  bool fitted() const noexcept override { return ids_->fitted(); }
  void learn(const BatchRows& rows) override;
  void finish(FittedColumn& out) override { ids_->finish(out); }
  void encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) override;
  bool provisional() const noexcept override { return !ids_->fitted(); }
  void encode_provisional(const BatchRows& rows, const std::vector<std::uint8_t>& training,
                          EncodedColumn& out) override;
  const std::vector<std::uint32_t>* renumbering() const noexcept override { return &ids_->renumbering(); }
  void describe(EncodedInfo& info) const override;
  const Vocabulary* vocabulary() const noexcept override { return ids_->vocabulary(); }

 private:
  template <class Make>
  void encode_with(const BatchRows& rows, EncodedColumn& out, Make make);

  std::unique_ptr<ValueReader> reader_;
  std::unique_ptr<IdMaker> ids_;
  std::optional<Weights> weights_;
  Options options_;
  Values values_;
};

}  // namespace kin::internal
