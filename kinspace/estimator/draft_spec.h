#pragma once

#include <map>
#include <string>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/profile/table_profile.h"

namespace kin {

/// A spec to start from, with what there is to say about it.
struct SpecDraft {
  Spec spec;
  std::vector<std::string> order;               ///< names of the columns, as they are to be written
  std::vector<std::string> head;                ///< remarks at the top
  std::map<std::string, std::string> comments;  ///< by setting or column: "data.where", "columns.age"
  std::vector<std::string> out;                 ///< columns that were left out, with the reason
  bool recommender = false;
};

/// Columns for every column of a table that has something to learn from (kinspace/profile/suggest_column.h), or a
/// recommender where the table says who chose what.
///
///   data    how the table was read; its path is what the spec will name
///   target  column to predict: stays out of the columns, and makes no recommender; empty: none
/// Errors   kInvalidArgument when there is no such column, or no column is of use.
SpecDraft draft_spec(const TableProfile& table, const DataOptions& data, const std::string& target);

/// The draft as TOML in which a person can go on writing: only what differs from the defaults, a column a line.
std::string draft_toml(const SpecDraft& draft);

}  // namespace kin
