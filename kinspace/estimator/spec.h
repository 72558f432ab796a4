#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/data/table_options.h"
#include "kinspace/features/feature_column.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/nn/schedule.h"

namespace kin {

/// The network between a context and its scores.
struct ModelOptions {
  std::string kind = "auto";  ///< recommender | none: the spec only describes columns | auto: by data.group_by
  std::vector<std::int64_t> layers = {
      256};                         ///< widths of the dense layers over the combined context; none: the context itself
  std::string activation = "relu";  ///< relu | tanh | gelu | sigmoid | linear; of every layer but the last
  bool residual =
      false;  ///< the layers add to the combined context instead of replacing it; a projection joins unlike widths
  float dropout = 0.2F;              ///< share of units dropped while training, before each layer
  float item_dropout = 0.2F;         ///< share of context items dropped while training; at least one stays
  std::string position = "learned";  ///< none | recency | learned: how context events are weighted by their age
  float half_life = 10.0F;           ///< recency: an event that many places before the end weighs half; learned: start
  std::string item_bias =
      "popularity";          ///< none | zeros | popularity: bias of each item, started at 0 or at log popularity
  bool normalize = false;    ///< scores are cosines of query and item
  float temperature = 1.0F;  ///< scores are divided by it
};

/// What is predicted from what.
struct HeadOptions {
  std::string kind = "softmax";  ///< softmax
  std::string target;            ///< column whose next values are predicted
  std::int64_t context = 3;      ///< events that go in, 1 to 1000
  std::int64_t predict = 7;      ///< events that come out, 1 to 1000
  std::int64_t stride = 1;       ///< events from one window to the next
  bool partial = true;           ///< windows may reach over either end of a history and then hold fewer events
  std::string pick = "time";    ///< time: the first `context` events of a window go in | random: drawn anew every epoch
  std::string share = "auto";   ///< column whose embedding table is the output table too: auto, the target; empty: none
  bool exclude_context = true;  ///< full softmax: items of the context are no candidates, as when recommending
  std::int64_t negatives = -1;  ///< -1: chosen by cost | 0: full softmax | n: sampled, shared by the batch
  std::string sampler = "log_uniform";  ///< log_uniform | unigram: what negatives are drawn from
  float sampler_power = 0.75F;          ///< unigram: popularity is raised to it
  bool correct = true;                  ///< logits of sampled softmax are corrected by their log expected count (logQ)
};

struct EarlyStopOptions {
  std::string metric;         ///< empty: the first of eval.metrics
  std::int64_t patience = 0;  ///< evaluations without a better value before training stops; 0: never
};

struct CheckpointOptions {
  std::int64_t steps = 0;  ///< steps between checkpoints; 0: at every evaluation
  double seconds = 60.0;   ///< and at the latest after so many seconds; 0: no such limit
};

struct TrainOptions {
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  std::int64_t batch = 256;        ///< examples in a step
  std::int64_t epochs = 4;         ///< passes over the examples
  std::int64_t max_steps = 0;      ///< at most so many steps; 0: no such limit
  std::uint64_t seed = 1;          ///< decides every random number of the run
  bool shuffle = true;             ///< draw the examples of an epoch in a random order
  std::string reduction = "mean";  ///< mean | sum of the examples' losses
  float l2 = 0.0F;                 ///< adds l2 / 2 * |w|^2 of the weights that a step touches to the loss
  float clip_norm = 0.0F;          ///< gradients are scaled down to this global norm; 0: never
  double evaluate_every = 1.0;     ///< epochs between evaluations on the validation cases
  EarlyStopOptions early_stop;
  CheckpointOptions checkpoint;
};

/// Which users (or events) are trained on, validated on and tested on.
struct SplitOptions {
  std::string by =
      "group";  ///< group: whole groups, by a hash of their key | time: last events of each group | column | row | none
  std::string column;      ///< column: groups are split by a hash of this column's value
  double valid = 0.0;      ///< share of the groups, or (time) number of last-but-test events
  double test = 0.0;       ///< share of the groups, or (time) number of last events
  std::int64_t folds = 0;  ///< k > 0: 2 k buckets, test = bucket 2 fold, valid = bucket 2 fold + 1
  std::int64_t fold = 0;   ///< which of the folds
};

struct EvalOptions {
  std::string protocol = "window";   ///< next-item | window | window-long | fold-in
  std::vector<std::string> metrics;  ///< such as "recall@20", "ndcg@20", "coverage@20", "hr@10", "mrr", "map@10"
};

/// Everything that decides how rows become tensors and tensors a model, as read from a TOML file; also stored in the model.
struct Spec {
  std::int64_t version = 1;
  DataOptions data;
  FeatureColumns columns;
  ModelOptions model;
  HeadOptions head;
  TrainOptions train;
  SplitOptions split;
  EvalOptions eval;
};

/// The column that a recommender predicts. The spec must be a valid one of a recommender.
inline const VocabularyColumn& target_column(const Spec& spec) {
  return std::get<VocabularyColumn>(spec.columns.at(spec.head.target));
}
inline VocabularyColumn& target_column(Spec& spec) {
  return std::get<VocabularyColumn>(spec.columns.at(spec.head.target));
}

}  // namespace kin
