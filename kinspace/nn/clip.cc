#include "kinspace/nn/clip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

void check_limit(const char* function, float limit) {
  if (!(limit >= 0))
    throw Error::invalid_argument(fmt::format("{}: a limit of {} has to be at least 0", function, limit));
}

double squares_of(MatrixView g) noexcept {
  double sum = 0;
  for (std::int64_t r = 0; r < g.rows; ++r) sum += double(kernels::active().dot(g.row(r), g.row(r), g.cols));
  return sum;
}

void scale(MatrixView g, float factor) noexcept {
  for (std::int64_t r = 0; r < g.rows; ++r) kernels::active().scale(factor, g.row(r), g.row(r), g.cols);
}

}  // namespace

void clip_by_value(MatrixView g, float low, float high) {
  if (!(low <= high)) throw Error::invalid_argument(fmt::format("clip_by_value: {} is not below {}", low, high));
  for (std::int64_t r = 0; r < g.rows; ++r) {
    for (float* x = g.row(r); x != g.row(r) + g.cols; ++x) *x = std::clamp(*x, low, high);
  }
}

void clip_by_norm(MatrixView g, float limit) {
  check_limit("clip_by_norm", limit);
  scale(g, norm_clipping(std::sqrt(squares_of(g)), limit));
}

void clip_rows_by_norm(MatrixView g, float limit) {
  for (std::int64_t r = 0; r < g.rows; ++r) clip_by_norm({g.row(r), 1, g.cols, g.cols}, limit);
}

void clip_by_average_norm(MatrixView g, float limit) {
  check_limit("clip_by_average_norm", limit);
  const double most = double(limit) * double(g.rows * g.cols);
  scale(g, norm_clipping(std::sqrt(squares_of(g)), static_cast<float>(most)));
}

double clip_by_global_norm(std::span<const MatrixView> gradients, float limit) {
  check_limit("clip_by_global_norm", limit);
  double squares = 0;
  for (const MatrixView& g : gradients) {
    if (g.data != nullptr) squares += squares_of(g);
  }
  const double norm = std::sqrt(squares);
  for (const MatrixView& g : gradients) {
    if (g.data != nullptr) scale(g, global_norm_clipping(norm, limit));
  }
  return norm;
}

float norm_clipping(double norm, float limit) noexcept {
  return norm <= double(limit) ? 1.0F : static_cast<float>(double(limit) / norm);  // NaN stays
}

float global_norm_clipping(double norm, float limit) noexcept {
  if (!std::isfinite(norm)) return std::numeric_limits<float>::quiet_NaN();
  return norm <= double(limit) ? 1.0F : static_cast<float>(double(limit) / norm);
}

}  // namespace kin
