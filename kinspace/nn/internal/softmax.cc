#include "kinspace/nn/internal/softmax.h"

#include <fmt/format.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"

namespace kin::internal {

bool TargetShares::counts(const SparseTensor& targets, std::int64_t b) const noexcept {
  const auto first = static_cast<std::size_t>(targets.offsets[static_cast<std::size_t>(b)]);
  const auto last = static_cast<std::size_t>(targets.offsets[static_cast<std::size_t>(b) + 1]);
  for (std::size_t i = first; i < last; ++i) {
    if (share[i] > 0) return true;
  }
  return false;
}

TargetShares target_shares(Tape& tape, const char* op, const SparseTensor& targets, std::int64_t examples,
                           std::int64_t items, Reduction reduction) {
  check_sparse(op, targets);
  if (targets.rows() != examples) {
    throw Error::internal(fmt::format("{}: targets of {} examples for {} queries", op, targets.rows(), examples));
  }
  TargetShares shares;
  shares.share = tape.arena().array<float>(targets.ids.size());
  std::int64_t counted = 0;
  for (std::int64_t b = 0; b < examples; ++b) {
    const auto first = static_cast<std::size_t>(targets.offsets[static_cast<std::size_t>(b)]);
    const auto last = static_cast<std::size_t>(targets.offsets[static_cast<std::size_t>(b) + 1]);
    float sum = 0.0F;
    for (std::size_t i = first; i < last; ++i) {
      if (targets.ids[i] >= items) {
        throw Error::invalid_argument(
            fmt::format("{}: target {} of example {} is beyond the {} items", op, targets.ids[i], b, items));
      }
      const float w = targets.ids[i] < 0 ? 0.0F : targets.weights.empty() ? 1.0F : targets.weights[i];
      if (!(w >= 0 && std::isfinite(w))) {
        throw Error::invalid_argument(
            fmt::format("{}: the weight {} of a target of example {} has to be a number from 0 on", op, w, b));
      }
      shares.share[i] = w;
      sum += w;
    }
    for (std::size_t i = first; i < last && sum > 0; ++i) shares.share[i] /= sum;
    if (sum > 0) ++counted;
  }
  shares.factor = reduction == Reduction::kSum ? 1.0F : counted == 0 ? 0.0F : 1.0F / static_cast<float>(counted);
  return shares;
}

float softmax_in_place(float* z, std::int64_t n, float factor) noexcept {
  const kernels::Table& k = kernels::active();
  const float shift = k.max(z, n);
  const float sum = k.exp_shift_sum(shift, z, n);
  k.scale(factor / sum, z, z, n);
  float log_sum = 0.0F;
  k.log(&sum, &log_sum, 1);
  return shift + log_sum;
}

double ordered_sum(std::span<const double> values) noexcept {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

}  // namespace kin::internal
