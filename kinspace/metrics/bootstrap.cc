#include "kinspace/metrics/bootstrap.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

constexpr std::int64_t kDrawsPerChunk = 64;

/// Value below which the share p of `sorted` lies, linear between neighbours.
double quantile(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// z with P(|Z| <= z) = p for a standard normal Z, by bisection: erf is monotone and called a handful of times.
double normal_quantile(double p) {
  double low = 0;
  double high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (std::erf(middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return low;
}

std::vector<double> column(std::span<const double> values, std::int64_t columns, std::int64_t m) {
  std::vector<double> out;
  out.reserve(values.size() / static_cast<std::size_t>(columns));
  for (auto i = static_cast<std::size_t>(m); i < values.size(); i += static_cast<std::size_t>(columns)) {
    out.push_back(values[i]);
  }
  return out;
}

std::vector<Interval> normal_intervals(std::span<const double> values, std::int64_t columns, double confidence) {
  const double z = normal_quantile(confidence);
  std::vector<Interval> intervals;
  for (std::int64_t m = 0; m < columns; ++m) {
    const std::vector<double> one = column(values, columns, m);
    const double half = z * standard_error(one);
    intervals.push_back({mean(one) - half, mean(one) + half});
  }
  return intervals;
}

}  // namespace

double mean(std::span<const double> values) {
  if (values.empty()) return 0.0;
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double standard_error(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const double center = mean(values);
  const auto n = static_cast<double>(values.size());
  double squares = 0;
  for (const double v : values) squares += (v - center) * (v - center);
  return std::sqrt(squares / (n - 1.0) / n);
}

std::vector<Interval> bootstrap_means(ThreadPool& pool, std::span<const double> values, std::int64_t columns,
                                      const BootstrapOptions& options) {
  if (options.draws < 1) {
    throw Error::invalid_argument(fmt::format("bootstrap: {} draws; at least 1 is needed", options.draws));
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    throw Error::invalid_argument(
        fmt::format("bootstrap: a confidence of {} is not between 0 and 1", options.confidence));
  }
  if (columns == 0) return {};
  KIN_ASSERT(columns > 0 && values.size() % static_cast<std::size_t>(columns) == 0);
  const auto users = static_cast<std::int64_t>(values.size()) / columns;
  if (users == 0) return std::vector<Interval>(static_cast<std::size_t>(columns));
  if (users > kBootstrapUsers) return normal_intervals(values, columns, options.confidence);

  const auto width = static_cast<std::size_t>(columns);
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<double> means(width * draws);  // [M, draws], each column of `values` in one piece for sorting
  parallel_for(pool, options.draws, kDrawsPerChunk, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> sums(width);
    for (std::int64_t d = begin; d < end; ++d) {
      RandomStream random(options.seed, Purpose::kBootstrap, static_cast<std::uint64_t>(d), 0);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::int64_t u = 0; u < users; ++u) {
        const double* row = values.data() + random.below(static_cast<std::uint64_t>(users)) * width;
        for (std::size_t m = 0; m < width; ++m) sums[m] += row[m];
      }
      for (std::size_t m = 0; m < width; ++m) {
        means[m * draws + static_cast<std::size_t>(d)] = sums[m] / static_cast<double>(users);
      }
    }
  });

  const double tail = 0.5 * (1.0 - options.confidence);
  std::vector<Interval> intervals(width);
  pool.run(columns, [&](std::int64_t m) {
    const std::span<double> sorted(means.data() + static_cast<std::size_t>(m) * draws, draws);
    std::sort(sorted.begin(), sorted.end());
    intervals[static_cast<std::size_t>(m)] = {quantile(sorted, tail), quantile(sorted, 1.0 - tail)};
  });
  return intervals;
}

PairedDifference paired_difference(ThreadPool& pool, std::span<const double> first, std::span<const double> second,
                                   const BootstrapOptions& options) {
  KIN_ASSERT(first.size() == second.size());
  std::vector<double> difference(first.size());
  for (std::size_t u = 0; u < first.size(); ++u) difference[u] = first[u] - second[u];
  return {mean(difference), standard_error(difference), bootstrap_means(pool, difference, 1, options).front()};
}

}  // namespace kin
