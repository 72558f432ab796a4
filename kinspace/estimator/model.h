#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/index/exact.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

class Scorer;

/// A trained recommender, loaded once and validated whole, then read only: any number of threads may ask it.
class Model {
 public:
  /// Reads a run directory. Its files must not be overwritten in place while the model lives (FileMapping); to replace
  /// or remove them is fine. Errors: kIo (no model there), kCorruption, kNotSupported, kResourceLimit.
  static Model load(const std::string& directory);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const Spec& spec() const noexcept;
  const ModelAttributes& attributes() const noexcept;
  const std::string& directory() const noexcept;
  const std::string& checksum() const noexcept;   ///< of its manifest, and so of everything: the model's name
  const Vocabulary& vocabulary() const noexcept;  ///< of the target column: one row for each item
  std::int64_t items() const noexcept { return vocabulary().size(); }
  std::int64_t dim() const noexcept { return embeddings().cols; }
  std::int64_t unknown_row() const noexcept;    ///< row of the embedding table for unknown items; -1: none
  ConstMatrixView embeddings() const noexcept;  ///< [V, D] input table, without the unknown row
  std::int64_t parameters() const noexcept;     ///< trained numbers

  /// Queries [B, Q] of histories of vocabulary rows, oldest first; -1 is an unknown item. Only the last `head.context`
  /// known events of each count; a history without any gets the query of the empty context.
  Matrix queries(ThreadPool& pool, std::span<const std::vector<std::int64_t>> histories) const;

  /// Index over what is recommended: dot product with the output table plus the item's bias.
  const ExactIndex& output_index() const noexcept;
  float score(std::span<const float> query, std::int64_t row) const;

  /// Scorer of cases for evaluation; `row_of_item` as vocabulary().rows_of() gives it. Both must outlive it.
  std::unique_ptr<Scorer> scorer(ThreadPool& pool, std::span<const std::int32_t> row_of_item) const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct RecommendOptions {
  std::int64_t k = 10;
  bool exclude_seen = true;  ///< items of the history are not recommended
};

/// The k best items of each history, best first, ties by the smaller row; fewer when the catalogue is smaller.
std::vector<std::vector<Neighbour>> recommend(const Model& model, ThreadPool& pool,
                                              std::span<const std::vector<std::int64_t>> histories,
                                              const RecommendOptions& options);

/// What each item of the history adds to the score of `row`: the score minus that of the history without the item.
/// Parallel to `history`; 0 for items that the model does not look at.
std::vector<float> explain(const Model& model, ThreadPool& pool, const std::vector<std::int64_t>& history,
                           std::int64_t row);

}  // namespace kin
