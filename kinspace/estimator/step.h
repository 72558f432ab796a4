#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kinspace/estimator/examples.h"
#include "kinspace/estimator/head.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/input_layer.h"
#include "kinspace/nn/layer.h"
#include "kinspace/nn/normalization.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/sampler.h"
#include "kinspace/nn/tape.h"

namespace kin {

enum class Mode : std::uint8_t { kTrain, kEval, kPredict };

/// What a model function over histories may know beside its batch: the same for all steps of a run.
struct ModelContext {
  const Spec* spec = nullptr;
  const Vocabulary* vocabulary = nullptr;  ///< of the target column
  std::int64_t unknown_row = -1;           ///< row behind those of the vocabulary for unknown items; -1: there is none
  std::int64_t negatives = 0;              ///< 0: full softmax
  const Sampler* sampler = nullptr;        ///< when training with negatives

  /// Rows of the tables that have one for each item.
  std::int64_t item_rows() const noexcept { return vocabulary->size() + (unknown_row >= 0 ? 1 : 0); }
};

/// The same for a model function over the rows of a table. Layers over columns are made once and kept here.
/// Threads   one at a time.
struct RowContext {
  const Spec* spec = nullptr;
  const Encoder* encoder = nullptr;
  const Head* head = nullptr;
  std::map<std::string, InputLayer> inputs = {};
  std::map<std::string, LinearLayer> linears = {};
  std::map<std::string, SequenceLayer> sequences = {};
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

struct LinearOptions {
  std::int64_t units = 1;
  std::vector<std::string> columns = {};  ///< none: all but sequences
  Combiner combiner = Combiner::kSum;
};

/// A value of a model function by name.
struct NamedVar {
  std::string name;
  Var value;
};

/// What a model function returns: for rows logits and what follows from them, for histories a query and a table.
struct EstimatorSpec {
  Var loss;  ///< [1, 1]; not when predicting

  Var logits;                         ///< [B, width of the head]
  std::vector<NamedVar> predictions;  ///< [B, any]: beside those of the head
  std::vector<NamedVar> metrics;      ///< [1, 1] of the batch: means over the rows, beside those of the head

  Var query;                          ///< [B, Q]: score of item i = query . row i of the output table + bias of item i
  Parameter* output_table = nullptr;  ///< [rows of the vocabulary, Q]
  bool normalize_output = false;      ///< scores are taken with rows of length 1
  Parameter* item_bias = nullptr;     ///< [rows, 1] or none
};

/// One step of a model as its model function sees it: the batch, and layers whose parameters are named, made on first
/// use while training and required to be there otherwise.
class Step {
 public:
  Step(const ModelContext& context, ParameterStore& store, Tape& tape, Mode mode, const ExampleBatch& batch) noexcept
      : spec_(context.spec), context_(&context), store_(store), tape_(tape), mode_(mode), examples_(&batch) {}
  /// `labels` are those of the head; none when predicting.
  Step(RowContext& context, ParameterStore& store, Tape& tape, Mode mode, const EncodedBatch& rows,
       std::span<const HeadLabels> labels = {}) noexcept
      : spec_(context.spec),
        rows_(&context),
        store_(store),
        tape_(tape),
        mode_(mode),
        row_batch_(&rows),
        row_labels_(labels) {}

  Mode mode() const noexcept { return mode_; }
  const Spec& spec() const noexcept { return *spec_; }
  Tape& tape() noexcept { return tape_; }

  // Rows of a table. Errors: kInvalidArgument where the spec has histories.

  /// Columns side by side as one matrix [B, width]: numbers, indicators, combined embeddings (InputLayer).
  Var input(const std::vector<std::string>& columns = {});

  /// A linear model over columns, [B, units] (LinearLayer); its parameters are `<name>/<column>` and `<name>/bias`.
  Var linear(const std::string& name, const LinearOptions& options);

  /// Columns that are sequences, one row a step (SequenceLayer).
  SequenceInput sequence(const std::vector<std::string>& columns = {});

  /// The steps of each row as one by attention with a learned query (layers::attention_pool): `<name>/query`.
  Var attention_pool(const std::string& name, const SequenceInput& x);

  /// The batch as it was encoded, parallel to Encoder::columns().
  const EncodedBatch& rows() const;
  const Head& head() const;

  /// Labels of the rows, one entry a head. Errors: kInternal when predicting: there are none then.
  std::span<const HeadLabels> row_labels() const;

  /// What follows from the logits [B, head().logits()]: the loss, unless predicting.
  EstimatorSpec estimate(Var logits);

  // Histories. Errors: kInvalidArgument where the spec has rows.

  const ModelContext& context() const;

  /// Whether the loss is that of sampled negatives, for which the items' tables are read by row.
  bool samples_items() const { return context().negatives > 0; }

  /// Ids of the examples' contexts, [B, any].
  SparseTensor ids() const;

  /// Rows of the vocabulary that are to be predicted, [B, any]. Errors: kInternal when predicting: there are none then.
  SparseTensor labels() const;

  /// The context of column `name` combined into [B, dim]; its table is `<name>/embedding`.
  Var embedding(const std::string& name, const EmbeddingLayer& layer);

  /// A parameter by name, one row for each item (and the unknown one), initialised by the keys of the rows.
  Parameter& item_parameter(const std::string& name, std::int64_t dim, const ParameterOptions& options);

  // Both.

  /// `<name>/kernel`, `<name>/bias`.
  Var dense(const std::string& name, Var x, const DenseLayer& layer);

  /// `<name>/gamma`, `<name>/beta`, and `<name>/moving_mean`, `<name>/moving_variance`, which no optimizer moves.
  Var batch_norm(const std::string& name, Var x, const BatchNormOptions& options = {});

  /// A network of layers; its parameters are called `<name>/...`.
  Var apply(const std::string& name, const Sequential& network, Var x);

  Var dropout(Var x, float rate) { return kin::dropout(tape_, x, rate); }

  /// Any other parameter by name. Errors: kCorruption unless training, when the model has none of that name and shape.
  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options);
  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options,
                       KeyNumber key_number);

 private:
  Parameter& existing(const std::string& name, std::int64_t rows, std::int64_t dim);
  RowContext& row_context() const;
  template <class Layer>
  auto run(const Layer& layer);
  template <class Body>
  Var with_layers(Body body);

  const Spec* spec_;
  const ModelContext* context_ = nullptr;
  RowContext* rows_ = nullptr;
  ParameterStore& store_;
  Tape& tape_;
  Mode mode_;
  const ExampleBatch* examples_ = nullptr;
  const EncodedBatch* row_batch_ = nullptr;
  std::span<const HeadLabels> row_labels_ = {};
};

/// One function for every mode: the body of a model.
using ModelFn = std::function<EstimatorSpec(Step&)>;

/// A model over rows whose body is a network: columns side by side (all but sequences unless named), then its layers,
/// whose parameters are called "<layer>/...", then a dense layer "logits" as wide as the head.
ModelFn estimator_from(Sequential network, std::vector<std::string> columns = {});

}  // namespace kin
