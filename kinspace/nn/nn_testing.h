#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/nn/internal/weighted_sum.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin::testing {

/// A sparse tensor that owns its memory.
struct Ids {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int64_t> ids;
  std::vector<float> weights;

  Ids() = default;
  explicit Ids(const std::vector<std::vector<std::int64_t>>& examples, std::vector<float> w = {})
      : weights(std::move(w)) {
    for (const auto& example : examples) {
      ids.insert(ids.end(), example.begin(), example.end());
      offsets.push_back(static_cast<std::int64_t>(ids.size()));
    }
  }
  SparseTensor tensor() const { return {offsets, ids, weights}; }
};

inline Ids ids_of(const std::vector<std::vector<std::int64_t>>& examples, std::vector<float> weights = {}) {
  return Ids(examples, std::move(weights));
}

/// `examples` lists of `least` to `most` ids below `items`, -1 among them if `negative`.
inline Ids random_ids(std::uint64_t seed, std::int64_t examples, std::int64_t least, std::int64_t most,
                      std::int64_t items, bool negative = false) {
  RandomStream stream(seed, Purpose::kPick, 0, 0);
  Ids out;
  for (std::int64_t b = 0; b < examples; ++b) {
    const auto count = least + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(most - least + 1)));
    for (std::int64_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(items)));
      out.ids.push_back(negative && stream.below(5) == 0 ? -1 : id);
    }
    out.offsets.push_back(static_cast<std::int64_t>(out.ids.size()));
  }
  return out;
}

inline Matrix random_matrix(std::uint64_t seed, std::int64_t rows, std::int64_t cols, float size = 1.0F) {
  RandomStream stream(seed, Purpose::kPick, 1, 0);
  Matrix m(rows, cols);
  for (float& value : m.values()) value = size * (2.0F * stream.uniform() - 1.0F);
  return m;
}

/// A parameter of `store` filled with random numbers that are a function of its name.
inline Parameter& random_parameter(ParameterStore& store, ThreadPool& pool, const std::string& name, std::int64_t rows,
                                   std::int64_t dim, float size = 1.0F) {
  return store.parameter(pool, name, rows, dim, {.initial = Initial::truncated_normal(size)});
}

using internal::weighted_sum;

/// Every optimizer in each of its forms and variants.
std::vector<OptimizerOptions> every_optimizer();

/// Weights and slots of all parameters, as bytes.
std::string bytes_of(ParameterStore& store);

}  // namespace kin::testing
