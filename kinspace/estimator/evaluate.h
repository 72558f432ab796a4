#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kinspace/estimator/head.h"
#include "kinspace/estimator/model.h"

namespace kin {

/// One figure of one method under one protocol.
struct Figure {
  std::string protocol;  ///< "next-item" | "window" | "window-long" | "fold-in"
  std::string metric;    ///< "ndcg@20"
  std::string method;    ///< "model" | "popularity" | "item-knn"
  double value = 0;
  double low = 0, high = 0;  ///< 95 % interval by bootstrap over users; equal to value where it has none (coverage)
};

struct EvaluateOptions {
  std::string data_path;             ///< empty: the file that the model was trained on
  std::vector<std::string> metrics;  ///< empty: those of the spec
  bool floors = true;                ///< popularity and item-kNN beside the model
  bool valid = false;                ///< the validation cases in place of the test cases
  std::string protocol;              ///< empty: that of the spec ("window" also reports "window-long")
  std::uint64_t seed = 1;            ///< of the bootstrap
  std::uint64_t memory_limit = 0;    ///< bytes; 0: no limit
};

/// How much a protocol asked, over all models.
struct ProtocolCounts {
  std::string protocol;
  std::int64_t users = 0, cases = 0, targets = 0, reachable = 0;
};

struct EvaluateReport {
  std::vector<Figure> figures;
  std::vector<ProtocolCounts> counts;  ///< one a protocol
  std::vector<std::string> notes;      ///< such as a floor that was left out for its cost, or data that changed
};

/// Re-runs the protocol stored in the models. Several models are pooled: each scores the users that its own split holds
/// out, and a figure is the mean over all of them (the five splits of a protocol).
/// Errors   kInvalidArgument when the models differ in protocol or hold out the same user twice, kBadData, kIo.
EvaluateReport evaluate(std::span<const Model> models, ThreadPool& pool, const EvaluateOptions& options);

// Of models over rows (Predictor::evaluate, Estimator::evaluate).

struct RowEvaluateOptions {
  std::int64_t max_rows = 0;  ///< the first so many rows; 0: all
  std::int64_t batch = 0;     ///< rows of a batch; 0: as in training
  /// Only these, in this order: of the head, of the model function, or beside them (Head::extra_metrics); of several
  /// heads "auc" is that of each. None: all of the head and the model function, and eval.metrics of the spec.
  std::vector<std::string> metrics = {};
  /// Columns of the table to slice by, used by the model or not: "country", or "country,hour" for every combination.
  /// Absent: eval.slice of the spec.
  std::optional<std::vector<std::string>> slice = {};
  std::int64_t max_slices = 20;  ///< the largest so many of each entry are measured; 0: all
};

/// The rows that agree in the columns of an entry.
struct EvaluatedSlice {
  std::vector<std::optional<std::string>> values;  ///< parallel to its columns; absent: missing, or empty
  std::int64_t rows = 0;
  std::vector<NamedValue> metrics;
};

/// An entry of what was sliced by.
struct Slicing {
  std::vector<std::string> columns;
  std::vector<EvaluatedSlice> slices;  ///< the largest first, then by value
  std::int64_t left_out = 0;           ///< slices beyond max_slices
  std::int64_t left_out_rows = 0;      ///< and their rows
};

struct RowEvaluation {
  std::vector<NamedValue> metrics;
  std::int64_t rows = 0;
  std::vector<Slicing> slicings = {};  ///< parallel to what was asked for
};

}  // namespace kin
