#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/model.h"

namespace kin::cli {

/// Histories of many users, as rows of a model's vocabulary; -1 stands for an unknown item.
struct UserHistories {
  std::vector<std::string> users;
  std::vector<std::vector<std::int64_t>> rows;  ///< parallel to `users`
  std::int64_t unknown_items = 0;
};

/// Reads a table (CSV, JSON Lines or Parquet, packed or not, "-" for standard input) with the columns user and history
/// (a list of keys, or a text of them with blanks, commas, semicolons or bars between; oldest first), or one with the
/// columns of the data that the model was trained on, which is read as those were.
///
/// Errors   kIo, kBadData, kInvalidArgument when the columns are neither.
UserHistories read_users(const std::string& path, const Model& model, ThreadPool& pool, std::uint64_t memory_limit);

}  // namespace kin::cli
