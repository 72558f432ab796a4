#include "kinspace/metrics/ranking.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

struct KindRow {
  MetricKind kind;
  std::string_view name;
};

constexpr KindRow kKinds[] = {
    {MetricKind::kHitRate, "hr"},
    {MetricKind::kRecall, "recall"},
    {MetricKind::kNdcg, "ndcg"},
    {MetricKind::kMrr, "mrr"},
    {MetricKind::kMap, "map"},
    {MetricKind::kCoverage, "coverage"},
    {MetricKind::kPopularity, "popularity"},
};

constexpr std::string_view kFix =
    "write hr@K, recall@K, ndcg@K, map@K, mrr, coverage@K or popularity@K with a whole number K, such as \"ndcg@20\"";

Error bad_metric(std::string_view text, const std::string& what) {
  return Error::invalid_argument(fmt::format("metric {}: {}", quoted(text), what), std::string(kFix));
}

// A metric whose cut-off is absent comes back with k = 0.
Metric parse_parts(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const std::size_t at = trimmed.find('@');
  const std::string_view name = trimmed.substr(0, at);
  const auto* row =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& r) { return r.name == name; });
  if (row == std::end(kKinds)) {
    std::vector<std::string> names;
    for (const KindRow& r : kKinds) names.emplace_back(r.name);
    throw bad_metric(text, "there is no metric of that name" + did_you_mean(name, names));
  }
  Metric metric{row->kind, 0};
  if (at == std::string_view::npos) return metric;
  if (metric.kind == MetricKind::kMrr) throw bad_metric(text, "mrr has no cut-off: it looks at all ranks");
  const std::string_view digits = trimmed.substr(at + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), metric.k);
  if (error != std::errc{} || end != digits.data() + digits.size() || metric.k < 1 || metric.k > kMaxCutoff) {
    throw bad_metric(text, fmt::format("the cut-off behind @ must be a whole number from 1 to {}", kMaxCutoff));
  }
  return metric;
}

Metric require_cutoff(const Metric& metric, std::string_view text) {
  if (metric.k == 0 && metric.kind != MetricKind::kMrr) throw bad_metric(text, "the cut-off is missing");
  return metric;
}

double discount(std::int64_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 1.0);
}

bool hit(std::int64_t rank, std::int64_t k) {
  return rank != kUnreachable && rank <= k;
}

double recall(std::span<const std::int64_t> ranks, std::int64_t k, std::int64_t ideal) {
  const auto hits = std::count_if(ranks.begin(), ranks.end(), [&](std::int64_t r) { return hit(r, k); });
  return static_cast<double>(hits) / static_cast<double>(ideal);
}

double ndcg(std::span<const std::int64_t> ranks, std::int64_t k, std::int64_t ideal) {
  double gain = 0;
  double best = 0;
  for (const std::int64_t r : ranks) gain += hit(r, k) ? discount(r) : 0.0;
  for (std::int64_t j = 1; j <= ideal; ++j) best += discount(j);
  return gain / best;
}

double average_precision(std::span<const std::int64_t> ranks, std::int64_t k, std::int64_t ideal) {
  double sum = 0;
  for (const std::int64_t r : ranks) {
    if (hit(r, k))
      sum += static_cast<double>(
                 std::count_if(ranks.begin(), ranks.end(), [&](std::int64_t other) { return hit(other, r); })) /
             static_cast<double>(r);
  }
  return sum / static_cast<double>(ideal);
}

double reciprocal_rank(std::span<const std::int64_t> ranks) {
  std::int64_t best = kUnreachable;
  for (const std::int64_t r : ranks) {
    if (r != kUnreachable && (best == kUnreachable || r < best)) best = r;
  }
  return best == kUnreachable ? 0.0 : 1.0 / static_cast<double>(best);
}

}  // namespace

Metric parse_metric(std::string_view text) {
  return require_cutoff(parse_parts(text), text);
}

std::vector<Metric> parse_metrics(std::span<const std::string> texts) {
  std::vector<Metric> metrics;
  std::int64_t last_cutoff = 0;
  for (const std::string& text : texts) {
    Metric metric = parse_parts(text);
    if (metric.k == 0 && !metric.of_ranks()) metric.k = last_cutoff;
    require_cutoff(metric, text);
    if (metric.k != 0) last_cutoff = metric.k;
    if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end()) {
      throw Error::invalid_argument(fmt::format("metric {} is asked for twice", quoted(metric_name(metric))),
                                    "name each metric once");
    }
    metrics.push_back(metric);
  }
  return metrics;
}

std::string metric_name(const Metric& metric) {
  const auto* row =
      std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& r) { return r.kind == metric.kind; });
  KIN_ASSERT(row != std::end(kKinds));
  return metric.k == 0 ? std::string(row->name) : fmt::format("{}@{}", row->name, metric.k);
}

double ranking_value(const Metric& metric, std::span<const std::int64_t> ranks) {
  if (ranks.empty()) return 0.0;
  const std::int64_t ideal = std::min(metric.k, static_cast<std::int64_t>(ranks.size()));
  switch (metric.kind) {
    case MetricKind::kHitRate:
      return std::any_of(ranks.begin(), ranks.end(), [&](std::int64_t r) { return hit(r, metric.k); }) ? 1.0 : 0.0;
    case MetricKind::kRecall:
      return recall(ranks, metric.k, ideal);
    case MetricKind::kNdcg:
      return ndcg(ranks, metric.k, ideal);
    case MetricKind::kMap:
      return average_precision(ranks, metric.k, ideal);
    case MetricKind::kMrr:
      return reciprocal_rank(ranks);
    case MetricKind::kCoverage:
    case MetricKind::kPopularity:
      break;
  }
  throw Error::internal(fmt::format("{} does not follow from the ranks of the targets", metric_name(metric)));
}

}  // namespace kin
