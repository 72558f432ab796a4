#pragma once

#include "kinspace/base/options.h"
#include "kinspace/features/feature_column.h"

// The settings of feature columns, each named once (kinspace/base/options.h).

namespace kin {
namespace internal {

template <class Visitor, class Column>
void describe_source(Column& o, Visitor& v) {
  v.option("source", o.source, "column of the data; empty: the one of the same name");
}

template <class Visitor, class Column>
void describe_split(Column& o, Visitor& v) {
  v.option("split", o.split, "1 to 4 characters between the values of a cell, such as \"|\"; empty: a cell is a value");
}

template <class Visitor, class Column>
void describe_pair(Column& o, Visitor& v) {
  v.option("pair", o.pair, "characters between a value and its weight in a cell, such as \":\" in a:0.5|b:2");
}

template <class Visitor, class Column>
void describe_time(Column& o, Visitor& v) {
  v.option("derive", o.derive, "the value is this part of a date or time; empty: the cell itself",
           one_of({"", "year", "month", "day", "weekday", "hour", "minute", "minute_of_day", "minute_of_week",
                   "hour_of_week", "dayofyear", "weekofyear", "quarter", "epoch"}));
  v.option("time_zone", o.time_zone, "in which derive counts: UTC, +01:00 or a name such as Europe/London");
}

template <class Visitor, class Column>
void describe_missing(Column& o, Visitor& v) {
  v.option("missing", o.missing, "which single cells hold no value: '', -1 and null as in TensorFlow, or only null",
           one_of({"tf", "null"}));
}

template <class Visitor, class Column>
void describe_weight(Column& o, Visitor& v) {
  v.option("weight", o.weight, "column of the data with a weight for each value; empty: none");
  v.option("pairing", o.pairing,
           "values and weights are paired in order within a row, in order within a batch (TensorFlow), or by place",
           one_of({"row", "batch", "cell"}));
}

template <class Visitor, class Column>
void describe_dense(Column& o, Visitor& v) {
  v.option("indicator", o.indicator, "as dense input: the count, or sum of weights, of each id");
  v.option("embed", o.embed, "as dense input: vectors of the ids, learned");
}

template <class Visitor, class Column>
void describe_sequence(Column& o, Visitor& v) {
  v.option("sequence", o.sequence, "values keep their order: one vector a step instead of one a row");
}

template <class Visitor, class Column>
void describe_dtype(Column& o, Visitor& v) {
  v.option("dtype", o.dtype, "what the data must hold; auto: strings or integers",
           one_of({"auto", "string", "integer"}));
}

}  // namespace internal

template <class Visitor>
void describe(NumericColumn& o, Visitor& v) {
  v.option("kind", o.kind, "numbers as they are", one_of({"numeric"}));
  v.option("source", o.source, "column of the data, or several that become a vector; empty: the one of the same name");
  internal::describe_split(o, v);
  v.option("size", o.size, "values a row", within(1, 1 << 20));
  v.option("missing", o.missing,
           "a missing value is an error, the constant `fill`, the mean of the training rows, or NaN as in TensorFlow",
           one_of({"error", "constant", "mean", "nan"}));
  v.option("fill", o.fill, "constant: what a missing value becomes; sequence: the padding too");
  v.option("clip", o.clip, "lowest and highest value; what is beyond becomes them");
  v.option("scale", o.scale,
           "fitted on the training rows: (x - mean) / std, (x - min) / (max - min), log(1 + x), or rank in [0, 1]",
           one_of({"none", "zscore", "minmax", "log1p", "quantile"}));
  internal::describe_time(o, v);
  internal::describe_sequence(o, v);
}

template <class Visitor>
void describe(BoundaryOptions& o, Visitor& v) {
  v.shorthand("values");
  v.option("values", o.values, "where buckets begin, rising; a list alone stands for it");
  v.option("linspace", o.linspace, "first, last and number of boundaries, evenly spaced");
  v.option("quantiles", o.quantiles, "number of buckets with equally many training rows each", within(0, 65536));
}

template <class Visitor>
void describe(BucketizedColumn& o, Visitor& v) {
  v.option("kind", o.kind, "the bucket that holds a number", one_of({"bucketized"}));
  v.option("source", o.source, "column of the data, or several; empty: the one of the same name");
  internal::describe_split(o, v);
  v.option("size", o.size, "numbers a row", within(1, 1 << 20));
  v.option("boundaries", o.boundaries, "where the buckets begin; each holds its lower end");
  v.option("missing", o.missing, "a missing number is in the last bucket as TensorFlow's NaN, in one more, or an error",
           one_of({"last", "bucket", "error"}));
  internal::describe_time(o, v);
  internal::describe_weight(o, v);
  v.option("piecewise", o.piecewise,
           "as dense input: 1 for each bucket below, the share of the way in its own, else 0");
  internal::describe_dense(o, v);
}

template <class Visitor>
void describe(IdentityColumn& o, Visitor& v) {
  v.option("kind", o.kind, "integers that are ids already", one_of({"identity"}));
  internal::describe_source(o, v);
  internal::describe_split(o, v);
  internal::describe_pair(o, v);
  v.option("size", o.size, "ids are below it; required unless derive knows it", within(0, 9e18));
  v.option("default_value", o.default_value, "id of values out of range; -1: none", within(-1, 9e18));
  v.option(
      "out_of_range", o.out_of_range,
      "without default_value: an error, or passed on (TensorFlow: ids below 0 are none, too large ones fail later)",
      one_of({"error", "pass"}));
  internal::describe_missing(o, v);
  internal::describe_time(o, v);
  internal::describe_weight(o, v);
  internal::describe_sequence(o, v);
  internal::describe_dense(o, v);
}

template <class Visitor>
void describe(VocabularyColumn& o, Visitor& v) {
  v.option("kind", o.kind, "place of a value in a vocabulary", one_of({"vocabulary"}));
  internal::describe_source(o, v);
  internal::describe_split(o, v);
  internal::describe_pair(o, v);
  v.option("values", o.values, "the vocabulary; none and no path: learned from the training rows");
  v.option("path", o.path, "text file with a key a line, also .gz or .zst");
  v.option("path_rows", o.path_rows, "keys to take from the file; 0: all", within(0, 2e9));
  v.option("min_count", o.min_count, "learned: values that occur less often are out of vocabulary", within(1, 1e15));
  v.option("max_size", o.max_size, "learned: keeps the most frequent values; 0: all", within(0, 2e9));
  v.option("oov", o.oov, "values out of vocabulary are left out (drop) or share one more row (row)",
           one_of({"drop", "row"}));
  v.option("oov_buckets", o.oov_buckets, "values out of vocabulary share so many more rows, by fingerprint",
           within(0, 2e9));
  v.option("default_value", o.default_value, "id of values out of vocabulary; -1: none", within(-1, 9e18));
  internal::describe_dtype(o, v);
  internal::describe_missing(o, v);
  internal::describe_time(o, v);
  internal::describe_weight(o, v);
  internal::describe_sequence(o, v);
  internal::describe_dense(o, v);
  v.option("names", o.names, "titles, kept in the model");
}

template <class Visitor>
void describe(HashColumn& o, Visitor& v) {
  v.option("kind", o.kind, "fingerprint of a value modulo buckets", one_of({"hash"}));
  internal::describe_source(o, v);
  internal::describe_split(o, v);
  internal::describe_pair(o, v);
  v.option("buckets", o.buckets, "number of ids; required", within(0, 9e18));
  v.option("salt", o.salt, "two integers: SipHash with that key in place of FarmHash's fingerprint64");
  internal::describe_dtype(o, v);
  internal::describe_missing(o, v);
  internal::describe_time(o, v);
  internal::describe_weight(o, v);
  internal::describe_sequence(o, v);
  internal::describe_dense(o, v);
}

template <class Visitor>
void describe(CrossedColumn& o, Visitor& v) {
  v.option("kind", o.kind, "all combinations of the values of several columns", one_of({"crossed"}));
  v.option("of", o.of, "columns of this spec, else of the data; data.NAME is always the data's; at least two");
  v.option("buckets", o.buckets, "TensorFlow's hash modulo buckets; 0: exact, an id for each combination",
           within(0, 9e18));
  v.option("hash_key", o.hash_key, "start of the hash; 0: TensorFlow's 0xDECAFCAFFE");
  v.option("order", o.order, "tf_dense hashes lists before single cells of the data, as TensorFlow with dense tensors",
           one_of({"given", "tf_dense"}));
  v.option("oov", o.oov, "hashed: values out of vocabulary take part as -1 (TensorFlow), or have no combination",
           one_of({"keep", "drop"}));
  v.option("missing", o.missing, "an empty cell of the data is the value '' or -1 (TensorFlow), or has no combination",
           one_of({"tf", "null"}));
  v.option("split", o.split,
           "data column = 1 to 4 characters between the values of its cells, such as { tags = \"|\" }");
  internal::describe_weight(o, v);
  internal::describe_dense(o, v);
}

template <class Visitor>
void describe(TextColumn& o, Visitor& v) {
  v.option("kind", o.kind, "words of a text", one_of({"text"}));
  internal::describe_source(o, v);
  v.option("lower", o.lower, "words of different case are the same");
  v.option("punctuation", o.punctuation,
           "drop: it separates words; keep: each mark is a word; join: it belongs to words, which blanks separate",
           one_of({"drop", "keep", "join"}));
  v.option("ngrams", o.ngrams, "sequences of up to so many words are values too", within(1, 8));
  v.option("max_words", o.max_words, "of a text; 0: all", within(0, 1e9));
  v.option("buckets", o.buckets, "hashed; 0: by a vocabulary", within(0, 9e18));
  v.option("values", o.values,
           "the vocabulary, words as they come out (in lower case, unless lower = false); none and no path: learned "
           "from the training rows");
  v.option("path", o.path, "text file with a word a line, also .gz or .zst");
  v.option("path_rows", o.path_rows, "words to take from the file; 0: all", within(0, 2e9));
  v.option("min_count", o.min_count, "learned: rarer values are out of vocabulary", within(1, 1e15));
  v.option("max_size", o.max_size, "learned: keeps the most frequent values; 0: all", within(0, 2e9));
  v.option("oov_buckets", o.oov_buckets, "values out of vocabulary share so many more rows", within(0, 2e9));
  internal::describe_sequence(o, v);
  internal::describe_dense(o, v);
}

}  // namespace kin
