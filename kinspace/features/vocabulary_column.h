#pragma once

#include <cstdint>
#include <string>

#include "kinspace/base/options.h"

namespace kin {

/// How ids of a categorical column become one vector.
struct EmbedOptions {
  std::int64_t dim = 0;          ///< width; 0: the rule of thumb, fourth root of the number of values, rounded up
  std::string combiner = "sum";  ///< sum | mean | sqrtn
  float init_std = 0.0F;         ///< standard deviation of the truncated normal start; 0: 1 / sqrt(dim)
};

/// Titles for keys, kept in the model so that every later answer can print them.
struct NamesOptions {
  std::string path;   ///< CSV or TSV with a header; empty: no names
  std::string key;    ///< its column that holds the keys
  std::string label;  ///< its column that holds the titles
};

/// A categorical column whose vocabulary is learned from the training rows.
struct VocabularyColumn {
  std::string kind = "vocabulary";  ///< vocabulary
  std::string source;               ///< column of the data
  std::int64_t min_count = 1;       ///< rarer values are out of vocabulary
  std::int64_t max_size = 0;        ///< keeps the most frequent values; 0: all
  std::string oov = "drop";         ///< drop: out-of-vocabulary events are left out | row: they share one more row
  EmbedOptions embed;
  NamesOptions names;
};

template <class Visitor>
void describe(EmbedOptions& o, Visitor& v) {
  v.option("dim", o.dim, "width of the vectors; 0: rule of thumb, fourth root of the number of values, rounded up",
           within(0, 65536));
  v.option("combiner", o.combiner,
           "how several vectors become one; sqrtn divides their sum by the root of the sum of squared weights",
           one_of({"sum", "mean", "sqrtn"}));
  v.option("init_std", o.init_std, "standard deviation of the truncated normal start; 0: 1 / sqrt(dim)",
           within(0, 1000));
}

template <class Visitor>
void describe(NamesOptions& o, Visitor& v) {
  v.option("path", o.path, "CSV or TSV file with a header that titles the keys; empty: no titles");
  v.option("key", o.key, "its column that holds the keys");
  v.option("label", o.label, "its column that holds the titles");
}

template <class Visitor>
void describe(VocabularyColumn& o, Visitor& v) {
  v.option("kind", o.kind, "what the column is", one_of({"vocabulary"}));
  v.option("source", o.source, "column of the data; empty: the one of the same name");
  v.option("min_count", o.min_count, "values that occur less often are out of vocabulary", within(1, 1e15));
  v.option("max_size", o.max_size, "keeps the most frequent values; 0: all", within(0, 2e9));
  v.option("oov", o.oov, "out-of-vocabulary events are left out (drop) or share one more row (row)",
           one_of({"drop", "row"}));
  v.option("embed", o.embed, "the vectors");
  v.option("names", o.names, "titles, kept in the model");
}

}  // namespace kin
