#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/formats/manifest.h"
#include "kinspace/nn/parameters.h"

namespace kin {

/// Value of the validation metric after a step.
struct ValidationRow {
  std::int64_t step = 0;
  double value = 0;
};

/// Where a run stands, beside its parameters. Random numbers are functions of the step, so they need no state.
struct RunState {
  std::int64_t step = 0;  ///< steps made
  bool complete = false;  ///< nothing is left to do
  bool stopped_early = false;
  std::int64_t best_step = 0;             ///< step of the published weights; 0: none yet
  std::int64_t since_best = 0;            ///< evaluations since then
  std::vector<ValidationRow> validation;  ///< all evaluations so far
  std::string data_digest;                ///< of the file that is trained on

  double best_value() const;  ///< value at best_step; 0 without one
};

/// What a published model says of itself beside its spec.
struct ModelAttributes {
  std::int64_t step = 0;
  std::int64_t dim = 0;
  std::int64_t negatives = 0;
  std::int64_t groups = 0, events = 0;  ///< that it was trained on
  std::string metric;                   ///< of the validation, empty without
  std::optional<double> metric_value;
  std::string data_digest;
  bool labels = false;  ///< titles of the rows are stored
};

std::string to_json(const RunState& state);
/// Errors: kCorruption naming `where`.
RunState run_state_from_json(const std::string& text, const std::string& where);

std::string to_json(const ModelAttributes& attributes);
ModelAttributes model_attributes_from_json(const std::string& text, const std::string& where);

/// Writes weights and slots, then publishes the checkpoint (formats/run_directory.h). Errors: kIo.
void save_checkpoint(const std::string& directory, const std::string& spec_json, const RunState& state,
                     ParameterStore& store);

/// Fills the parameters, which exist already, from the checkpoint that `manifest` describes.
/// Errors: kCorruption, kIo.
void load_checkpoint(const std::string& directory, const Manifest& manifest, ParameterStore& store);

/// Writes the weights without slots and publishes the model. Errors: kIo.
void publish_model(const std::string& directory, const std::string& spec_json, const ModelAttributes& attributes,
                   const std::vector<FileRecord>& vocabulary_files, ParameterStore& store);

}  // namespace kin
