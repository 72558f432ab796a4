#include "kinspace/features/tf_variables.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"

namespace kin {
namespace {

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::string tf_embedding_name(std::string_view categorical, bool shared) {
  return std::string(categorical) + (shared ? "_shared_embedding" : "_embedding");
}

std::string tf_indicator_name(std::string_view categorical) {
  return std::string(categorical) + "_indicator";
}

bool tf_scope_allowed(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_word(c) || c == '\\' || c == '/' || c == '>'; });
}

std::optional<std::string> tf_input_variable(std::string_view column) {
  if (!tf_scope_allowed(column)) return std::nullopt;
  return fmt::format("input_layer/{}/embedding_weights", column);
}

std::optional<std::string> tf_linear_variable(std::string_view column, bool v2) {
  std::string name(column);
  if (v2) {
    // A character of several bytes becomes one _.
    std::string plain;
    for (const char c : name) {
      if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
      plain.push_back(is_word(c) ? c : '_');
    }
    name = std::move(plain);
  } else if (!tf_scope_allowed(name)) {
    return std::nullopt;
  }
  return fmt::format("linear_model/{}/weights", name);
}

std::vector<std::int64_t> tf_partition(std::int64_t rows, std::int64_t shards) {
  if (rows < 1 || shards < 1) {
    throw Error::invalid_argument(fmt::format("a variable of {} rows cannot be cut into {} parts", rows, shards));
  }
  const std::int64_t parts = std::min(rows, shards);
  std::vector<std::int64_t> out(static_cast<std::size_t>(parts), rows / parts);
  for (std::int64_t i = 0; i < rows % parts; ++i) ++out[static_cast<std::size_t>(i)];
  return out;
}

TfPartitionedRow tf_partitioned_row(std::int64_t row, std::int64_t rows, std::int64_t shards) noexcept {
  const std::int64_t parts = std::min(rows, shards);
  const std::int64_t base = rows / parts;
  const std::int64_t longer = rows % parts;
  const std::int64_t in_longer = longer * (base + 1);
  if (row < in_longer) return {row / (base + 1), row % (base + 1)};
  return {longer + (row - in_longer) / base, (row - in_longer) % base};
}

}  // namespace kin
