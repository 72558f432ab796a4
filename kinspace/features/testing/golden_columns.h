#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/temporary_file.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/feature_column.h"
#include "kinspace/features/testing/golden_tensor.h"

namespace kin::testing {

/// The tensors that a case feeds to TensorFlow, as columns of a table.
///
/// Cells    dense tensors of rank 1 or one value a row are single cells, wider ones fixed lists (row-major); sparse
///          tensors are lists, whose gaps are missing values. Of rank 3, a list holds all values of a row; with
///          `inner_rows` each [row, col] is a row of its own, as safe_embedding_lookup_sparse has it.
class TfFeatures {
 public:
  TfFeatures(const nlohmann::json& input, bool inner_rows);

  bool has(const std::string& key) const { return tensors_.contains(key); }
  const TfTensor& tensor(const std::string& key) const { return tensors_.at(key); }

  /// The data column of a feature (its key, also where the case has no such feature), made at the first call.
  const std::string& column(const std::string& key);

  /// The data column that holds what `how` made of a feature: its key too, if that is still free.
  const std::string& column(const std::string& key, const std::string& how, const TfTensor& tensor);

  const std::vector<Field>& fields() const noexcept { return fields_; }
  std::int64_t rows() const noexcept { return rows_; }

  /// The columns at `positions`, which fields().at() names.
  Batch batch(const std::vector<std::int64_t>& positions) const;

 private:
  struct Storage {
    std::vector<std::int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::int32_t> offsets;
    std::string bytes;
    std::vector<std::int32_t> list_offsets;
    std::vector<std::uint8_t> validity;
    Column column;
  };
  void fill_dense(const TfTensor& t, Storage& s) const;
  void fill_sparse(const TfTensor& t, Storage& s) const;
  static void add_value(const TfTensor& t, std::size_t i, Storage& s);

  bool inner_rows_;
  std::map<std::string, TfTensor> tensors_;
  std::map<std::string, std::string> names_;
  std::vector<Field> fields_;
  std::vector<std::unique_ptr<Storage>> storage_;
  std::int64_t rows_ = -1;  // of the first column made; the encoder finds others that differ
};

/// What a TensorFlow column makes of one of ours.
struct TfColumn {
  enum class Kind { kCategorical, kNumeric, kBucketized, kIndicator, kEmbedding };

  Kind kind = Kind::kCategorical;
  std::string name;    ///< TensorFlow's, such as "x_embedding"; also that of our column
  bool bag = true;     ///< not a sequence
  std::string weight;  ///< feature with weights, or empty

  std::vector<std::int64_t> shape;  ///< variable_shape of numeric and bucketized columns
  std::int64_t per_step = 1;        ///< sequences of rank 3: so many places of our list are one step

  // Embeddings.
  std::int64_t dimension = 0;
  std::string combiner;
  double max_norm = 0;  ///< 0: none. TensorFlow takes any number where `has_max_norm`
  bool has_max_norm = false;
  bool safe = true;   ///< use_safe_embedding_lookup
  std::string share;  ///< name of the shared variable, or empty
  TfTensor table;     ///< [num_buckets, dimension]; no dtype where the case gives none
};

/// A case in our words: columns of a spec, a table, and how TensorFlow's columns read them.
///
/// `layer` has the columns of the case in its order; those of `columns` that are not in it are parts of crosses. The
/// constructor throws kin::Error for what TensorFlow refuses and our columns cannot express: wrong types of arguments,
/// and rules about dtypes and ranks, which our columns do not have.
class TfModel {
 public:
  explicit TfModel(const TfCase& c);

  FeatureColumns columns;
  FittedColumns fitted;  ///< normalizers with given constants, until build()
  std::vector<TfColumn> layer;
  TfFeatures features;

  /// An encoder over all columns, bound to the features, and what it makes of them.
  /// Errors   what Encoder throws.
  EncodedBatch encode();
  Encoder& encoder() { return *encoder_; }

  /// Builds the encoder only.
  void build();

  /// The encoded column of `layer[i]` or of another name.
  const EncodedColumn& encoded(const EncodedBatch& batch, const std::string& name) const;
  const EncodedInfo& info(const std::string& name) const;

 private:
  using Json = nlohmann::json;
  struct Categorical {
    FeatureColumn column;
    std::string name;
    std::string weight;
    bool sequence = false;
    std::int64_t per_step = 1;
    std::string kind;               // of the innermost categorical column
    std::int64_t num_buckets = -1;  // where the description says
  };

  void add(const Json& json);
  void add_shared(const Json& json);
  void add_numeric(const Json& json);
  void add_embedding(const Json& json, const std::string& share, std::string name);
  void put(TfColumn column, FeatureColumn ours);

  Categorical categorical(const Json& json);
  Categorical hashed(const Json& json);
  Categorical vocabulary_list(const Json& json);
  Categorical vocabulary_file(const Json& json);
  Categorical identity(const Json& json);
  Categorical bucketized(const Json& json);
  Categorical crossed(const Json& json);
  Categorical weighted(const Json& json);
  NumericColumn numeric(const Json& json);

  void set_source(Categorical& c, const Json& json, std::string& source, bool integers);
  std::string normalized(const std::string& key, const Json& normalizer, NumericColumn& column);
  std::string cross_part(const Json& json, std::vector<std::string>& names);
  std::string path_of(const Json& json);

  bool float32_first_;  // the V2 layers cast float64 features before anything else
  bool sequence_layer_;
  std::set<std::string> letters_;
  std::vector<std::unique_ptr<TemporaryFile>> files_;
  int parts_ = 0;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace kin::testing
