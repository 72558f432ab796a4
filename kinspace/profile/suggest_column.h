#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/features/feature_column.h"
#include "kinspace/profile/table_profile.h"

namespace kin {

struct SuggestedColumn {
  std::string name;  ///< in the spec
  FeatureColumn column;
  std::string comment;  ///< for who reads the spec, may be empty
};

/// The feature columns that suit a column of a table.
struct ColumnSuggestion {
  std::vector<SuggestedColumn> columns;  ///< none: it had better be left out
  std::string text;                      ///< in short: "vocabulary, dim 4", "weekday x hour", "leave out"
  std::string reason;                    ///< "41 values", "another value in every row"
};

/// Suggests by type, number of values, missing ones, shape and, where integers could be quantities as well as keys, the
/// name. The width of an embedding is the fourth root of the number of values, rounded up.
ColumnSuggestion suggest_column(const ColumnProfile& column);

/// `name` as a key of a spec: letters, digits, _ and - stay, runs of others become one _.
std::string spec_name(std::string_view name);

/// A number for people: 1651359, 38.82, 0.0125.
std::string short_number(double value);

/// Whether a name says that integers under it are keys: userId, zip_code, C14.
bool is_key_name(std::string_view name);

/// Columns of a table of who chose what.
struct RatingColumns {
  std::size_t group = 0;  ///< who
  std::size_t item = 0;   ///< what
  std::optional<std::size_t> time;
  std::optional<std::size_t> rating;
};

/// Finds them by name (userId, item, timestamp...) or, in a table of few columns without names, by what the columns
/// hold. Nothing where a table is not of that kind.
std::optional<RatingColumns> find_ratings(const TableProfile& table);

}  // namespace kin
