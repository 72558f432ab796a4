#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kin {

/// Weights by label and predicted class, [K, K].
///
/// Memory   8 K^2 bytes.
/// Source   tf.compat.v1.metrics.mean_iou, mean_per_class_accuracy.
class ClassCounts {
 public:
  /// Errors   kInvalidArgument unless 1 <= classes <= 16384.
  explicit ClassCounts(std::int64_t classes);

  /// Errors   kBadData when one of the two is no class.
  void add(std::int64_t label, std::int64_t predicted, double weight = 1.0);

  std::int64_t classes() const noexcept { return classes_; }
  double count(std::int64_t label, std::int64_t predicted) const noexcept {
    return counts_[static_cast<std::size_t>(label * classes_ + predicted)];
  }

  /// Share of what was predicted right; 0 without weight.
  double accuracy() const noexcept;

  /// Mean over all classes of the share of their labels that was predicted right, 0 for a class without labels.
  double mean_per_class_accuracy() const noexcept;

  /// Mean over the classes that occur, as label or prediction, of right / (labels + predictions - right).
  double mean_iou() const noexcept;

 private:
  double labels(std::int64_t c) const noexcept;

  std::int64_t classes_;
  std::vector<double> counts_;
};

/// The first of the largest scores; NaN is never the largest. -1 without scores.
std::int64_t best_class(std::span<const float> scores) noexcept;

/// The k classes with the largest scores (all, if fewer), largest first, the smaller number first among equals; NaN is
/// below all numbers. Cost   O(K log k).
std::vector<std::int64_t> top_classes(std::span<const float> scores, std::int64_t k);

/// Whether fewer than k classes score higher than `target`, so that ties are in. False if the target is no class or its
/// score or an earlier one is not finite.
/// Source   tf.math.in_top_k.
bool in_top_k(std::span<const float> scores, std::int64_t target, std::int64_t k) noexcept;

/// Precision, recall and average precision of the k classes that score highest, over rows with any number of labels.
///
///   precision = sum of w |top k and labels| / sum of w |top k|
///   recall    = sum of w |top k and labels| / sum of w |labels|
///   average precision of a row = sum over places i <= k that hold a label of (labels up to i) / i,
///                                divided by min(k, number of labels); the weighted mean over rows
///
/// Labels   a set: one that is given twice counts once, but for the number of labels of the average precision, where
///          TensorFlow counts it twice. Labels below 0 are ignored.
/// Source   tf.compat.v1.metrics.precision_at_k, recall_at_k, average_precision_at_k.
class LabelsAtK {
 public:
  /// Errors   kInvalidArgument unless k >= 1.
  explicit LabelsAtK(std::int64_t k);

  void add(std::span<const float> scores, std::span<const std::int64_t> labels, double weight = 1.0);

  double precision() const noexcept { return retrieved_ == 0 ? 0.0 : hits_ / retrieved_; }
  double recall() const noexcept { return relevant_ == 0 ? 0.0 : hits_ / relevant_; }
  double average_precision() const noexcept { return rows_ == 0 ? 0.0 : precisions_ / rows_; }

 private:
  std::int64_t k_;
  double hits_ = 0;
  double retrieved_ = 0;
  double relevant_ = 0;
  double precisions_ = 0;
  double rows_ = 0;
};

}  // namespace kin
