#pragma once

#include <cstdint>
#include <string>

namespace kin {

/// How ids of a categorical column become one vector.
struct EmbedOptions {
  std::int64_t dim = 0;             ///< width; 0: the rule of thumb, fourth root of the number of values, rounded up
  std::string combiner = "sqrtn";   ///< sum | mean | sqrtn
  float init_std = 0.0F;            ///< standard deviation of the truncated normal start; 0: 1 / sqrt(dim)
};

/// Titles for keys, kept in the model so that every later answer can print them.
struct NamesOptions {
  std::string path;                 ///< CSV or TSV with a header; empty: no names
  std::string key;                  ///< its column that holds the keys
  std::string label;                ///< its column that holds the titles
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

}  // namespace kin
