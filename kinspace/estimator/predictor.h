#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/evaluate.h"
#include "kinspace/estimator/row_data.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/step.h"

namespace kin {

/// A trained model over rows, loaded once and validated whole: encodes rows as in training, and predicts.
/// Threads   one call at a time.
class Predictor {
 public:
  /// Reads a run directory. `model` is the model function that it was trained with, where that was no canned one.
  /// Errors   kIo (no model there: nothing is predicted from random weights), kCorruption, kNotSupported,
  ///          kInvalidArgument when the directory holds a recommender.
  static Predictor load(const std::string& directory, const ModelFn& model = {});
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  const Spec& spec() const noexcept;
  const ModelAttributes& attributes() const noexcept;
  const std::string& checksum() const noexcept;  ///< of its manifest, and so of everything: the model's name
  const Head& head() const noexcept;
  const ParameterStore& parameters() const noexcept;

  /// Predictions for encoded rows (encode them with encoder()): those of the head and of the model function.
  std::vector<Prediction> predict(ThreadPool& pool, const EncodedBatch& rows);

  /// The encoder of rows without labels.
  Encoder& encoder() noexcept;

  /// The rows of a table, in batches in their order. Errors   those of encode_rows(), and what `take` throws.
  EncodeCounts predict(ThreadPool& pool, Table& table, const EncodeOptions& options,
                       FunctionRef<void(std::int64_t rows, const std::vector<Prediction>&)> take);

  /// Metrics over a part of the spec's data, or, with data options of another table, over all of its rows; and over
  /// each slice of these rows as if it were alone: those who sum up the slices of an entry have all rows once.
  /// "loss" is the mean over batches, as TensorFlow has it; all else is by row.
  /// Errors   those of load_rows(); kBadData when there is no row; kInvalidArgument for a column to slice by that is
  /// not
  ///          there or holds lists, and for a metric that the head does not have.
  /// Cost     each entry to slice by at most doubles the time.
  RowEvaluation evaluate(ThreadPool& pool, Part part, const EncodeOptions& options,
                         const RowEvaluateOptions& what = {});
  RowEvaluation evaluate(ThreadPool& pool, const DataOptions& data, const EncodeOptions& options,
                         const RowEvaluateOptions& what = {});

 private:
  struct Impl;
  explicit Predictor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kin
