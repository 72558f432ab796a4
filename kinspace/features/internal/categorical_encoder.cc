#include "kinspace/features/internal/categorical_encoder.h"

#include <utility>

namespace kin::internal {

CategoricalEncoder::CategoricalEncoder(std::unique_ptr<ValueReader> reader, std::unique_ptr<IdMaker> ids,
                                       std::optional<Weights> weights, Options options)
    : reader_(std::move(reader)), ids_(std::move(ids)), weights_(std::move(weights)), options_(options) {}

std::unique_ptr<ColumnEncoder> CategoricalEncoder::clone() const {
  return std::make_unique<CategoricalEncoder>(reader_->clone(), ids_->clone(), weights_, options_);
}

void CategoricalEncoder::bind(const Binding& binding) {
  reader_->bind(binding);
  ids_->bind(reader_->integers());
  if (weights_) weights_->bind(binding);
}

void CategoricalEncoder::learn(const BatchRows& rows) {
  reader_->read(rows, values_);
  ids_->learn(values_);
}

template <class Make>
void CategoricalEncoder::encode_with(const BatchRows& rows, EncodedColumn& out, Make make) {
  // The reader writes where the caller wants it.
  values_.offsets.swap(out.offsets);
  values_.positions.swap(out.positions);
  reader_->read(rows, values_);
  make(values_, out.ids);
  out.offsets.swap(values_.offsets);
  out.positions.swap(values_.positions);
  if (options_.sequence) {
    out.lengths.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto end = static_cast<std::size_t>(out.offsets[i + 1]);
      out.lengths[i] = out.offsets[i] == out.offsets[i + 1] ? 0 : std::int64_t{out.positions[end - 1]} + 1;
    }
  }
  if (options_.pairs) out.weights.assign(values_.weights.begin(), values_.weights.end());
  if (weights_) weights_->pair(rows, out);
}

void CategoricalEncoder::encode(const BatchRows& rows, const std::vector<EncodedColumn>& /*parts*/,
                                EncodedColumn& out) {
  encode_with(rows, out, [&](const Values& values, std::vector<std::int64_t>& ids) { ids_->make(values, rows, ids); });
}

void CategoricalEncoder::encode_provisional(const BatchRows& rows, const std::vector<std::uint8_t>& training,
                                            EncodedColumn& out) {
  encode_with(rows, out, [&](const Values& values, std::vector<std::int64_t>& ids) {
    ids_->make_provisional(values, training, ids);
  });
}

void CategoricalEncoder::describe(EncodedInfo& info) const {
  info.categorical = true;
  info.num_buckets = ids_->num_buckets();
  info.weighted = weights_.has_value() || options_.pairs;
  info.sequence = options_.sequence;
}

}  // namespace kin::internal
