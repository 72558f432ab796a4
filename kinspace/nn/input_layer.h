#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"

// From an encoded batch to what dense layers take. Which columns a layer takes is said by their names in the spec;
// columns stand in the order of these names (by bytes), so that the rows of the first kernel mean the same thing in
// every run and can be taken over from TensorFlow, which sorts likewise.

namespace kin {

/// Gives a parameter by name: made on first use while training, required to be there when predicting.
using ParameterSource = FunctionRef<Parameter&(const std::string& name, std::int64_t rows, std::int64_t dim,
                                               const ParameterOptions& options, KeyNumber key_number)>;

/// Where a column lies in the matrix of a layer.
struct InputPlace {
  std::string column;
  std::int64_t offset = 0;
  std::int64_t width = 0;
  std::string tf_name = {};  ///< TensorFlow's in an input layer, by which it sorts: "city_embedding", "age_bucketized"
};

/// One column as a layer takes it.
struct InputColumn {
  std::size_t index = 0;  ///< in Encoder::columns() and EncodedBatch::columns
  EncodedInfo info;
  bool indicator = false;  ///< categorical: counts of ids; else embedded
  bool buckets = false;    ///< of a bucketized column: one-hot without being asked
  EmbedOptions embed;
  float fill = 0;                          ///< sequences of numbers: what stands behind their end
  const Vocabulary* vocabulary = nullptr;  ///< categorical with keys: rows start from them
};

/// Columns as one dense matrix: numbers as they are, indicators as counts (sums of weights) of each id, everything else
/// categorical as combined rows of an embedding table.
///
/// Parameters  "<column>/embedding" [num_buckets, dim], or "<share>/embedding" for columns that share; a width of 0 is
///             the rule of thumb.
/// Source      tf.keras.layers.DenseFeatures.
class InputLayer {
 public:
  /// Takes the columns `wanted`, or all but sequences when it is empty. `encoder` must be fitted and outlive the layer.
  /// Errors   kInvalidArgument: an unknown column, a sequence (SequenceLayer takes those), columns that share a table
  ///          but differ in the number of ids or in width, no column at all, an indicator of more than 2^24 ids.
  InputLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted = {});

  const std::vector<InputPlace>& places() const noexcept { return places_; }
  std::int64_t width() const noexcept { return width_; }

  /// [B, width]. Errors   kInvalidArgument for an id beyond its table.
  Var operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch) const;

 private:
  std::vector<InputColumn> columns_;
  std::vector<InputPlace> places_;
  std::int64_t width_ = 0;
};

/// A linear model over columns: x W of numbers, and for each categorical column the combined rows of a table of
/// weights, so that nothing is ever one-hot.
///
/// Parameters  "<scope>/<column>" [num_buckets or width, units], zeros at first; "<scope>/bias" [1, units].
/// Source      tf.compat.v1.feature_column.linear_model with its sparse_combiner.
class LinearLayer {
 public:
  /// As InputLayer; representations of categorical columns do not matter here.
  LinearLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted,
              const std::string& scope, std::int64_t units, Combiner combiner = Combiner::kSum);

  /// [B, units]. Errors   kInvalidArgument for an id beyond its table.
  Var operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch) const;

 private:
  std::vector<InputColumn> columns_;
  std::vector<std::string> names_;  // of their parameters
  std::string bias_;
  std::int64_t units_;
  Combiner combiner_;
};

/// Sequences: one row a step.
struct SequenceInput {
  Var steps;  ///< [B * T, width]: step t of row b is row b * T + t; zeros (numbers: their fill) behind the end
  std::int64_t length = 0;                ///< T, the longest of the batch
  std::span<const std::int64_t> lengths;  ///< B, of the batch
};

/// Sequence columns as one matrix a step, each as InputLayer would have it.
///
/// Source   tf.keras.experimental.SequenceFeatures.
class SequenceLayer {
 public:
  /// Takes the columns `wanted`, or all sequences when it is empty.
  /// Errors   kInvalidArgument: an unknown column, one that is no sequence, no column at all.
  SequenceLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted = {});

  const std::vector<InputPlace>& places() const noexcept { return places_; }
  std::int64_t width() const noexcept { return width_; }

  /// Steps are at least `least`. Errors   kInvalidArgument when columns differ in the length of a row, or for an id
  /// beyond its table.
  SequenceInput operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch,
                           std::int64_t least = 0) const;

 private:
  std::vector<InputColumn> columns_;
  std::vector<InputPlace> places_;
  std::int64_t width_ = 0;
};

}  // namespace kin
