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

/// The network between columns and logits.
struct ModelOptions {
  /// recommender | linear | deep | wide_deep | baseline | none: the spec only describes columns | auto: a recommender
  /// by data.group_by, else by the head
  std::string kind = "auto";
  std::vector<std::string> wide;  ///< linear, wide_deep: columns of the linear part; none: all
  std::vector<std::string> deep;  ///< deep, wide_deep: columns of the deep part; none: all
  std::string pooling = "mean";   ///< deep, wide_deep: mean | sum | max | attention over the steps of sequence columns
  std::string combiner = "sum";   ///< linear, wide_deep: sum | mean | sqrtn of the weights of a row's ids in a column
  bool prior_bias = true;   ///< over rows: the bias of the logits starts where it fits the labels best; compat: at 0
  bool batch_norm = false;  ///< deep, wide_deep: after each layer
  float batch_norm_momentum = -1.0F;  ///< of the moving averages; -1: 0.99, compat 0.999
  std::vector<std::int64_t> layers = {
      256};  ///< widths of the dense layers; none: the combined context, or the columns, themselves
  std::string activation =
      "relu";  ///< relu | tanh | gelu | ... (nn/activation.h) of every layer, but not of the logits
  bool residual =
      false;  ///< the layers add to the combined context instead of replacing it; a projection joins unlike widths
  float dropout = -1.0F;  ///< -1: recommender 0.2, rows 0.3, compat 0; share of units dropped while training: before
                          ///< each layer, or (deep) after it
  float item_dropout = 0.2F;         ///< share of context items dropped while training; at least one stays
  std::string position = "learned";  ///< none | recency | learned: how context events are weighted by their age
  float half_life = 10.0F;           ///< recency: an event that many places before the end weighs half; learned: start
  std::string item_bias =
      "popularity";          ///< none | zeros | popularity: bias of each item, started at 0 or at log popularity
  bool normalize = false;    ///< scores are cosines of query and item
  float temperature = 1.0F;  ///< scores are divided by it
};

/// What is predicted from what. The kinds other than softmax are TensorFlow's heads over the columns of a row.
struct HeadOptions {
  std::string kind = "auto";  ///< softmax | binary | multi_class | multi_label | regression | poisson | logistic |
                              ///< auto: softmax for a recommender
  std::string target =
      {};  ///< softmax: column whose next values are predicted; else column of the data with the labels
  // Heads over rows.
  std::vector<std::string> labels =
      {};                      ///< values of the target in the order of their classes; none: learned, or numbers
  std::int64_t classes = 0;    ///< multi_class, multi_label: how many; 0: as many as there are labels; binary: 2 learns
                               ///< the two values, the rarer is class 1
  std::int64_t dimension = 1;  ///< numbers of a label; multi_label: above 1, labels are so many 0 and 1
  std::string split = {};      ///< separates several labels in a cell
  std::string weight = {};     ///< column of the data with the weight of each row; empty: all 1
  std::string transform =
      "none";  ///< regression: none | log1p | zscore of the label; predictions and metrics are in its own unit
  std::string link = "identity";                ///< regression: identity | exp of the logits is the prediction
  std::string loss = "squared";                 ///< regression: squared | absolute | huber error of the logits
  float huber_delta = 1.0F;                     ///< huber: larger errors count as they are, in the transformed unit
  bool full_loss = true;                        ///< poisson: the constant terms of the loss too
  std::vector<double> thresholds = {};          ///< binary, multi_label: accuracy, precision and recall at these too
  std::string areas = "auto";                   ///< binary, multi_label: auto | keras | tf1: how areas are taken
  std::vector<std::string> class_metrics = {};  ///< multi_label: classes with metrics of their own
  float loss_weight = 1.0F;                     ///< in the sum over several heads
  // Softmax over a catalogue.
  std::int64_t context = 3;     ///< events that go in, 1 to 1000
  std::int64_t predict = 7;     ///< events that come out, 1 to 1000
  std::int64_t stride = 1;      ///< events from one window to the next
  bool partial = true;          ///< windows may reach over either end of a history and then hold fewer events
  std::string pick = "time";    ///< time: the first `context` events of a window go in | random: drawn anew every epoch
  std::string share = "auto";   ///< column whose embedding table is the output table too: auto, the target; empty: none
  bool exclude_context = true;  ///< full softmax: items of the context are no candidates, as when recommending
  std::int64_t negatives = -1;  ///< -1: chosen by cost | 0: full softmax | n: sampled, shared by the batch
  std::string sampler = "log_uniform";  ///< log_uniform | unigram: what negatives are drawn from
  float sampler_power = 0.75F;          ///< unigram: popularity is raised to it
  bool correct = true;                  ///< logits of sampled softmax are corrected by their log expected count (logQ)
};

struct EarlyStopOptions {
  std::string metric;  ///< also of keep_best and export; empty: the first of eval.metrics, or the loss of the rows
  std::int64_t patience = 0;              ///< evaluations without a better value before training stops; 0: never
  std::int64_t no_improvement_steps = 0;  ///< steps without a better value before training stops; 0: never
  std::vector<double> above;              ///< a value above one of these stops training
  std::vector<double> below;              ///< and one below one of these
  std::int64_t min_steps = 0;             ///< evaluations at earlier steps are as if they were not there
};

struct CheckpointOptions {
  std::int64_t steps = 0;      ///< steps between checkpoints; 0: at every evaluation
  double seconds = 60.0;       ///< and at the latest after so many seconds; 0: no such limit
  std::int64_t keep = 1;       ///< the newest so many stay; 0: all
  std::int64_t keep_best = 0;  ///< and the so many with the best metric
  double every_hours = 0;      ///< and the first of each so many hours of the run; 0: none
};

/// What a run starts from in place of random numbers.
struct WarmStartOptions {
  std::string path;                           ///< run directory, checkpoint or pattern; empty: none
  std::vector<std::string> include;           ///< patterns of parameters that are taken over; none: all that are there
  std::vector<std::string> exclude;           ///< patterns of those that are not
  std::map<std::string, std::string> rename;  ///< parameter -> its name in the file
  std::map<std::string, std::string> keys;    ///< parameter -> vocabulary file of its rows in the file
  std::string fresh = "initial";              ///< rows of new keys: initial | oov: the old row of the unknown | mean
  bool slots = false;                         ///< slot variables are taken over too
};

struct TrainOptions {
  /// none | tf1 | tf2: what is left open takes the defaults of TensorFlow's canned estimators, V1 or V2
  std::string compat = "none";
  OptimizerOptions optimizer;
  std::map<std::string, OptimizerOptions> optimizers;  ///< by pattern of parameters, in place of `optimizer`
  std::vector<std::string> freeze;                     ///< patterns of parameters that do not move
  WarmStartOptions warm_start;
  ScheduleOptions schedule;
  std::int64_t batch = 0;          ///< examples in a step; 0: recommender 256, rows 128
  std::int64_t epochs = 0;         ///< passes over the examples; 0: recommender 4, rows 10
  std::int64_t max_steps = 0;      ///< at most so many steps; 0: no such limit
  std::uint64_t seed = 1;          ///< decides every random number of the run
  bool shuffle = true;             ///< draw the examples of an epoch in a random order
  std::string precision = "fp32";  ///< fp32 | bf16: how matrix products of training steps take their factors; sums,
                                   ///< weights, updates and evaluations are fp32
  std::string table_precision = "fp32";  ///< fp32 | bf16: how the rows of embedding tables are kept while training
  std::string reduction =
      "auto";  ///< auto: mean, or what compat has | mean | sum | weighted_mean | nonzero_mean of the examples' losses
  float l2 = 0.0F;                  ///< adds l2 / 2 * |w|^2 of the weights that a step touches to the loss
  float clip_norm = 0.0F;           ///< gradients are scaled down to this global norm; 0: never
  double evaluate_every = 1.0;      ///< epochs between evaluations on the validation cases
  std::int64_t evaluate_steps = 0;  ///< steps between them, in place of evaluate_every; 0: by epochs
  double evaluate_seconds = 0;      ///< and at the latest after so many seconds; 0: no such limit
  std::int64_t log_every = 0;       ///< steps between rows of train.jsonl; 0: at steps 1, 2, 4, 8, ...
  EarlyStopOptions early_stop;
  CheckpointOptions checkpoint;
  std::vector<std::string> exports;  ///< latest | best | final: models written to export/NAME/STEP after evaluations
  std::int64_t export_keep = 5;      ///< the newest so many of each stay; 0: all
  // What is watched changes no byte of the model, and is not stored in it.
  bool tensorboard = false;          ///< event files for TensorBoard in the run directory
  std::int64_t summary_every = 100;  ///< tensorboard: steps between values of the training
  std::int64_t histogram_every = 0;  ///< tensorboard: steps between histograms of tables and gradients; 0: none
};

/// Which users, events or rows are trained on, validated on and tested on.
struct SplitOptions {
  /// group: whole groups, by a hash of their key | time: last events of each group | column | row | value: rows by the
  /// order of a column's values | none
  std::string by = "group";
  std::string column;      ///< column: groups are split by a hash of this column's value
  double valid = 0.0;      ///< share of the groups, or (time) number of last-but-test events
  double test = 0.0;       ///< share of the groups, or (time) number of last events
  std::int64_t folds = 0;  ///< k > 0: 2 k buckets, test = bucket 2 fold, valid = bucket 2 fold + 1
  std::int64_t fold = 0;   ///< which of the folds
  std::string valid_from;  ///< value: the column's first value that is validated on
  std::string test_from;   ///< value: and the first that is tested on
};

struct EvalOptions {
  std::string protocol = "window";   ///< next-item | window | window-long | fold-in
  std::vector<std::string> metrics;  ///< such as "recall@20", "ndcg@20", "coverage@20", "hr@10", "mrr", "map@10"
  std::vector<std::string> slice;    ///< rows: columns that kin evaluate slices by, or several with commas between
};

/// Everything that decides how rows become tensors and tensors a model, as read from a TOML file; also stored in the
/// model.
struct Spec {
  std::int64_t version = 1;
  DataOptions data;
  FeatureColumns columns;
  ModelOptions model;
  HeadOptions head;
  std::map<std::string, HeadOptions> heads;  ///< several by name, in place of `head`
  TrainOptions train;
  SplitOptions split;
  EvalOptions eval;
};

/// Whether the spec is one of a recommender, or of a model over the rows of a table; neither where it only describes
/// columns. Specs must be resolved.
inline bool is_recommender(const Spec& spec) noexcept {
  return spec.model.kind == "recommender";
}
inline bool is_row_model(const Spec& spec) noexcept {
  return !is_recommender(spec) && spec.model.kind != "none";
}

/// The column that a recommender predicts. The spec must be a valid one of a recommender.
inline const VocabularyColumn& target_column(const Spec& spec) {
  return std::get<VocabularyColumn>(spec.columns.at(spec.head.target));
}
inline VocabularyColumn& target_column(Spec& spec) {
  return std::get<VocabularyColumn>(spec.columns.at(spec.head.target));
}

}  // namespace kin
