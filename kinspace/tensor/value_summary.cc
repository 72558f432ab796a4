#include "kinspace/tensor/value_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kinspace/base/error.h"

namespace kin {
namespace {

constexpr std::int64_t kChunkValues = std::int64_t{1} << 16;
constexpr std::size_t kLanes = 8;

/// Sums of one chunk. Value c of a row goes to lane c % kLanes, so that the order of additions is fixed.
struct Sums {
  std::int64_t count = 0;
  std::int64_t zeros = 0;
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();
  std::array<double, kLanes> sum{};
  std::array<double, kLanes> squares{};
};

double total(const std::array<double, kLanes>& lanes) noexcept {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

void add_value(float value, std::size_t lane, Sums& sums) noexcept {
  const bool finite = std::abs(value) <= std::numeric_limits<float>::max();
  const double v = finite ? double{value} : 0.0;
  sums.count += finite ? 1 : 0;
  sums.zeros += value == 0.0F ? 1 : 0;
  sums.min = finite && value < sums.min ? value : sums.min;
  sums.max = finite && value > sums.max ? value : sums.max;
  sums.sum[lane] += v;
  sums.squares[lane] += v * v;
}

std::int64_t rows_of_chunk(std::int64_t cols) noexcept {
  return std::max<std::int64_t>(1, kChunkValues / std::max<std::int64_t>(1, cols));
}

Sums sums_of(ConstMatrixView values, std::int64_t begin, std::int64_t end) noexcept {
  Sums sums;
  for (std::int64_t r = begin; r < end; ++r) {
    const float* row = values.row(r);
    for (std::int64_t c = 0; c < values.cols; ++c) add_value(row[c], static_cast<std::size_t>(c) % kLanes, sums);
  }
  return sums;
}

void count_into(ConstMatrixView values, std::int64_t begin, std::int64_t end, double min, double width,
                std::vector<std::int64_t>& counts) noexcept {
  const auto last = static_cast<double>(counts.size() - 1);
  for (std::int64_t r = begin; r < end; ++r) {
    const float* row = values.row(r);
    for (std::int64_t c = 0; c < values.cols; ++c) {
      if (!(std::abs(row[c]) <= std::numeric_limits<float>::max())) continue;
      // Truncation is floor here: no finite value lies below `min`.
      ++counts[static_cast<std::size_t>(std::min((double{row[c]} - min) / width, last))];
    }
  }
}

}  // namespace

ValueSummary summarize_values(ThreadPool& pool, ConstMatrixView values, int buckets) {
  if (buckets < 1 || buckets > 65536) {
    throw Error::invalid_argument(fmt::format("[summarize_values] {} buckets; it must be 1 to 65536", buckets));
  }
  const auto n = static_cast<std::size_t>(buckets);
  const std::int64_t chunk = rows_of_chunk(values.cols);
  const auto chunks = static_cast<std::size_t>((values.rows + chunk - 1) / chunk);
  std::vector<Sums> parts(chunks);
  parallel_for(pool, values.rows, chunk, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / chunk)] = sums_of(values, begin, end);
  });

  ValueSummary out;
  out.histogram.edges.assign(n + 1, 0.0);
  out.histogram.counts.assign(n, 0.0);
  Sums all;
  double sum = 0;
  double squares = 0;
  for (const Sums& part : parts) {
    all.count += part.count;
    all.zeros += part.zeros;
    all.min = std::min(all.min, part.min);
    all.max = std::max(all.max, part.max);
    sum += total(part.sum);
    squares += total(part.squares);
  }
  out.count = all.count;
  out.zeros = all.zeros;
  out.not_finite = values.rows * values.cols - all.count;
  if (all.count == 0) return out;
  out.min = double{all.min};
  out.max = double{all.max};
  out.mean = sum / static_cast<double>(all.count);
  out.norm = std::sqrt(squares);

  const double width = (out.max - out.min) / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) out.histogram.edges[i] = out.min + static_cast<double>(i) * width;
  out.histogram.edges[n] = out.max;
  if (width == 0) {
    out.histogram.counts[n - 1] = static_cast<double>(all.count);
    return out;
  }
  std::vector<std::vector<std::int64_t>> counts(chunks);
  parallel_for(pool, values.rows, chunk, [&](std::int64_t begin, std::int64_t end) {
    auto& mine = counts[static_cast<std::size_t>(begin / chunk)];
    mine.assign(n, 0);
    count_into(values, begin, end, out.min, width, mine);
  });
  for (const auto& part : counts) {
    for (std::size_t i = 0; i < n; ++i) out.histogram.counts[i] += static_cast<double>(part[i]);
  }
  return out;
}

}  // namespace kin
