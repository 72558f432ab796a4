#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How TensorFlow names and cuts the variables of feature columns: what its checkpoints hold.

namespace kin {

/// Name that a column's values have in a model over columns: the categorical name and a suffix, such as
/// "city_X_age_bucketized_embedding". `share` is set for shared embeddings.
std::string tf_embedding_name(std::string_view categorical, bool shared);
std::string tf_indicator_name(std::string_view categorical);

/// "input_layer/NAME/embedding_weights" for the embedding column NAME. Nothing when TensorFlow cannot make a scope of
/// the name: it has characters other than A-Z a-z 0-9 _ . \ / > -.
std::optional<std::string> tf_input_variable(std::string_view column);

/// "linear_model/NAME/weights". The Keras-based linear model (`v2`) writes _ for characters other than
/// A-Z a-z 0-9 _ . -; the older one refuses names as above.
std::optional<std::string> tf_linear_variable(std::string_view column, bool v2);

/// Whether TensorFlow makes a scope of a column's name.
bool tf_scope_allowed(std::string_view name) noexcept;

/// Rows of each part of a variable of `rows` rows over `shards`: contiguous ranges, the first rows mod shards one
/// longer
/// ("div"); no more parts than rows.
/// Errors   kInvalidArgument unless both are at least 1.
std::vector<std::int64_t> tf_partition(std::int64_t rows, std::int64_t shards);

/// Part and row in it of row `row` of a variable so cut.
struct TfPartitionedRow {
  std::int64_t part;
  std::int64_t row;
};
TfPartitionedRow tf_partitioned_row(std::int64_t row, std::int64_t rows, std::int64_t shards) noexcept;

}  // namespace kin
