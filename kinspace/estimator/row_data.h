#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/estimator/encode_table.h"
#include "kinspace/estimator/head.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/step.h"

namespace kin {

/// The head or heads of a spec of a model over rows. Errors   kInvalidArgument naming the setting.
std::unique_ptr<Head> head_of(const Spec& spec);

/// The columns of a spec and, beside them, those of its labels and weights, so that one encoder reads them all.
class LabelledColumns {
 public:
  /// Without `labels` only the columns of the spec. Errors   kInvalidArgument: a head without a target.
  LabelledColumns(const Spec& spec, const Head& head, bool labels);

  /// What an Encoder is to be made of.
  const FeatureColumns& all() const noexcept { return all_; }

  /// Tells the head what its labels became. `encoder` must be fitted and made of all().
  void bind(Head& head, const Encoder& encoder);

  /// The labels of a batch, which point into it. Only after bind().
  void label(const EncodedBatch& batch, std::vector<HeadLabels>& out) const;

  /// Where labels and weights stand among the columns of the encoder. Only after bind().
  std::vector<std::size_t> label_places() const;

 private:
  FeatureColumns all_;
  std::vector<std::string> labels_;   // one a head
  std::vector<std::string> weights_;  // likewise; empty: none
  std::vector<std::size_t> label_places_;
  std::vector<std::ptrdiff_t> weight_places_;  // -1: none
};

/// A table encoded with its labels.
struct RowData {
  std::unique_ptr<Head> head;
  LabelledColumns columns;
  EncodedData encoded;

  /// Numbers of the rows of a part, rising.
  std::vector<std::int64_t> rows(Part part) const;
};

/// Reads, learns and encodes the data of a spec of a model over rows.
/// With `fitted`, what was learned before, nothing is learned.
/// Errors   those of encode_table(), Head and LabelledColumns.
RowData load_rows(const Spec& spec, const EncodeOptions& options, FittedColumns fitted = {});

/// kInvalidArgument for a metric that is not among those a model has: "WHERE: the model has no metric ..., did you
/// mean ...?", with the list, and `extra`, which eval.metrics can add.
Error no_such_metric(std::string_view where, std::string_view name, std::span<const NamedValue> metrics,
                     std::span<const std::string> extra = {});

/// Whether less of a metric is better: losses and errors.
bool falls(std::string_view metric) noexcept;

/// Metrics of a head over rows of a table, `batch` of them at a time in their order, with the model function in kEval
/// mode. `extra` as Head::metrics().
std::vector<NamedValue> evaluate_rows(const ModelFn& model, RowContext& context, ParameterStore& store, Tape& tape,
                                      const RowData& data, std::span<const std::int64_t> rows, std::int64_t batch,
                                      std::span<const std::string> extra);

}  // namespace kin
