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
  float max_norm = 0.0F;         ///< vectors longer than it are scaled down to it when looked up; 0: none are
  bool prune = true;             ///< false: as TensorFlow's use_safe_embedding_lookup = False
  bool trainable = true;         ///< false: the table keeps its start
  std::string checkpoint = {};   ///< file or pattern that the table starts from; empty: random numbers
  std::string tensor = {};       ///< its name there; empty: the table's own name, or the only tensor
  std::string keys = {};         ///< vocabulary file of its rows there; empty: as the file itself says
  std::string share = {};  ///< columns of the same share and num_buckets have one table; empty: a table of its own
};

/// Fourth root of the number of values, rounded up: a width for their embedding.
std::int64_t rule_of_thumb_dim(std::int64_t values) noexcept;

/// Titles for keys, kept in the model so that every later answer can print them.
struct NamesOptions {
  std::string path = {};   ///< CSV or TSV with a header; empty: no names
  std::string key = {};    ///< its column that holds the keys
  std::string label = {};  ///< its column that holds the titles
};

template <class Visitor>
void describe(EmbedOptions& o, Visitor& v) {
  v.shorthand("dim");
  v.option("dim", o.dim, "width of the vectors; 0: rule of thumb, fourth root of the number of values, rounded up",
           within(0, 65536));
  v.option("combiner", o.combiner,
           "how several vectors become one; sqrtn divides their sum by the root of the sum of squared weights",
           one_of({"sum", "mean", "sqrtn"}));
  v.option("init_std", o.init_std, "standard deviation of the truncated normal start; 0: 1 / sqrt(dim)",
           within(0, 1000));
  v.option("max_norm", o.max_norm, "longer vectors are scaled down to it when they are looked up; 0: none are",
           at_least(0));
  v.option("prune", o.prune,
           "negative ids have no vector, nor (mean, sqrtn) have ids whose weight is not positive; false: negative ids "
           "are errors, and every weight counts");
  v.option("trainable", o.trainable, "false: the table keeps its start");
  v.option("checkpoint", o.checkpoint,
           "run directory, checkpoint, file of vectors or pattern that the table starts from; empty: random numbers");
  v.option("tensor", o.tensor, "checkpoint: name of the tensor; empty: that of the table, or the only one");
  v.option("keys", o.keys,
           "checkpoint: vocabulary file with the keys of the tensor's rows, for files that do not know them; empty: as "
           "the file says, else rows are taken by number");
  v.option("share", o.share,
           "columns that name the same share and have as many ids use one table; empty: a table each");
}

template <class Visitor>
void describe(NamesOptions& o, Visitor& v) {
  v.option("path", o.path, "CSV or TSV file with a header that titles the keys; empty: no titles");
  v.option("key", o.key, "its column that holds the keys");
  v.option("label", o.label, "its column that holds the titles");
}

}  // namespace kin
