#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "kinspace/features/feature_column.h"

namespace kin::internal {

/// What takes part in a cross once nested crosses are replaced by their parts, in place.
struct CrossLeaf {
  std::string name;  ///< of the data column, or of the column of the spec
  bool data = false;
  std::size_t part = 0;    ///< place of the column among those of the spec
  std::string split = {};  ///< of a data column: what separates the values of a cell; empty: a cell is a value
};

/// The crosses of a spec, and what TensorFlow calls its columns.
class CrossPlan {
 public:
  /// `columns` must outlive the plan. Errors   kInvalidArgument: a cross of fewer than two columns, of itself, or of a
  /// column that cannot take part, with what to write instead.
  explicit CrossPlan(const FeatureColumns& columns);

  /// Of a crossed column.
  const std::vector<CrossLeaf>& leaves(const std::string& name) const { return leaves_.at(name); }

  /// Places of the columns that a column is a cross of.
  std::vector<std::size_t> parts(const std::string& name) const;

  std::string tf_name(const std::string& name) const;

 private:
  void flatten(const std::string& cross, const std::string& name, std::vector<std::string>& open,
               std::vector<CrossLeaf>& out) const;
  void check_split(const std::string& cross, const CrossedColumn& column) const;
  void check_leaf(const std::string& cross, const std::string& name) const;

  const FeatureColumns& columns_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, std::vector<CrossLeaf>> leaves_;
};

}  // namespace kin::internal
