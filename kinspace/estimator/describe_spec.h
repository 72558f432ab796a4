#pragma once

#include "kinspace/base/options.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/describe_column.h"

// The settings of a spec, each named once (kinspace/base/options.h).

namespace kin {

template <class Visitor>
void describe(ModelOptions& o, Visitor& v) {
  v.option("kind", o.kind, "the model; auto: a recommender if data.group_by is given, else none: only columns",
           one_of({"auto", "recommender", "none"}));
  v.option("layers", o.layers, "widths of the dense layers over the combined context; none: the context itself",
           within(1, 65536));
  v.option("activation", o.activation, "of every layer but the last",
           one_of({"relu", "tanh", "gelu", "sigmoid", "linear"}));
  v.option("residual", o.residual,
           "the layers add to the combined context instead of replacing it; a projection joins unlike widths");
  v.option("dropout", o.dropout, "share of the units dropped before each layer while training", from_to_below(0, 1));
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
  v.option("kind", o.kind, "the loss over the catalogue", one_of({"softmax"}));
  v.option("target", o.target, "column whose next values are predicted; empty: the only column");
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
  v.option("metric", o.metric, "what has to rise; empty: the first of eval.metrics");
  v.option("patience", o.patience, "evaluations without a better value before training stops; 0: never",
           within(0, 1e6));
}

template <class Visitor>
void describe(CheckpointOptions& o, Visitor& v) {
  v.option("steps", o.steps, "steps between checkpoints; 0: at every evaluation", within(0, 1e15));
  v.option("seconds", o.seconds, "and at the latest after so many seconds; 0: no such limit", within(0, 1e9));
}

template <class Visitor>
void describe(TrainOptions& o, Visitor& v) {
  v.option("optimizer", o.optimizer, "how gradients become updates");
  v.option("schedule", o.schedule, "how the learning rate moves");
  v.option("batch", o.batch, "examples in a step", within(1, 1 << 20));
  v.option("epochs", o.epochs, "passes over the examples", within(1, 1e6));
  v.option("max_steps", o.max_steps, "at most so many steps; 0: no such limit", within(0, 1e15));
  v.option("seed", o.seed, "decides every random number of the run", within(0, 9e18));
  v.option("shuffle", o.shuffle, "examples of an epoch come in random order");
  v.option("reduction", o.reduction, "how the losses of a batch become one", one_of({"mean", "sum"}));
  v.option("l2", o.l2, "adds l2 / 2 * |w|^2 of the weights that a step touches to the loss", at_least(0));
  v.option("clip_norm", o.clip_norm, "gradients are scaled down to this global norm; 0: never", at_least(0));
  v.option("evaluate_every", o.evaluate_every, "epochs between evaluations on the validation cases", above(0));
  v.option("early_stop", o.early_stop, "when training ends before its epochs");
  v.option("checkpoint", o.checkpoint, "when the state is saved");
}

template <class Visitor>
void describe(SplitOptions& o, Visitor& v) {
  v.option("by", o.by,
           "held out are whole groups by a hash of their key, the last events of each group, groups (rows, where there "
           "are no groups) by a hash of a column, rows by their number, or nothing",
           one_of({"group", "time", "column", "row", "none"}));
  v.option("column", o.column, "column: its value is hashed");
  v.option("valid", o.valid, "validation: share of the groups, or (time) number of events before the test events",
           at_least(0));
  v.option("test", o.test, "test: share of the groups, or (time) number of last events", at_least(0));
  v.option("folds", o.folds,
           "k > 0: 2 k buckets in place of shares; test = bucket 2 fold, validation = bucket 2 fold + 1",
           within(0, 1000));
  v.option("fold", o.fold, "which of the folds, from 0", within(0, 999));
}

template <class Visitor>
void describe(EvalOptions& o, Visitor& v) {
  v.option("protocol", o.protocol, "what a case is: docs/guide/evaluation.md",
           one_of({"next-item", "window", "window-long", "fold-in"}));
  v.option("metrics", o.metrics,
           "recall@k, hr@k, ndcg@k, map@k, mrr, coverage@k, popularity@k; none: those of the protocol");
}

template <class Visitor>
void describe(Spec& o, Visitor& v) {
  v.option("spec", o.version, "version of this format; required", within(1, 1));
  v.option("data", o.data, "where rows come from and how they form histories");
  v.option("columns", o.columns, "columns.NAME describes one column");
  v.option("model", o.model, "the network between a context and its scores");
  v.option("head", o.head, "what is predicted from what");
  v.option("train", o.train, "how it is trained");
  v.option("split", o.split, "what is trained on, validated on and tested on");
  v.option("eval", o.eval, "how it is measured");
}

}  // namespace kin
