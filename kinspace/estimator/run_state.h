#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/stopping.h"
#include "kinspace/formats/manifest.h"
#include "kinspace/nn/parameters.h"

namespace kin {

/// Where a run stands, beside its parameters. Random numbers are functions of the step, so they need no state.
struct RunState {
  std::int64_t step = 0;        ///< steps made
  std::int64_t slot_steps = 0;  ///< steps before the first, of the run or checkpoint whose slots were taken over
  bool complete = false;        ///< nothing is left to do
  bool stopped_early = false;
  std::int64_t best_step = 0;         ///< step of the published weights; 0: none yet
  std::vector<MetricRow> validation;  ///< all evaluations so far, by the metric that decides
  std::string data_digest;            ///< of the file that is trained on

  double best_value() const;  ///< value at best_step; 0 without one
};

/// What a published model says of itself beside its spec.
struct ModelAttributes {
  std::int64_t step = 0;
  std::int64_t dim = 0;
  std::int64_t negatives = 0;
  std::int64_t groups = 0, events = 0;  ///< that it was trained on; models over rows: events are rows
  std::string metric;                   ///< of the validation, empty without
  std::optional<double> metric_value;
  std::string data_digest;
  bool labels = false;  ///< titles of the rows are stored
  bool custom = false;  ///< made by a model function of a program, without which nothing can be predicted
  std::string learned;  ///< models over rows: numbers that columns learned, as fitted_numbers_json() writes them
};

std::string to_json(const RunState& state);
/// Errors: kCorruption naming `where`.
RunState run_state_from_json(const std::string& text, const std::string& where);

std::string to_json(const ModelAttributes& attributes);
ModelAttributes model_attributes_from_json(const std::string& text, const std::string& where);

/// The spec of the model that a run directory holds. Errors: kIo, kCorruption, kNotSupported.
Spec spec_of_run(const std::string& directory);

/// Writes weights and slots, then publishes the checkpoint; `keep` as publish_checkpoint() (formats/run_directory.h).
/// Errors: kIo.
void save_checkpoint(const std::string& directory, const std::string& spec_json, const RunState& state,
                     ParameterStore& store, std::span<const std::int64_t> keep = {});

/// Fills the parameters, which exist already, from the checkpoint that `manifest` describes.
/// Errors: kCorruption, kIo.
void load_checkpoint(const std::string& directory, const Manifest& manifest, ParameterStore& store);

/// Adds the parameters of a published model, without slots, in the mapped file where that can be had (FileMapping).
/// Errors   kCorruption, also for weights that are not finite; kIo.
void load_weights(const std::string& directory, const Manifest& manifest, std::int64_t step, ParameterStore& store);

/// Writes the weights without slots and publishes the model. Errors: kIo.
void publish_model(const std::string& directory, const std::string& spec_json, const ModelAttributes& attributes,
                   const std::vector<FileRecord>& vocabulary_files, ParameterStore& store);

}  // namespace kin
