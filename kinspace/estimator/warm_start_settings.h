#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/estimator/warm_start.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/tensor/matrix.h"

// tf.estimator.WarmStartSettings under its own names, for those who come with them. A spec says the same more shortly:
// WarmStartOptions (spec.h).

namespace kin {

/// How the rows or columns of a variable are joined by token: tf.estimator.VocabInfo. Files hold a token a line
/// (features/vocabulary_file.h); their paths are below the current directory.
struct VocabInfo {
  std::string new_vocab;             ///< file of the variable's tokens
  std::int64_t new_vocab_size = 0;   ///< its first so many count; at least 1
  std::int64_t num_oov_buckets = 0;  ///< rows of the variable behind those of its tokens
  std::string old_vocab;             ///< file of the checkpoint's tokens
  std::int64_t old_vocab_size = -1;  ///< its first so many count; -1: all
  Initial backup_initializer = {};   ///< of new tokens and of num_oov_buckets; zeros unless said
  int axis = 0;                      ///< 0: tokens number rows | 1: columns
};

/// tf.estimator.WarmStartSettings.
struct WarmStartSettings {
  /// Trainable variables that a regular expression matches from their start; those that one of a list matches, slots
  /// and global_step too; nothing: only trainable ones in var_name_to_vocab_info. ECMAScript's grammar, where `(?P<`
  /// and look-behind of Python's are missing.
  using Vars = std::optional<std::variant<std::string, std::vector<std::string>>>;

  std::string ckpt_to_initialize_from;  ///< whatever open_tensor_file() takes
  Vars vars_to_warm_start = ".*";
  std::map<std::string, VocabInfo> var_name_to_vocab_info = {};
  std::map<std::string, std::string> var_name_to_prev_var_name = {};  ///< variable -> its name in the checkpoint
  std::uint64_t seed = 1;                                             ///< of initializers that draw
};

/// A variable to start.
struct WarmVariable {
  std::string name;
  RowsView values;        ///< of a vector, and of a scalar, one row
  bool trainable = true;  ///< false: slots, counters, moving averages
  /// What the checkpoint must have; absent: [rows, cols], or where there is one row [cols] too.
  std::optional<std::vector<std::int64_t>> shape = {};
};

/// Parameters by name, and their slots as "NAME/SLOT".
std::vector<WarmVariable> warm_variables(ParameterStore& store);

/// Starts variables as tf.train.warm_start does: each from the tensor of its name, or of its previous name; two may
/// start from one. Names of checkpoints made of objects are those of their graph.
///
///   values[r] = old[row of token r in old_vocab]     where var_name_to_vocab_info has the variable; else backup
///
/// Differs  settings that choose nothing, and a regular expression that matches no variable, are errors, where
///          TensorFlow starts nothing without a word; the type of a number does not matter: float16 is read too; names
///          may end in ":0".
/// Errors   kInvalidArgument: names in the maps that are no chosen variable, another shape, a vector with a VocabInfo,
///          sizes that contradict each other, an impossible regular expression; kNotFound for a tensor that is not
///          there; kBadData for a NaN or an infinity; those of read_vocabulary_file() and open_tensor_file(). What the
///          variables then hold is unspecified.
/// Source   tensorflow/python/training/warm_starting_util.py
WarmStartReport warm_start(const WarmStartSettings& settings, std::span<const WarmVariable> variables);

}  // namespace kin
