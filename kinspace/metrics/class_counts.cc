#include "kinspace/metrics/class_counts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kinspace/base/error.h"

namespace kin {

ClassCounts::ClassCounts(std::int64_t classes) : classes_(classes) {
  constexpr std::int64_t kMost = 16384;
  if (classes < 1 || classes > kMost) {
    throw Error::invalid_argument(fmt::format("counts by class of {} classes; 1 to {} can be counted", classes, kMost));
  }
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

void ClassCounts::add(std::int64_t label, std::int64_t predicted, double weight) {
  const auto inside = [&](std::int64_t c) { return c >= 0 && c < classes_; };
  if (!inside(label) || !inside(predicted)) {
    throw Error::bad_data(
        fmt::format("label {} with prediction {}; classes are 0 to {}", label, predicted, classes_ - 1));
  }
  counts_[static_cast<std::size_t>(label * classes_ + predicted)] += weight;
}

double ClassCounts::labels(std::int64_t c) const noexcept {
  double sum = 0;
  for (std::int64_t p = 0; p < classes_; ++p) sum += count(c, p);
  return sum;
}

double ClassCounts::accuracy() const noexcept {
  double right = 0;
  for (std::int64_t c = 0; c < classes_; ++c) right += count(c, c);
  const double all = std::accumulate(counts_.begin(), counts_.end(), 0.0);
  return all == 0 ? 0.0 : right / all;
}

double ClassCounts::mean_per_class_accuracy() const noexcept {
  double sum = 0;
  for (std::int64_t c = 0; c < classes_; ++c) {
    const double all = labels(c);
    sum += all == 0 ? 0.0 : count(c, c) / all;
  }
  return sum / double(classes_);
}

double ClassCounts::mean_iou() const noexcept {
  double sum = 0;
  std::int64_t valid = 0;
  for (std::int64_t c = 0; c < classes_; ++c) {
    double either = labels(c);
    for (std::int64_t l = 0; l < classes_; ++l) either += l == c ? 0.0 : count(l, c);
    if (either == 0) continue;
    sum += count(c, c) / either;
    ++valid;
  }
  return valid == 0 ? 0.0 : sum / double(valid);
}

std::int64_t best_class(std::span<const float> scores) noexcept {
  std::int64_t best = scores.empty() ? -1 : 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    const float so_far = scores[static_cast<std::size_t>(best)];
    if (scores[i] > so_far || (std::isnan(so_far) && !std::isnan(scores[i]))) best = static_cast<std::int64_t>(i);
  }
  return best;
}

std::vector<std::int64_t> top_classes(std::span<const float> scores, std::int64_t k) {
  const auto score = [&](std::int64_t c) {
    const float s = scores[static_cast<std::size_t>(c)];
    return std::isnan(s) ? -HUGE_VALF : s;
  };
  std::vector<std::int64_t> all(scores.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  const auto count = std::clamp<std::int64_t>(k, 0, static_cast<std::int64_t>(all.size()));
  std::partial_sort(all.begin(), all.begin() + count, all.end(), [&](std::int64_t a, std::int64_t b) {
    return score(a) > score(b) || (score(a) == score(b) && a < b);
  });
  all.resize(static_cast<std::size_t>(count));
  return all;
}

bool in_top_k(std::span<const float> scores, std::int64_t target, std::int64_t k) noexcept {
  if (target < 0 || target >= static_cast<std::int64_t>(scores.size())) return false;
  const float wanted = scores[static_cast<std::size_t>(target)];
  if (!std::isfinite(wanted)) return false;
  std::int64_t higher = 0;
  for (const float score : scores) {
    if (!std::isfinite(score)) return false;
    higher += score > wanted ? 1 : 0;
    if (higher >= k) return false;
  }
  return higher < k;
}

LabelsAtK::LabelsAtK(std::int64_t k) : k_(k) {
  if (k < 1) throw Error::invalid_argument(fmt::format("the best {} classes; at least 1 is needed", k));
}

void LabelsAtK::add(std::span<const float> scores, std::span<const std::int64_t> labels, double weight) {
  std::vector<std::int64_t> wanted(labels.begin(), labels.end());
  std::erase_if(wanted, [](std::int64_t label) { return label < 0; });
  const auto given = static_cast<std::int64_t>(wanted.size());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  const std::vector<std::int64_t> top = top_classes(scores, k_);
  double hits = 0;
  double precisions = 0;
  for (std::size_t i = 0; i < top.size(); ++i) {
    if (!std::binary_search(wanted.begin(), wanted.end(), top[i])) continue;
    hits += 1;
    precisions += hits / double(i + 1);
  }
  hits_ += weight * hits;
  retrieved_ += weight * double(top.size());
  relevant_ += weight * double(wanted.size());
  rows_ += weight;
  if (given > 0) precisions_ += weight * precisions / double(std::min(k_, given));
}

}  // namespace kin
