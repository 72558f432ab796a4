#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/estimator/encode_table.h"
#include "kinspace/estimator/spec.h"

namespace kin {

/// What one column of a spec will be and need.
struct ColumnPlan {
  std::string name;
  std::string kind;
  bool categorical = true;
  std::int64_t ids = 0;            ///< categorical: number of ids
  std::int64_t width = 0;          ///< numbers that it adds to a dense layer's input
  std::string form;                ///< numbers | indicator | embedding
  std::int64_t dim = 0;            ///< embedding: width of its table
  std::int64_t rule_dim = 0;       ///< categorical: the rule of thumb, fourth root of `ids`
  std::uint64_t table_bytes = 0;   ///< embedding: weights and slots of the optimizer
  std::optional<std::int64_t> distinct;     ///< hashed: different values in the data
  std::optional<std::int64_t> collisions;   ///< hashed: values that share their id with an earlier one
  std::optional<double> expected_collisions;  ///< hashed: what so many values have by chance
};

struct ColumnsPlan {
  std::vector<ColumnPlan> columns;
  std::int64_t rows = 0;       ///< of the data, when they were read
  std::int64_t kept_rows = 0;  ///< those that `where` keeps
  std::int64_t bad_rows = 0;
};

/// Reads the data where something is to be learned or, if there are hashed columns and data, to count collisions:
/// exactly up to a million values, by HyperLogLog beyond.
/// Errors   those of fit_encoder().
ColumnsPlan plan_columns(const Spec& spec, const EncodeOptions& options);

/// Of n different values in N buckets, how many find theirs taken: n - N (1 - (1 - 1/N)^n).
double expected_collisions(double values, double buckets) noexcept;

}  // namespace kin
