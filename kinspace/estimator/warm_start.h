#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/tf_names.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/nn/parameters.h"

namespace kin {

/// What became of one parameter.
struct WarmStarted {
  std::string parameter;
  std::string tensor;        ///< of the file; empty: none was taken
  bool by_key = false;       ///< rows were joined by their keys, else by their numbers
  std::int64_t matched = 0;  ///< rows that were taken over
  std::int64_t fresh = 0;    ///< rows of keys that the file does not have
  std::int64_t unused = 0;   ///< rows of the file whose keys are gone
  std::int64_t slots = 0;    ///< slot variables that were taken over too
  std::string why = {};      ///< nothing was taken: the reason
};

struct WarmStartReport {
  std::string path;                ///< what was opened
  std::vector<WarmStarted> rows;   ///< one a parameter, by name
  std::vector<std::string> notes;  ///< such as which of several checkpoints was taken
  std::int64_t slot_steps = 0;     ///< steps that the slots which were taken over have seen
};

/// What is known of parameters by name beside their values.
struct ParameterKeys {
  std::function<const Vocabulary*(const std::string& parameter)> vocabulary;  ///< of the rows; null: they are numbers
  std::map<std::string, TfParameter> tf;                                      ///< names in TensorFlow's checkpoints
};

/// Fills parameters from any file of tensors (formats/tensor_file.h): those whose names match `include` and not
/// `exclude`, from the tensor that `rename` names, else of the same name, else by TensorFlow's name.
///
/// Rows     where both sides know their keys, or `keys` names the vocabulary file of the old rows (vocabulary_file.h;
///          below the spec's directory, else the current one), a row is taken by its key; rows behind those of the keys
///          (out of vocabulary) by their number among themselves; a new key keeps what it started from, or takes the
///          first old row out of vocabulary, or the mean of the old rows, as `fresh` says. Else rows are taken by
///          number, and shapes must agree.
/// Slots    with `slots`, where the file has them in the right shape; rows as those of the weights. The steps that they
///          have seen are those of the run, or the checkpoint's global_step: adam's t goes on from there.
/// Errors   kInvalidArgument: a pattern or a renaming that matches nothing, a tensor of another shape, a vocabulary of
///          more keys than rows or for what has no keys, nothing taken at all, slots wanted and none there; those of
///          read_vocabulary_file() and of open_tensor_file(). Nothing is known of the parameters then.
WarmStartReport warm_start(const WarmStartOptions& options, const std::string& spec_directory,
                           const ParameterKeys& keys, ParameterStore& store);

/// Fills the tables of columns whose embed.checkpoint says from where. One report a column. Errors   as above.
std::vector<WarmStartReport> load_embeddings(const FeatureColumns& columns, const std::string& spec_directory,
                                             const ParameterKeys& keys, ParameterStore& store);

/// The report for people, a line each: "city/embedding: 40 rows by key from city/embedding, 2 new".
std::vector<std::string> report_lines(const WarmStartReport& report);

}  // namespace kin
