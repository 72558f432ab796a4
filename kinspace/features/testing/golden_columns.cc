#include "kinspace/features/testing/golden_columns.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kinspace/base/error.h"

namespace kin::testing {
namespace {

using Json = nlohmann::json;

std::string text(const Json& json, const std::string& what) {
  if (!json.is_string()) tf_refuse(what + " that is no string");
  return json;
}

std::int64_t positive(const Json& json, const std::string& what) {
  if (json.is_null() || json.is_number_float()) tf_refuse(what + " that is no integer");
  const std::int64_t value = tf_integer(json);
  if (value < 1) tf_refuse(what + " below 1");
  return value;
}

bool ends_with(const Json& json, const char* key, const char* suffix) {
  return json.is_object() && json.at(key).get<std::string>().ends_with(suffix);
}

bool is_integer_dtype(const std::string& dtype) {
  return dtype.starts_with("int") || dtype.starts_with("uint");
}

std::vector<std::int64_t> shape_of(const Json& json) {
  if (json.is_null()) return {1};
  if (!json.is_array()) return {positive(json, "a shape")};
  std::vector<std::int64_t> shape;
  for (const Json& dim : json) shape.push_back(positive(dim, "a dimension"));
  return shape;
}

void check_numeric(const Json& json, const std::vector<std::int64_t>& shape) {
  text(tf_argument(json, "key"), "a key");
  const std::string dtype = json.value("dtype", "float32");
  if (dtype == "string" || dtype == "bool") tf_refuse("numbers of dtype " + dtype);
  const Json& normalizer = tf_argument(json, "normalizer_fn");
  if (!normalizer.is_null() && !normalizer.is_object()) tf_refuse("a normalizer_fn that is no function");
  const Json& value = tf_argument(json, "default_value");
  if (value.is_null()) return;
  const bool list = value.is_array();
  if (list && (shape.size() != 1 || static_cast<std::int64_t>(value.size()) != shape[0])) {
    tf_refuse("a default_value of another shape");
  }
  for (const Json& item : list ? value : Json::array({value})) {
    if (!item.is_number()) tf_refuse("a default_value that is no number");
    if (item.is_number_float() && is_integer_dtype(dtype)) tf_refuse("a float default_value of integers");
  }
}

float norm_limit(const Json& json) {
  return static_cast<float>(tf_number(json));
}

/// Whether a tensor of rank 3 holds a list for each [row, col]: where vectors are looked up or ids counted.
bool by_inner_row(const TfCase& c) {
  if (c.api != "lookup" && c.api != "dense_tensor") return false;
  const Json& column = tf_argument(*c.json, "column");
  return ends_with(column, "kind", "indicator_column") || ends_with(column, "kind", "embedding_column");
}

}  // namespace

TfModel::TfModel(const TfCase& c)
    : features(c.json->value("input", Json::object()), by_inner_row(c)),
      float32_first_(c.api == "dense_features" || c.api == "linear_model"),
      sequence_layer_(c.api == "sequence_features") {
  if (c.json->value("eager", false)) tf_refuse("shared embeddings in eager mode");
  if (c.json->contains("column")) add(c.at("column"));
  if (c.json->contains("columns")) {
    for (const Json& json : c.at("columns")) add(json);
  }
}

void TfModel::put(TfColumn column, FeatureColumn ours) {
  if (!columns.emplace(column.name, std::move(ours)).second) tf_refuse("two columns named " + column.name);
  layer.push_back(std::move(column));
}

void TfModel::add(const Json& json) {
  if (!json.is_object()) tf_refuse("a column that is none: " + json.dump());
  const std::string kind = json.at("kind");
  if (kind == "shared_embeddings") return add_shared(json);
  if (kind.ends_with("numeric_column")) return add_numeric(json);
  if (kind == "embedding_column") return add_embedding(json, "", "");
  TfColumn column;
  const bool indicator = kind == "indicator_column";
  Categorical c = categorical(indicator ? json.at("categorical_column") : json);
  column.kind = indicator                     ? TfColumn::Kind::kIndicator
                : kind == "bucketized_column" ? TfColumn::Kind::kBucketized
                                              : TfColumn::Kind::kCategorical;
  column.name = indicator ? c.name + "_indicator" : c.name;
  column.bag = !c.sequence;
  column.per_step = c.per_step;
  column.weight = c.weight;
  if (kind == "bucketized_column") {
    const auto& ours = std::get<BucketizedColumn>(c.column);
    column.shape = {ours.size, static_cast<std::int64_t>(ours.boundaries.values.size()) + 1};
  }
  if (indicator) {
    std::visit(
        [](auto& ours) {
          if constexpr (requires { ours.indicator; }) ours.indicator = true;
        },
        c.column);
  }
  put(std::move(column), std::move(c.column));
}

void TfModel::add_numeric(const Json& json) {
  TfColumn column;
  column.kind = TfColumn::Kind::kNumeric;
  column.name = text(tf_argument(json, "key"), "a key");
  column.shape = shape_of(tf_argument(json, "shape"));
  column.bag = json.at("kind") == "numeric_column";
  NumericColumn ours = numeric(json);
  put(std::move(column), std::move(ours));
}

void TfModel::add_embedding(const Json& json, const std::string& share, std::string name) {
  if (!tf_argument(json, "ckpt_to_load_from").is_null() || !tf_argument(json, "tensor_name_in_ckpt").is_null()) {
    if (tf_argument(json, "ckpt_to_load_from").is_null() || tf_argument(json, "tensor_name_in_ckpt").is_null()) {
      tf_refuse("one of ckpt_to_load_from and tensor_name_in_ckpt without the other");
    }
    throw Error::not_supported("checkpoints of columns are read by warm starts here");
  }
  TfColumn column;
  column.kind = TfColumn::Kind::kEmbedding;
  column.dimension = positive(tf_argument(json, "dimension"), "a dimension");
  column.combiner = json.value("combiner", "mean");
  column.safe = json.value("use_safe_embedding_lookup", true);
  column.has_max_norm = !tf_argument(json, "max_norm").is_null();
  if (column.has_max_norm) column.max_norm = tf_number(json.at("max_norm"));
  column.share = share;
  const Json& table = tf_argument(json, "initializer");
  if (!table.is_null() && !table.is_object()) tf_refuse("an initializer that is no function");
  if (table.is_object()) column.table = tf_tensor(table);

  if (ends_with(json.at("categorical_column"), "kind", "numeric_column")) tf_refuse("an embedding of a numeric column");
  Categorical c = categorical(json.at("categorical_column"));
  column.name = name.empty() ? c.name + "_embedding" : std::move(name);
  column.bag = !c.sequence;
  column.per_step = c.per_step;
  column.weight = c.weight;
  if (!c.weight.empty() && features.has(c.weight) && features.tensor(c.weight).dtype == "float64") {
    tf_refuse("weights of dtype float64 in an embedding");
  }
  EmbedOptions* const embed = embed_options(c.column);
  embed->dim = column.dimension;
  embed->combiner = column.combiner;
  if (column.has_max_norm) embed->max_norm = norm_limit(json.at("max_norm"));
  embed->trainable = json.value("trainable", true);
  embed->share = share;
  put(std::move(column), std::move(c.column));
}

void TfModel::add_shared(const Json& json) {
  std::vector<std::string> names;
  const Json& parts = json.at("categorical_columns");
  std::vector<Categorical> built;
  for (const Json& part : parts) built.push_back(categorical(part));
  for (const Categorical& c : built) {
    names.push_back(c.name);
    if (c.kind != built[0].kind || c.num_buckets != built[0].num_buckets) {
      tf_refuse("a table shared by columns of different kinds or sizes");
    }
  }
  std::sort(names.begin(), names.end());
  std::string share;
  for (const std::string& name : names) share += name + "_";
  share += "shared_embedding";
  if (!tf_argument(json, "shared_embedding_collection_name").is_null())
    share = json.at("shared_embedding_collection_name");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Json one = json;
    one["categorical_column"] = parts[i];
    add_embedding(one, share, built[i].name + "_shared_embedding");
  }
}

void TfModel::build() {
  encoder_ = std::make_unique<Encoder>(columns, std::move(fitted));
}

EncodedBatch TfModel::encode() {
  build();
  const Batch batch = features.batch(encoder_->bind(features.fields(), "the features"));
  EncodedBatch out;
  encoder_->encode(batch, out);
  return out;
}

const EncodedColumn& TfModel::encoded(const EncodedBatch& batch, const std::string& name) const {
  return batch.columns[static_cast<std::size_t>(&info(name) - encoder_->columns().data())];
}

const EncodedInfo& TfModel::info(const std::string& name) const {
  const auto& all = encoder_->columns();
  return *std::find_if(all.begin(), all.end(), [&](const EncodedInfo& i) { return i.name == name; });
}

NumericColumn TfModel::numeric(const Json& json) {
  const std::vector<std::int64_t> shape = shape_of(tf_argument(json, "shape"));
  check_numeric(json, shape);
  NumericColumn ours;
  ours.missing = "nan";
  ours.size = 1;
  for (const std::int64_t dim : shape) ours.size *= dim;
  const std::string key = json.at("key");
  ours.sequence = json.at("kind") == "sequence_numeric_column";
  if (ours.sequence) {
    ours.missing = "constant";
    const Json& fill = tf_argument(json, "default_value");
    ours.fill = fill.is_null() ? 0.0 : tf_number(fill);
    if (is_integer_dtype(json.value("dtype", "float32")) && !fill.is_number_integer()) {
      tf_refuse("integers with a float default_value");
    }
  }
  if (features.has(key)) {
    const TfTensor& t = features.tensor(key);
    if (t.sparse != ours.sequence) tf_refuse("sparse numbers of a row, and dense ones of a sequence");
    const std::int64_t width = t.sparse ? t.size() == 0 ? 0 : t.shape[1] * (t.rank() == 3 ? t.shape[2] : 1) : 0;
    if (width % ours.size != 0) tf_refuse("a width that is no multiple of the shape");
  }
  ours.source = {normalized(key, tf_argument(json, "normalizer_fn"), ours)};
  return ours;
}

// The data column of numbers, and the normalizer as settings of ours. A normalizer computes in the dtype of the tensor.
std::string TfModel::normalized(const std::string& key, const Json& normalizer, NumericColumn& column) {
  if (!features.has(key)) return features.column(key);
  TfTensor t = features.tensor(key);
  if (float32_first_ && t.dtype == "float64") {
    for (double& x : t.numbers) x = static_cast<float>(x);
    t.dtype = "float32";
  }
  if (!normalizer.is_null()) {
    const auto constant = [&](const char* name) {
      const Json& value = normalizer.at(name);
      if (t.is_integer() && value.is_number_float()) tf_refuse("float constants beside integers");
      const double number = tf_number(value);
      return t.dtype == "float32" ? double(static_cast<float>(number)) : number;
    };
    const std::string name = normalizer.at("name");
    if (name == "z_score") {
      column.scale = "zscore";
      for (std::int64_t i = 0; i < column.size; ++i) {
        fitted[key].numbers.push_back(constant("mean"));
        fitted[key].numbers.push_back(constant("std"));
      }
    } else if (name == "log1p") {
      if (t.is_integer()) tf_refuse("log1p of integers");
      column.scale = "log1p";
    } else {
      column.clip = {constant("min"), constant("max")};
    }
  }
  return features.column(key, float32_first_ ? "as float32" : "", t);
}

}  // namespace kin::testing
