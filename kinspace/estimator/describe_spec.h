#pragma once

#include "kinspace/base/options.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/describe_column.h"

// The settings of a spec, each named once (kinspace/base/options.h).

namespace kin {

template <class Visitor>
void describe(ModelOptions& o, Visitor& v) {
  v.option(
      "kind", o.kind,
      "the model; auto: a recommender if data.group_by is given, else wide_deep if there is a head, else none: only "
      "columns",
      one_of({"auto", "recommender", "linear", "deep", "wide_deep", "baseline", "none"}));
  v.option("wide", o.wide, "linear, wide_deep: columns of the linear part; none: all but sequences");
  v.option("deep", o.deep, "deep, wide_deep: columns of the deep part; none: all");
  v.option("pooling", o.pooling,
           "deep, wide_deep: how the steps of a column with sequence = true become one vector; attention: by a learned "
           "query a column",
           one_of({"mean", "sum", "max", "attention"}));
  v.option("combiner", o.combiner, "linear, wide_deep: how the weights of a row's ids in one column become one",
           one_of({"sum", "mean", "sqrtn"}));
  v.option("prior_bias", o.prior_bias,
           "over rows: the bias of the logits starts where it fits the labels best by itself; with train.compat at 0");
  v.option("batch_norm", o.batch_norm, "deep, wide_deep: normalize the units of each layer over the batch");
  v.option("batch_norm_momentum", o.batch_norm_momentum,
           "share of the moving averages that a step keeps; -1: 0.99, with train.compat 0.999",
           {.low = -1, .high = 1, .high_itself = false});
  v.option("layers", o.layers,
           "widths of the dense layers over the columns, or over the combined context; none: these themselves",
           within(1, 65536));
  v.option("activation", o.activation, "of the layers; a recommender's last one has none",
           one_of({"relu", "tanh", "gelu", "sigmoid", "linear", "elu", "selu", "softplus", "swish", "leaky_relu"}));
  v.option("residual", o.residual,
           "the layers add to the combined context instead of replacing it; a projection joins unlike widths");
  v.option("dropout", o.dropout,
           "share of the units dropped while training: before each layer, or (deep) after it; -1: recommender 0.2, "
           "rows 0.3, with "
           "train.compat 0",
           {.low = -1, .high = 1, .high_itself = false});
  v.option("item_dropout", o.item_dropout, "share of the context's items dropped while training; at least one stays",
           from_to_below(0, 1));
  v.option("position", o.position,
           "weights of the context's events: all alike, halved by age, or learned for each place",
           one_of({"none", "recency", "learned"}));
  v.option("half_life", o.half_life,
           "recency: an event so many places before the end weighs half; learned: the weights start so", above(0));
  v.option("item_bias", o.item_bias,
           "a number added to each item's score: none, started at 0, or started at log popularity",
           one_of({"none", "zeros", "popularity"}));
  v.option("normalize", o.normalize, "scores are cosines of query and item");
  v.option("temperature", o.temperature, "scores are divided by it; below 1 sharpens, which cosines need", above(0));
}

template <class Visitor>
void describe(HeadOptions& o, Visitor& v) {
  v.option("kind", o.kind, "what a label is, and so the loss; auto: softmax over the catalogue for a recommender",
           one_of({"auto", "softmax", "binary", "multi_class", "multi_label", "regression", "poisson", "logistic"}));
  v.option("target", o.target,
           "softmax: column whose next values are predicted, empty: the only column; else column of the data with the "
           "labels");
  v.option("labels", o.labels, "values of the target in the order of their classes; none: learned, or numbers");
  v.option(
      "classes", o.classes,
      "multi_class, multi_label: how many; 0: as many as there are labels; binary: 2 learns the two values, the rarer "
      "is class 1",
      within(0, 1 << 24));
  v.option("dimension", o.dimension,
           "regression, poisson, logistic: numbers of a label; multi_label: above 1, labels are so many 0 and 1",
           within(1, 65536));
  v.option("split", o.split, "multi_label and labels of several numbers: separates them in a cell");
  v.option("weight", o.weight, "column of the data with the weight of each row; empty: all weigh 1");
  v.option("transform", o.transform,
           "regression: of the label before the loss; predictions and metrics are in the label's own unit",
           one_of({"none", "log1p", "zscore"}));
  v.option("link", o.link, "regression: what makes a prediction of a logit", one_of({"identity", "exp"}));
  v.option("loss", o.loss,
           "regression: what an error counts: its square; its size, which aims at medians; or huber, squared up to "
           "huber_delta and straight beyond",
           one_of({"squared", "absolute", "huber"}));
  v.option("huber_delta", o.huber_delta, "huber: in the unit of the transformed target", above(0));
  v.option("full_loss", o.full_loss, "poisson: the loss has its constant terms too");
  v.option("thresholds", o.thresholds, "binary, multi_label: accuracy, precision and recall at these probabilities too",
           Allowed{.low = 0, .high = 1, .low_itself = false, .high_itself = false});
  v.option(
      "areas", o.areas,
      "binary, multi_label: auc and auc_precision_recall at 200 thresholds as Keras interpolates, or by trapezoids as "
      "TensorFlow 1's heads; auto: keras, with train.compat = tf1 tf1",
      one_of({"auto", "keras", "tf1"}));
  v.option("class_metrics", o.class_metrics, "multi_label: classes that get metrics of their own");
  v.option("loss_weight", o.loss_weight, "weight in the sum over several heads", at_least(0));
  v.option("context", o.context, "events that go in", within(1, 1000));
  v.option("predict", o.predict, "events that come out", within(1, 1000));
  v.option("stride", o.stride, "events from the start of one window to the next", within(1, 1e6));
  v.option("partial", o.partial,
           "windows may reach over either end of a history and then hold fewer events, at least one in and one out");
  v.option("pick", o.pick, "the first events of a window go in (time), or some drawn anew every epoch (random)",
           one_of({"time", "random"}));
  v.option("share", o.share,
           "column whose embedding table is the output table too: auto, the target; empty: a table of its own");
  v.option("exclude_context", o.exclude_context,
           "full softmax: items of the context are no candidates, as when recommending without those seen");
  v.option("negatives", o.negatives, "sampled softmax: items drawn per batch; 0: full softmax; -1: the cheaper one",
           within(-1, 1e6));
  v.option("sampler", o.sampler, "what negatives are drawn from: rank of frequency, or frequency to a power",
           one_of({"log_uniform", "unigram"}));
  v.option("sampler_power", o.sampler_power, "unigram: the power", within(0, 10));
  v.option("correct", o.correct, "sampled scores are corrected by their log expected count (logQ)");
}

template <class Visitor>
void describe(EarlyStopOptions& o, Visitor& v) {
  v.option(
      "metric", o.metric,
      "what decides, here and of the best checkpoints and exports; empty: the first of eval.metrics, or the loss of "
      "the rows");
  v.option("patience", o.patience, "evaluations without a better value before training stops; 0: never",
           within(0, 1e6));
  v.option("no_improvement_steps", o.no_improvement_steps,
           "steps without a better value before training stops; only evaluations move the clock; 0: never",
           within(0, 1e15));
  v.option("above", o.above, "a value above this stops training; none: never");
  v.option("below", o.below, "a value below this stops training; none: never");
  v.option("min_steps", o.min_steps, "evaluations at earlier steps are as if they were not there", within(0, 1e15));
}

template <class Visitor>
void describe(CheckpointOptions& o, Visitor& v) {
  v.option("steps", o.steps, "steps between checkpoints; 0: at every evaluation", within(0, 1e15));
  v.option("seconds", o.seconds, "and at the latest after so many seconds; 0: no such limit", within(0, 1e9));
  v.option("keep", o.keep, "the newest so many stay; 0: all", within(0, 1e6));
  v.option("keep_best", o.keep_best, "and the so many with the best metric of the evaluations", within(0, 1e6));
  v.option("every_hours", o.every_hours, "and the first of each so many hours of the run; 0: none", within(0, 1e6));
}

template <class Visitor>
void describe(WarmStartOptions& o, Visitor& v) {
  v.option("path", o.path, "run directory, checkpoint or pattern that the run starts from; empty: none");
  v.option("include", o.include, "patterns of the parameters that are taken over; none: all that are there");
  v.option("exclude", o.exclude, "patterns of those that are not");
  v.option("rename", o.rename, "parameter = its name in the file");
  v.option(
      "keys", o.keys,
      "parameter = vocabulary file with the keys of its rows in the file, for files that do not know them, such as "
      "TensorFlow's checkpoints: rows then join by key");
  v.option("fresh", o.fresh, "rows of keys that are new: as without a start, the old row of the unknown, or the mean",
           one_of({"initial", "oov", "mean"}));
  v.option("slots", o.slots, "slot variables are taken over too");
  v.shorthand("path");
}

template <class Visitor>
void describe(TrainOptions& o, Visitor& v) {
  v.option("compat", o.compat,
           "what is left open (optimizers and their rates, schedule, reduction, dropout) as in TensorFlow's canned "
           "estimators, V1 (tf1) or V2 (tf2)",
           one_of({"none", "tf1", "tf2"}));
  v.option("optimizer", o.optimizer, "how gradients become updates");
  v.option("optimizers", o.optimizers,
           "optimizers.\"PATTERN\": of the parameters whose names match, such as \"linear/*\"");
  v.option("freeze", o.freeze, "patterns of the parameters that do not move");
  v.option("warm_start", o.warm_start, "what the run starts from in place of random numbers");
  v.option("schedule", o.schedule, "how the learning rate moves");
  v.option("batch", o.batch, "examples in a step; 0: recommender 256, rows 128", within(0, 1 << 20));
  v.option("epochs", o.epochs, "passes over the examples; 0: recommender 4, rows 10", within(0, 1e6));
  v.option("max_steps", o.max_steps, "at most so many steps; 0: no such limit", within(0, 1e15));
  v.option("seed", o.seed, "decides every random number of the run", within(0, 9e18));
  v.option("shuffle", o.shuffle, "examples of an epoch come in random order");
  v.option("precision", o.precision,
           "of the factors of matrix products while training: bf16 rounds them to 8 bits, which processors with "
           "AVX512-BF16 multiply twice as fast; sums, weights, updates and evaluations are fp32 in any case",
           one_of({"fp32", "bf16"}));
  v.option(
      "table_precision", o.table_precision,
      "of the rows of embedding tables while training: bf16 takes half of the memory of the weights; each update "
      "rounds up or down by chance, so that small steps are not lost. Optimizer slots, and the files of models and "
      "checkpoints, are fp32; so are tables of recommenders that train against all items",
      one_of({"fp32", "bf16"}));
  v.option("reduction", o.reduction,
           "how the weighted losses of a batch become one: auto is mean (compat = tf1: sum); their sum over the number "
           "of examples, their sum, or that over "
           "the sum of the weights, or over the number of weights that are not 0",
           one_of({"auto", "mean", "sum", "weighted_mean", "nonzero_mean"}));
  v.option("l2", o.l2, "adds l2 / 2 * |w|^2 of the weights that a step touches to the loss", at_least(0));
  v.option("clip_norm", o.clip_norm, "gradients are scaled down to this global norm; 0: never", at_least(0));
  v.option("evaluate_every", o.evaluate_every, "epochs between evaluations on the validation cases", above(0));
  v.option("evaluate_steps", o.evaluate_steps, "steps between them, in place of evaluate_every; 0: by epochs",
           within(0, 1e15));
  v.option("evaluate_seconds", o.evaluate_seconds,
           "and at the latest after so many seconds, which makes the run depend on the machine; 0: no such limit",
           within(0, 1e9));
  v.option("log_every", o.log_every, "steps between rows of train.jsonl; 0: at steps 1, 2, 4, 8 and so on",
           within(0, 1e15));
  v.option("early_stop", o.early_stop, "when training ends before its epochs");
  v.option("checkpoint", o.checkpoint, "when the state is saved, and how many stay");
  v.option(
      "export", o.exports,
      "models written to export/NAME/STEP: after every evaluation (latest), after one that is strictly better than "
      "all before (best), at the end (final)",
      one_of({"latest", "best", "final"}));
  v.option("export_keep", o.export_keep, "the newest so many of each stay; 0: all", within(0, 1e6));
  v.option("tensorboard", o.tensorboard,
           "event files for TensorBoard in the run directory; they change no byte of the model, and the model does not "
           "say whether there were any");
  v.option("summary_every", o.summary_every, "tensorboard: steps between values of the training", within(1, 1e15));
  v.option("histogram_every", o.histogram_every,
           "tensorboard: steps between histograms of all tables and their gradients; 0: none", within(0, 1e15));
}

template <class Visitor>
void describe(SplitOptions& o, Visitor& v) {
  v.option(
      "by", o.by,
      "held out are whole groups by a hash of their key, the last events of each group, groups (rows, where there "
      "are no groups) by a hash of a column, rows by a hash of their number, rows by the order of a column's values, "
      "or nothing",
      one_of({"group", "time", "column", "row", "value", "none"}));
  v.option("column", o.column, "column: its value is hashed; value: it is compared");
  v.option("valid", o.valid, "validation: share of the groups, or (time) number of events before the test events",
           at_least(0));
  v.option("test", o.test, "test: share of the groups, or (time) number of last events", at_least(0));
  v.option("folds", o.folds,
           "k > 0: 2 k buckets in place of shares; test = bucket 2 fold, validation = bucket 2 fold + 1",
           within(0, 1000));
  v.option("fold", o.fold, "which of the folds, from 0", within(0, 999));
  v.option("valid_from", o.valid_from, "value: validation starts at this value; empty: there is none");
  v.option("test_from", o.test_from, "value: and the test at this one");
}

template <class Visitor>
void describe(EvalOptions& o, Visitor& v) {
  v.option("protocol", o.protocol, "what a case is: docs/guide/evaluation.md",
           one_of({"next-item", "window", "window-long", "fold-in"}));
  v.option("metrics", o.metrics,
           "recommender: recall@k, hr@k, ndcg@k, map@k, mrr, coverage@k, popularity@k, none: those of the protocol; "
           "rows: metrics beside those of the head");
  v.option("slice", o.slice,
           "rows: columns of the data by whose values the metrics are told apart too, when a model is evaluated; "
           "\"A,B\": by every combination of theirs");
}

template <class Visitor>
void describe(Spec& o, Visitor& v) {
  v.option("spec", o.version, "version of this format; required", within(1, 1));
  v.option("data", o.data, "where rows come from and how they form histories");
  v.option("columns", o.columns, "columns.NAME describes one column");
  v.option("model", o.model, "the network between a context and its scores");
  v.option("head", o.head, "what is predicted from what");
  v.option("heads", o.heads, "heads.NAME describes one of several, in place of head");
  v.option("train", o.train, "how it is trained");
  v.option("split", o.split, "what is trained on, validated on and tested on");
  v.option("eval", o.eval, "how it is measured");
}

}  // namespace kin
