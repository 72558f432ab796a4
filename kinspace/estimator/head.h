#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/features/encoder.h"
#include "kinspace/nn/tape.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// The label column of one head for B rows, encoded as Head::label_columns() asked, and their weights.
struct HeadLabels {
  const EncodedColumn* label = nullptr;
  std::span<const float> weights = {};      ///< B, or none: all 1
  std::span<const std::uint8_t> mask = {};  ///< B, or none: rows with 0 are none, as the steps behind a sequence's end
};

/// One named output for B rows: B * width values.
struct Prediction {
  std::string key;  ///< TensorFlow's, such as "probabilities"
  std::int64_t width = 1;
  std::variant<std::vector<float>, std::vector<std::int64_t>, std::vector<std::string>> values;
};

struct NamedValue {
  std::string name;
  double value = 0;
};

/// Metrics over batches, in double. Threads   one at a time.
class HeadMetrics {
 public:
  virtual ~HeadMetrics() = default;

  /// Labels are parallel to Head::label_columns(). Errors   as Head::loss().
  virtual void add(ConstMatrixView logits, std::span<const HeadLabels> labels) = 0;

  /// By TensorFlow's keys in its order of names; "loss" is the mean over the batches, "average_loss" that over the rows
  /// by weight. Metrics of a named head end with "/<name>".
  virtual std::vector<NamedValue> result() const = 0;
};

/// What a head predicts of every row when it knows nothing of them. Threads   one at a time.
class HeadPrior {
 public:
  virtual ~HeadPrior() = default;

  /// Labels as in HeadMetrics::add(). Errors   as Head::loss().
  virtual void add(std::int64_t rows, std::span<const HeadLabels> labels) = 0;

  /// The constant logits with the smallest loss over what was added, by weight; finite. Head::logits() of them.
  virtual std::vector<float> logits() const = 0;
};

/// What follows the logits of a model: loss, predictions and metrics.
///
/// Life     made from options; asked for its label columns, which are encoded with the features and learned with them;
///          told by bind() what was learned; then used by any number of threads.
/// Source   tensorflow_estimator's heads, checked against golden/training/heads.json.
class Head {
 public:
  virtual ~Head() = default;

  /// How the label of each head is to be read from the data: one, or several where heads are joined.
  virtual std::vector<FeatureColumn> label_columns() const = 0;

  /// Parallel to label_columns(): what each column is, and what was learned for it (null where nothing is).
  /// Errors   kInvalidArgument when labels and classes do not go together.
  virtual void bind(std::span<const EncodedInfo> infos, std::span<const FittedColumn* const> fitted) = 0;

  /// Columns of the logits, once bound.
  virtual std::int64_t logits() const noexcept = 0;

  /// [1, 1]. Errors   kBadData naming the first row (from 0, of the batch) whose label or weight is none: "row 3: ...".
  virtual Var loss(Tape& tape, Var logits, std::span<const HeadLabels> labels) const = 0;

  /// Everything that can be said without labels, keys as TensorFlow's; keys of joined heads are "<name>/<key>".
  virtual std::vector<Prediction> predict(ConstMatrixView logits) const = 0;

  virtual std::unique_ptr<HeadPrior> prior() const = 0;

  /// `extra` names metrics beside TensorFlow's, of extra_metrics(). The head must outlive what is returned.
  /// Errors   kInvalidArgument for one that this head does not have.
  virtual std::unique_ptr<HeadMetrics> metrics(std::span<const std::string> extra = {}) const = 0;

  /// Names that metrics() takes; "top_k@K" stands for any number K.
  virtual std::vector<std::string> extra_metrics() const { return {}; }
};

/// One head. `name` may be empty; `reduction` as in TrainOptions.
/// Errors   kInvalidArgument for options that do not go together, naming them.
std::unique_ptr<Head> make_head(const HeadOptions& options, const std::string& name, const std::string& reduction);

/// Several heads on one matrix of logits, side by side: loss is the sum of theirs times their weights (loss_weight).
/// Errors   kInvalidArgument when one has no name, or two have the same.
std::unique_ptr<Head> join_heads(std::vector<std::unique_ptr<Head>> heads, std::vector<std::string> names,
                                 std::vector<float> weights);

}  // namespace kin
