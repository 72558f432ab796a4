#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "kinspace/estimator/examples.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/sampler.h"
#include "kinspace/nn/tape.h"

namespace kin {

enum class Mode : std::uint8_t { kTrain, kPredict };

/// What a model function may know beside its batch: the same for all steps of a run.
struct ModelContext {
  const Spec* spec = nullptr;
  const Vocabulary* vocabulary = nullptr;  ///< of the target column
  std::int64_t unknown_row = -1;           ///< row behind those of the vocabulary for unknown items; -1: there is none
  std::int64_t negatives = 0;              ///< 0: full softmax
  const Sampler* sampler = nullptr;        ///< when training with negatives

  /// Rows of the tables that have one for each item.
  std::int64_t item_rows() const noexcept { return vocabulary->size() + (unknown_row >= 0 ? 1 : 0); }
};

/// How the ids of the context become one vector.
struct EmbeddingLayer {
  std::int64_t dim = 0;
  Combiner combiner = Combiner::kSqrtN;
  float init_std = 0.0F;          ///< 0: 1 / sqrt(dim)
  std::string position = "none";  ///< none | recency | learned
  float half_life = 10.0F;
  std::int64_t positions = 0;  ///< learned: ages that have a weight of their own
  float item_dropout = 0.0F;
};

struct DenseLayer {
  std::int64_t units = 0;
  kernels::Activation activation = kernels::Activation::kLinear;
  bool bias = true;
};

/// One step of a model as its model function sees it: the batch, and layers whose parameters are named, made on first
/// use while training and required to be there when predicting.
class Step {
 public:
  Step(const ModelContext& context, ParameterStore& store, Tape& tape, Mode mode, const ExampleBatch& batch) noexcept
      : context_(context), store_(store), tape_(tape), mode_(mode), batch_(batch) {}

  Mode mode() const noexcept { return mode_; }
  const Spec& spec() const noexcept { return *context_.spec; }
  const ModelContext& context() const noexcept { return context_; }
  Tape& tape() noexcept { return tape_; }

  /// Ids of the examples' contexts, [B, any].
  SparseTensor ids() const noexcept;

  /// Rows of the vocabulary that are to be predicted, [B, any]. Errors: kInternal when predicting: there are none then.
  SparseTensor labels() const;

  /// The context of column `name` combined into [B, dim]; its table is `<name>/embedding`.
  Var embedding(const std::string& name, const EmbeddingLayer& layer);

  /// `<name>/kernel`, `<name>/bias`.
  Var dense(const std::string& name, Var x, const DenseLayer& layer);

  Var dropout(Var x, float rate) { return kin::dropout(tape_, x, rate); }

  /// A parameter by name, one row for each item (and the unknown one), initialised by the keys of the rows.
  Parameter& item_parameter(const std::string& name, std::int64_t dim, const ParameterOptions& options);

  /// Any other parameter by name. Errors: kCorruption when predicting and the model has none of that name and shape.
  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options);

 private:
  Parameter& existing(const std::string& name, std::int64_t rows, std::int64_t dim);

  const ModelContext& context_;
  ParameterStore& store_;
  Tape& tape_;
  Mode mode_;
  const ExampleBatch& batch_;
};

/// What a model function returns.
struct EstimatorSpec {
  Var loss;                           ///< [1, 1], when training
  Var query;                          ///< [B, Q]: score of item i = query . row i of the output table + bias of item i
  Parameter* output_table = nullptr;  ///< [rows of the vocabulary, Q]
  bool normalize_output = false;      ///< scores are taken with rows of length 1
  Parameter* item_bias = nullptr;     ///< [rows, 1] or none
};

/// One function for every mode: the body of a model.
using ModelFn = std::function<EstimatorSpec(Step&)>;

}  // namespace kin
