#include "kinspace/estimator/encoded_arrays.h"

#include <utility>

namespace kin {
namespace {

template <class T>
void add(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class T>
TensorSource vector_source(std::string name, const std::vector<T>& values) {
  return TensorSource::contiguous<T>(std::move(name), {static_cast<std::int64_t>(values.size())},
                                     std::span<const T>(values));
}

}  // namespace

EncodedArrays::EncodedArrays(const std::vector<EncodedInfo>& columns, std::vector<std::size_t> chosen)
    : chosen_(std::move(chosen)), columns_(chosen_.size()) {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    infos_.push_back(columns[chosen_[i]]);
    if (infos_[i].categorical || infos_[i].sequence) columns_[i].offsets.push_back(0);
  }
}

void EncodedArrays::append(const EncodedBatch& batch) {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const EncodedColumn& from = batch.columns[chosen_[i]];
    EncodedColumn& to = columns_[i];
    if (!to.offsets.empty()) {
      const std::int64_t base = to.offsets.back();
      for (std::size_t r = 1; r < from.offsets.size(); ++r) to.offsets.push_back(base + from.offsets[r]);
    }
    add(to.ids, from.ids);
    add(to.dense, from.dense);
    if (infos_[i].weighted) add(to.weights, from.weights);
    if (!infos_[i].sequence) continue;
    if (infos_[i].categorical) add(to.positions, from.positions);
    add(to.lengths, from.lengths);
  }
  rows_ += batch.rows;
}

std::uint64_t EncodedArrays::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const EncodedColumn& c : columns_) {
    sum += 8 * (c.offsets.size() + c.ids.size() + c.lengths.size()) +
           4 * (c.weights.size() + c.positions.size() + c.dense.size());
  }
  return sum;
}

std::vector<TensorSource> EncodedArrays::sources() const {
  std::vector<TensorSource> out;
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    const EncodedInfo& info = infos_[i];
    const EncodedColumn& c = columns_[i];
    if (!c.offsets.empty()) out.push_back(vector_source(info.name + ".offsets", c.offsets));
    if (info.categorical) {
      out.push_back(vector_source(info.name + ".ids", c.ids));
    } else {
      const std::int64_t rows = info.sequence ? c.offsets.back() : rows_;
      out.push_back(TensorSource::contiguous<float>(info.name, {rows, info.width}, std::span<const float>(c.dense)));
    }
    if (info.weighted) out.push_back(vector_source(info.name + ".weights", c.weights));
    if (!info.sequence) continue;
    if (info.categorical) out.push_back(vector_source(info.name + ".positions", c.positions));
    out.push_back(vector_source(info.name + ".lengths", c.lengths));
  }
  return out;
}

}  // namespace kin
