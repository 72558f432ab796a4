#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/metrics/ranking.h"

namespace kin {
namespace {

std::vector<std::string> default_metrics(const std::string& protocol) {
  if (protocol == "next-item") return {"hr@10", "ndcg@10", "hr@20", "mrr", "coverage@10"};
  if (protocol == "fold-in") return {"recall@20", "ndcg@100", "coverage@20"};
  return {"recall@20", "ndcg@20", "coverage@20"};
}

/// A column without a source reads the data column of its own name.
void fill_source(FeatureColumn& column, const std::string& name) {
  std::visit(
      [&](auto& c) {
        using Column = std::remove_cvref_t<decltype(c)>;
        if constexpr (std::is_same_v<Column, CrossedColumn>) {
          return;
        } else if constexpr (std::is_same_v<Column, NumericColumn> || std::is_same_v<Column, BucketizedColumn>) {
          if (c.source.empty()) c.source = {name};
        } else {
          if (c.source.empty()) c.source = name;
        }
      },
      column);
}

void resolve_optimizer(OptimizerOptions& options) {
  try {
    options = resolve(options);
  } catch (const Error&) {
    return;  // validate() says what is wrong with it, and where
  }
}

/// Optimizers that TensorFlow's canned estimators know by name.
bool given_by_name(const std::string& name) {
  return name == "adagrad" || name == "adam" || name == "ftrl" || name == "rmsprop" || name == "sgd";
}

/// What TensorFlow's canned estimators take where nothing is said.
void resolve_compat(Spec& spec) {
  TrainOptions& train = spec.train;
  const bool v1 = train.compat == "tf1";
  const std::string& kind = spec.model.kind;
  const auto columns = static_cast<double>(spec.model.wide.empty() ? spec.columns.size() : spec.model.wide.size());
  const bool wide_deep = kind == "wide_deep";
  const double linear_rate = wide_deep ? std::min(0.005, 1 / std::sqrt(columns)) : 0.2;
  const double deep_rate = v1 && !wide_deep ? 0.05 : 0.001;
  const auto set = [&](OptimizerOptions& optimizer, const char* name, double rate) {
    // An optimizer given by its name alone gets the rate of the part that it trains; only the deep estimators of V2
    // leave it at that of its class.
    const bool own_rate = optimizer.name == "auto" || (given_by_name(optimizer.name) && (v1 || kind != "deep"));
    if (own_rate && optimizer.lr == -1.0F) optimizer.lr = static_cast<float>(rate);
    if (optimizer.name == "auto") optimizer.name = name;
    if (optimizer.compat == "none") optimizer.compat = v1 ? "tf1" : "keras";
  };
  if (wide_deep && train.optimizers.empty()) train.optimizers["linear/*"];
  for (auto& [pattern, optimizer] : train.optimizers) {
    const bool linear = pattern.starts_with("linear/");
    set(optimizer, linear ? "ftrl" : "adagrad", linear ? linear_rate : deep_rate);
  }
  if (kind == "linear") {
    set(train.optimizer, "ftrl", linear_rate);
  } else if (kind == "baseline") {
    set(train.optimizer, "ftrl", 0.3);
  } else {
    set(train.optimizer, "adagrad", deep_rate);
  }
  if (train.schedule.kind == "auto") train.schedule.kind = "constant";
  if (train.reduction == "auto") train.reduction = v1 ? "sum" : "mean";
  if (spec.model.dropout == -1.0F) spec.model.dropout = 0;
  if (spec.model.batch_norm_momentum == -1.0F) spec.model.batch_norm_momentum = 0.999F;
  spec.model.prior_bias = false;
}

/// What trains rows well: docs/design/0006-row-model-defaults.md.
void resolve_rows(Spec& spec) {
  TrainOptions& train = spec.train;
  if (train.optimizer.name == "auto") {
    train.optimizer.name = "adam";
    if (train.optimizer.lr == -1.0F) train.optimizer.lr = 0.003F;
  }
  if (spec.model.dropout == -1.0F) spec.model.dropout = 0.3F;
  if (train.batch == 0) train.batch = 128;
  if (train.epochs == 0) train.epochs = 10;
}

/// A falling rate takes the weights of TensorFlow's FTRL to 0.
bool fears_falling_rates(const OptimizerOptions& optimizer) {
  return optimizer.name == "ftrl" && optimizer.compat != "none";
}

std::string default_schedule(const TrainOptions& train) {
  const bool constant = fears_falling_rates(train.optimizer) ||
                        std::any_of(train.optimizers.begin(), train.optimizers.end(),
                                    [](const auto& entry) { return fears_falling_rates(entry.second); });
  return constant ? "constant" : "cosine";
}

/// What is left open and follows from nothing else.
void resolve_common(Spec& spec) {
  if (spec.train.schedule.kind == "auto") spec.train.schedule.kind = default_schedule(spec.train);
  if (spec.train.reduction == "auto") spec.train.reduction = "mean";
  if (spec.model.dropout == -1.0F) spec.model.dropout = 0.2F;
  if (spec.model.batch_norm_momentum == -1.0F) spec.model.batch_norm_momentum = 0.99F;
  if (spec.train.batch == 0) spec.train.batch = 256;
  if (spec.train.epochs == 0) spec.train.epochs = 4;
  resolve_optimizer(spec.train.optimizer);
  for (auto& [pattern, options] : spec.train.optimizers) resolve_optimizer(options);
}

void resolve_areas(HeadOptions& head, bool v1) {
  if (head.areas == "auto") head.areas = v1 ? "tf1" : "keras";
}

void resolve_row_model(Spec& spec) {
  spec.head.share.clear();
  resolve_areas(spec.head, spec.train.compat == "tf1");
  for (auto& [name, head] : spec.heads) resolve_areas(head, spec.train.compat == "tf1");
  if (spec.train.compat != "none") resolve_compat(spec);
  resolve_rows(spec);
  resolve_common(spec);
  std::string& metric = spec.train.early_stop.metric;
  if (metric.empty()) metric = spec.heads.empty() ? "average_loss" : "loss";
}

void resolve_recommender(Spec& spec) {
  if (spec.head.kind == "auto") spec.head.kind = "softmax";
  if (spec.head.target.empty() && spec.columns.size() == 1) spec.head.target = spec.columns.begin()->first;
  if (spec.head.share == "auto") spec.head.share = spec.head.target;
  resolve_common(spec);

  std::vector<std::string>& metrics = spec.eval.metrics;
  if (metrics.empty()) metrics = default_metrics(spec.eval.protocol);
  try {
    const std::vector<Metric> parsed = parse_metrics(metrics);
    std::transform(parsed.begin(), parsed.end(), metrics.begin(), metric_name);
  } catch (const Error&) {
    return;  // likewise
  }
  if (spec.train.early_stop.metric.empty()) spec.train.early_stop.metric = metrics.front();
}

}  // namespace

void resolve(Spec& spec) {
  for (auto& [name, column] : spec.columns) fill_source(column, name);
  if (spec.split.by == "group" && spec.data.group_by.empty()) spec.split.by = "row";
  const bool has_head = !spec.head.target.empty() || !spec.heads.empty();
  if (spec.model.kind == "auto") {
    spec.model.kind = !spec.data.group_by.empty() ? "recommender" : has_head ? "wide_deep" : "none";
  }
  if (is_row_model(spec)) {
    resolve_row_model(spec);
  } else {
    resolve_recommender(spec);
  }
}

}  // namespace kin
