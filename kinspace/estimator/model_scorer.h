#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kinspace/estimator/ranking_eval.h"
#include "kinspace/estimator/step.h"

namespace kin {

/// The output side of a model as it scores.
struct OutputLayer {
  ConstMatrixView items;        ///< [V, Q], rows of length 1 where the model says so; without the row of unknown items
  std::span<const float> bias;  ///< V, or none
  Matrix made;                  ///< memory of `items` where they had to be made
  std::vector<float> gathered;  ///< memory of `bias` where it had to be made
};

/// Borrows from the parameters that `out` names, which must outlive it.
OutputLayer output_layer(ThreadPool& pool, const EstimatorSpec& out, std::int64_t items);

struct Queries {
  Matrix queries;      ///< [B, Q]
  EstimatorSpec spec;  ///< its parameters; its Vars are dead after the next step of the tape
};

/// Runs a model function in predict mode over histories of vocabulary rows, oldest first (-1: unknown, which takes the
/// row of unknown items or is left out), each cut to its last `head.context` known events.
Queries predict(const ModelFn& model, const ModelContext& context, ParameterStore& store, Tape& tape,
                std::span<const std::vector<std::int64_t>> histories);

/// Scores cases with parameters in memory: validation while training, and evaluation afterwards. Parameters must not
/// change while it lives.
class ModelScorer final : public Scorer {
 public:
  /// `row_of_item`: row of the vocabulary for each item of the histories, or -1. All must outlive the scorer.
  ModelScorer(ThreadPool& pool, const ModelFn& model, const ModelContext& context, ParameterStore& store,
              std::span<const std::int32_t> row_of_item);

  void score(std::span<const Case> cases, MatrixView scores) override;

 private:
  ThreadPool& pool_;
  const ModelFn& model_;
  const ModelContext& context_;
  ParameterStore& store_;
  std::span<const std::int32_t> row_of_item_;
  Tape tape_;
  std::optional<OutputLayer> layer_;
};

}  // namespace kin
