#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kinspace/features/representation.h"

// Feature columns are values: each struct describes how data columns become ids (categorical columns) or numbers (dense
// ones); an Encoder (encoder.h) executes them. Their behaviour is TensorFlow 2.15's tf.feature_column unless an option
// says otherwise; docs/guide/from-tensorflow.md maps the one to the other.
//
// Members that several structs share:
//   source      column of the data; empty: the one of the same name as this column
//   split       1 to 4 characters between the values of a cell, such as "|"; empty: a cell is a value (a list column
//   has
//               its own values)
//   derive      a part of a point in time, see time_part.h; the value is then that integer
//   time_zone   of `derive`: "UTC", "+01:00" or a name such as "Europe/London"
//   missing     which single cells hold no value: tf: '', -1 and null, as TensorFlow's dense tensors have it;
//               null: only null. In lists '' and -1 are values, as in TensorFlow's sparse tensors.
//   dtype       auto: as the data has it; string or integer: data of the other type is refused
//   weight      data column with a weight for each value; or, inside the cell, `pair`: the characters between value and
//               weight ("a:0.5|b:2" has pair ":"). Weights of 0 in single cells and fixed lists are dropped.
//   pairing     row: the k-th id of a row has its k-th weight, and unequal numbers are an error; batch: the k-th id of
//   a
//               batch has its k-th weight, as in TensorFlow, where weights can shift to other rows unseen; cell: the id
//               and the weight at one place belong together, a missing weight is 1, and a weight of 0 drops its id
//   sequence    the ids keep their order and positions: one vector a step instead of one a row
//   indicator   as dense input the column is the count (or sum of weights) of each id
//   embed       as dense input the column is the combination of the ids' vectors; buckets without a dim are indicators

namespace kin {

/// Numbers, [B, size].
struct NumericColumn {
  std::string kind = "numeric";
  std::vector<std::string> source = {};  ///< one data column, or several that become a vector
  std::string split = {};
  std::int64_t size = 1;          ///< values a row: of one cell (split or a list), or the number of sources
  std::string missing = "error";  ///< error | constant | mean (of the training rows) | nan (as TensorFlow)
  double fill = 0.0;              ///< constant: what a missing value becomes; sequence: also the padding
  std::vector<double> clip = {};  ///< lowest and highest value: what is beyond becomes them; empty: no limits
  std::string scale = "none";     ///< none | zscore | minmax | log1p | quantile, fitted on the training rows
  std::string derive = {};
  std::string time_zone = "UTC";
  bool sequence = false;  ///< size values a step
};

/// Where the buckets of numbers begin: one of the three.
struct BoundaryOptions {
  std::vector<double> values = {};    ///< rising
  std::vector<double> linspace = {};  ///< first, last and number of boundaries
  std::int64_t quantiles = 0;         ///< number of buckets with equally many training rows each
};

/// Id of the bucket that holds a number: bucket + dimension * (boundaries + 1).
struct BucketizedColumn {
  std::string kind = "bucketized";
  std::vector<std::string> source = {};
  std::string split = {};
  std::int64_t size = 1;
  BoundaryOptions boundaries = {};
  std::string missing = "last";  ///< last (as TensorFlow's NaN) | bucket (one more for them) | error
  std::string derive = {};
  std::string time_zone = "UTC";
  std::string weight = {};
  std::string pairing = "row";
  bool indicator = false;
  bool piecewise = false;  ///< dense: 1 for each bucket below, the share of the way in its own, 0 above
  EmbedOptions embed = {};
};

/// Integers that are ids already.
struct IdentityColumn {
  std::string kind = "identity";
  std::string source = {};
  std::string split = {};
  std::string pair = {};
  std::int64_t size = 0;               ///< ids are below it; required but where `derive` knows it
  std::int64_t default_value = -1;     ///< id of values out of range; -1: none, see out_of_range
  std::string out_of_range = "error";  ///< error | pass: as TensorFlow, a negative id counts as none, one that is too
                                       ///< large is an error of the lookup only
  std::string missing = "tf";
  std::string derive = {};
  std::string time_zone = "UTC";
  std::string weight = {};
  std::string pairing = "row";
  bool sequence = false;
  bool indicator = false;
  EmbedOptions embed = {};
};

/// Place of a value in a vocabulary: given as a list, in a file, or learned from the training rows.
struct VocabularyColumn {
  std::string kind = "vocabulary";
  std::string source = {};
  std::string split = {};
  std::string pair = {};
  std::vector<std::string> values = {};  ///< the vocabulary; none and no path: learned
  std::string path = {};                 ///< text file with a key a line, also gzip or zstd
  std::int64_t path_rows = 0;            ///< keys to take from it; 0: all
  std::int64_t min_count = 1;            ///< learned: rarer values are out of vocabulary
  std::int64_t max_size = 0;             ///< learned: keeps the most frequent values; 0: all
  std::string oov = "drop";              ///< drop: values out of vocabulary are left out | row: they share one more row
  std::int64_t oov_buckets = 0;          ///< values out of vocabulary share so many more rows, by fingerprint
  std::int64_t default_value = -1;       ///< id of values out of vocabulary; -1: none, they are dropped at the lookup
  std::string dtype = "auto";
  std::string missing = "tf";
  std::string derive = {};
  std::string time_zone = "UTC";
  std::string weight = {};
  std::string pairing = "row";
  bool sequence = false;
  bool indicator = false;
  EmbedOptions embed = {};
  NamesOptions names = {};
};

/// FarmHash fingerprint64 of a value (integers by their decimal text) mod buckets.
struct HashColumn {
  std::string kind = "hash";
  std::string source = {};
  std::string split = {};
  std::string pair = {};
  std::int64_t buckets = 0;             ///< required
  std::vector<std::int64_t> salt = {};  ///< two integers: SipHash-2-4 with that key in place of FarmHash
  std::string dtype = "auto";
  std::string missing = "tf";
  std::string derive = {};
  std::string time_zone = "UTC";
  std::string weight = {};
  std::string pairing = "row";
  bool sequence = false;
  bool indicator = false;
  EmbedOptions embed = {};
};

/// All combinations of the values of several columns in a row.
struct CrossedColumn {
  std::string kind = "crossed";
  std::vector<std::string> of = {};  ///< columns of the spec, else of the data; "data.NAME" is always the data's
  std::int64_t buckets = 0;          ///< TensorFlow's hash mod buckets; 0: exact, an id for each combination
  std::int64_t hash_key = 0;         ///< 0: TensorFlow's 0xDECAFCAFFE
  std::string order = "given";       ///< given | tf_dense: lists before single cells, as TensorFlow with dense tensors
  std::string oov = "keep";          ///< keep: OOV ids take part, as in TensorFlow (hashed) | drop
  std::string missing = "tf";        ///< of data columns: tf: an empty single cell is the value '' (-1 for integers)
                                     ///< | null: such a row has no combination
  std::map<std::string, std::string> split = {};  ///< data column = what separates the values of its cells
  std::string weight = {};
  std::string pairing = "row";
  bool indicator = false;
  EmbedOptions embed = {};
};

/// Words of a text, or sequences of them.
struct TextColumn {
  std::string kind = "text";
  std::string source = {};
  bool lower = true;                 ///< case folded
  std::string punctuation = "drop";  ///< drop: separates words | keep: a word of its own | join: as a letter
  std::int64_t ngrams = 1;           ///< sequences of up to so many words are values too, joined by a blank
  std::int64_t max_words = 0;        ///< of a text; 0: all
  // Where the ids come from: hashed, or the vocabulary as in VocabularyColumn, of words as they come out.
  std::int64_t buckets = 0;  ///< 0: by a vocabulary
  std::vector<std::string> values = {};
  std::string path = {};
  std::int64_t path_rows = 0;
  std::int64_t min_count = 1;
  std::int64_t max_size = 0;
  std::int64_t oov_buckets = 0;
  bool sequence = false;
  bool indicator = false;
  EmbedOptions embed = {};
};

using FeatureColumn = std::variant<VocabularyColumn, NumericColumn, BucketizedColumn, IdentityColumn, HashColumn,
                                   CrossedColumn, TextColumn>;
using FeatureColumns = std::map<std::string, FeatureColumn>;

/// "numeric", "bucketized" ...
const std::string& column_kind(const FeatureColumn& column) noexcept;

/// All of them.
const std::vector<std::string>& column_kinds();

/// Makes `column` one of that kind with all else at its default; false for a word that is no kind.
bool set_column_kind(FeatureColumn& column, std::string_view kind);

/// Its embed options; null for a numeric column.
const EmbedOptions* embed_options(const FeatureColumn& column) noexcept;
EmbedOptions* embed_options(FeatureColumn& column) noexcept;

}  // namespace kin
