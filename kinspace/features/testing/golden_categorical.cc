#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "kinspace/base/error.h"
#include "kinspace/features/testing/golden_columns.h"

namespace kin::testing {
namespace {

using Json = nlohmann::json;

std::string key_of(const Json& json) {
  if (!tf_argument(json, "key").is_string()) tf_refuse("a key that is no string");
  return json.at("key");
}

/// A size, 0 where it is absent: our columns refuse what is below 1, but 0 means no hash to a cross.
std::int64_t size_of(const Json& json) {
  return json.is_null() ? 0 : tf_integer(json);
}

std::string categorical_dtype(const Json& json, const char* other) {
  const std::string dtype = json.is_null() ? other : json.get<std::string>();
  if (dtype.starts_with("int") || dtype.starts_with("uint")) return "integer";
  if (dtype != "string") tf_refuse("categories of dtype " + dtype);
  return dtype;
}

}  // namespace

TfModel::Categorical TfModel::categorical(const Json& json) {
  if (!json.is_object()) tf_refuse("a column that is none: " + json.dump());
  const std::string kind = json.at("kind");
  if (kind.ends_with("with_hash_bucket")) return hashed(json);
  if (kind.ends_with("with_vocabulary_list")) return vocabulary_list(json);
  if (kind.ends_with("with_vocabulary_file")) return vocabulary_file(json);
  if (kind.ends_with("with_identity")) return identity(json);
  if (kind == "bucketized_column") return bucketized(json);
  if (kind == "crossed_column") return crossed(json);
  if (kind == "weighted_categorical_column") return weighted(json);
  tf_refuse("a " + kind + " as a categorical column");
}

// Our columns know no uint64: where its text matters, it is fed as text.
void TfModel::set_source(Categorical& c, const Json& json, std::string& source, bool integers) {
  const std::string key = key_of(json);
  c.name = key;
  c.kind = json.at("kind");
  c.sequence = c.kind.starts_with("sequence_");
  if (!features.has(key)) {
    source = features.column(key);
    return;
  }
  TfTensor t = features.tensor(key);
  if (t.dtype == "bool") tf_refuse("categories of dtype bool");
  if (c.sequence && t.rank() == 3) c.per_step = t.shape[2];
  const std::int64_t largest = t.dtype == "uint8" ? 255 : t.dtype == "uint16" ? 65535 : -1;
  if (!t.sparse && largest > 0) {  // -1 in the dtype of a dense tensor
    std::replace(t.integers.begin(), t.integers.end(), largest, std::int64_t{-1});
    source = features.column(key, "without -1", t);
  } else if (integers && t.dtype == "uint64") {
    for (const std::int64_t i : t.integers) {
      t.strings.push_back(!t.sparse && i == -1 ? "" : std::to_string(static_cast<std::uint64_t>(i)));
    }
    t.integers.clear();
    t.dtype = "string";
    source = features.column(key, "as text", t);
  } else {
    source = features.column(key, "", t);
  }
}

TfModel::Categorical TfModel::hashed(const Json& json) {
  HashColumn ours;
  ours.buckets = size_of(tf_argument(json, "hash_bucket_size"));
  ours.dtype = categorical_dtype(tf_argument(json, "dtype"), "string");
  Categorical c;
  set_source(c, json, ours.source, ours.dtype == "integer");
  if (features.has(c.name) && features.tensor(c.name).dtype == "uint64") ours.dtype = "auto";  // fed as text
  ours.sequence = c.sequence;
  c.num_buckets = ours.buckets;
  c.column = std::move(ours);
  return c;
}

TfModel::Categorical TfModel::vocabulary_list(const Json& json) {
  VocabularyColumn ours;
  bool strings = false;
  bool integers = false;
  for (const Json& value : json.at("vocabulary_list")) {
    if (!value.is_string() && !value.is_number_integer()) tf_refuse("a vocabulary of other than strings and integers");
    (value.is_string() ? strings : integers) = true;
    ours.values.push_back(value.is_string() ? value.get<std::string>() : std::to_string(value.get<std::int64_t>()));
  }
  if (strings && integers) tf_refuse("a vocabulary of strings and integers");
  if (ours.values.empty()) tf_refuse("an empty vocabulary");
  const std::string own = integers ? "int64" : "string";
  ours.dtype = categorical_dtype(tf_argument(json, "dtype"), own.c_str());
  if ((ours.dtype == "integer") != integers) tf_refuse("a vocabulary of another dtype");
  const Json& fallback = tf_argument(json, "default_value");
  if (!fallback.is_null()) ours.default_value = tf_integer(fallback);
  ours.oov_buckets = size_of(tf_argument(json, "num_oov_buckets"));
  Categorical c;
  set_source(c, json, ours.source, false);
  ours.sequence = c.sequence;
  c.num_buckets = static_cast<std::int64_t>(ours.values.size()) + ours.oov_buckets;
  c.column = std::move(ours);
  return c;
}

std::string TfModel::path_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>().empty() ? "." : json.get<std::string>();
  std::string content = json.value("text", "");
  const std::string hex = json.value("hex", "");
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    content += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  files_.push_back(std::make_unique<TemporaryFile>(content, ".txt"));
  return files_.back()->path();
}

TfModel::Categorical TfModel::vocabulary_file(const Json& json) {
  VocabularyColumn ours;
  ours.path = path_of(json.at("vocabulary_file"));
  ours.dtype = categorical_dtype(tf_argument(json, "dtype"), "string");
  const Json& size = tf_argument(json, "vocabulary_size");
  if (!size.is_null() && tf_integer(size) < 1) tf_refuse("a vocabulary_size below 1");
  ours.path_rows = size_of(size);
  const Json& fallback = tf_argument(json, "default_value");
  ours.oov_buckets = size_of(tf_argument(json, "num_oov_buckets"));
  if (!fallback.is_null() && ours.oov_buckets != 0) tf_refuse("num_oov_buckets beside default_value");
  if (!fallback.is_null()) ours.default_value = tf_integer(fallback);
  Categorical c;
  set_source(c, json, ours.source, false);
  ours.sequence = c.sequence;
  c.column = std::move(ours);
  return c;
}

TfModel::Categorical TfModel::identity(const Json& json) {
  IdentityColumn ours;
  ours.size = size_of(tf_argument(json, "num_buckets"));
  ours.out_of_range = "pass";
  const Json& fallback = tf_argument(json, "default_value");
  if (!fallback.is_null()) {
    ours.default_value = tf_integer(fallback);
    if (ours.default_value < 0) tf_refuse("a default_value below 0");
  }
  Categorical c;
  set_source(c, json, ours.source, false);
  ours.sequence = c.sequence;
  c.num_buckets = ours.size;
  c.column = std::move(ours);
  return c;
}

TfModel::Categorical TfModel::bucketized(const Json& json) {
  const Json& source = tf_argument(json, "source_column");
  if (!source.is_object() || source.at("kind") != "numeric_column") tf_refuse("buckets of other than a numeric column");
  if (tf_argument(source, "shape").is_array() && source.at("shape").size() > 1) tf_refuse("buckets of a matrix");
  if (!tf_argument(json, "boundaries").is_array()) tf_refuse("buckets without boundaries");
  BucketizedColumn ours;
  for (const Json& b : json.at("boundaries")) ours.boundaries.values.push_back(tf_number(b));
  // Buckets have no normalizer here: the boundaries move the other way.
  const Json& normalizer = tf_argument(source, "normalizer_fn");
  Json plain = source;
  plain.erase("normalizer_fn");
  const NumericColumn numbers = numeric(plain);
  if (!normalizer.is_null()) {
    if (normalizer.at("name") != "z_score") throw Error::not_supported("buckets of this normalizer");
    for (double& b : ours.boundaries.values) b = b * tf_number(normalizer.at("std")) + tf_number(normalizer.at("mean"));
  }
  ours.source = numbers.source;
  ours.size = numbers.size;
  Categorical c;
  c.kind = "bucketized_column";
  c.name = source.at("key").get<std::string>() + "_bucketized";
  c.num_buckets = (static_cast<std::int64_t>(ours.boundaries.values.size()) + 1) * ours.size;
  c.column = std::move(ours);
  return c;
}

// The name of a part in `of`, a column of its own unless it is a feature; `names` takes what the cross is named after.
std::string TfModel::cross_part(const Json& json, std::vector<std::string>& names) {
  if (json.is_string()) {
    const std::string key = json;
    names.push_back(key);
    if (features.has(key) && features.tensor(key).rank() > 2) tf_refuse("crosses of rank 3");
    return "data." + features.column(key);
  }
  if (!json.is_object()) tf_refuse("a cross of " + json.dump());
  const std::string name = "part " + std::to_string(++parts_);
  if (json.at("kind") == "numeric_column") {
    columns.emplace(name, numeric(json));
    return name;
  }
  Categorical c = categorical(json);
  if (c.kind != "crossed_column") names.push_back(c.name);
  columns.emplace(name, std::move(c.column));
  return name;
}

TfModel::Categorical TfModel::crossed(const Json& json) {
  CrossedColumn ours;
  ours.buckets = size_of(tf_argument(json, "hash_bucket_size"));
  if (ours.buckets == 0) tf_refuse("a cross without buckets");
  const Json& key = tf_argument(json, "hash_key");
  if (!key.is_null()) ours.hash_key = tf_integer(key);
  ours.order = "tf_dense";
  Json keys = tf_argument(json, "keys");
  if (keys.is_null()) tf_refuse("a cross of nothing");
  if (keys.is_string()) {
    const std::string letters = keys;
    keys = Json::array();
    for (const char letter : letters) keys.push_back(std::string(1, letter));
  }
  std::vector<std::string> names;
  for (const Json& part : keys) {
    // The names of a nested cross are those of its leaves.
    if (part.is_object() && part.at("kind") == "crossed_column") {
      Categorical inner = crossed(part);
      const std::string name = "part " + std::to_string(++parts_);
      std::size_t begin = 0;
      for (std::size_t end = 0; end != std::string::npos; begin = end + 3) {
        end = inner.name.find("_X_", begin);
        names.push_back(inner.name.substr(begin, end - begin));
      }
      columns.emplace(name, std::move(inner.column));
      ours.of.push_back(name);
    } else {
      ours.of.push_back(cross_part(part, names));
    }
  }
  std::sort(names.begin(), names.end());
  Categorical c;
  c.kind = "crossed_column";
  for (const std::string& name : names) c.name += (c.name.empty() ? "" : "_X_") + name;
  c.num_buckets = ours.buckets;
  c.column = std::move(ours);
  return c;
}

TfModel::Categorical TfModel::weighted(const Json& json) {
  Categorical c = categorical(json.at("categorical_column"));
  const std::string key = json.at("weight_feature_key");
  const std::string dtype = json.value("dtype", "float32");
  if (dtype == "string" || dtype == "bool") tf_refuse("weights of dtype " + dtype);
  if (!c.weight.empty()) tf_refuse("weights of a weighted column");
  if (c.sequence && sequence_layer_) tf_refuse("weights of a sequence");
  if (features.has(key) && features.tensor(key).dtype != dtype) tf_refuse("weights of another dtype than the column's");
  c.weight = key;
  c.name += "_weighted_by_" + key;
  std::visit(
      [&](auto& ours) {
        if constexpr (requires { ours.weight; }) {
          ours.weight = features.column(key);
          ours.pairing = "batch";
        }
      },
      c.column);
  return c;
}

}  // namespace kin::testing
