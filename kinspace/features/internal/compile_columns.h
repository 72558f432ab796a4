#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/features/internal/column_encoder.h"

namespace kin::internal {

/// The columns of a spec, ready to work.
struct CompiledColumns {
  std::vector<std::string> sources;                      ///< data columns, rising
  std::vector<std::string> readers;                      ///< parallel: a column that reads it
  std::vector<std::unique_ptr<ColumnEncoder>> encoders;  ///< by name
  std::vector<EncodedInfo> infos;                        ///< parallel; name and tf_name
  std::vector<std::vector<std::size_t>> parts;           ///< parallel: the columns that a cross is made of
  std::vector<std::size_t> order;                        ///< parts before crosses
};

/// Adds what vocabulary files hold to `fitted`, unless it is there; columns point into it.
/// Errors   as Encoder's constructor.
CompiledColumns compile_columns(const FeatureColumns& columns, FittedColumns& fitted, const std::string& directory);

}  // namespace kin::internal
