#include "kinspace/estimator/run_state.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"

namespace kin {
namespace {

using nlohmann::json;

/// Runs `read` on the parsed text; a text of another shape is a corrupt manifest.
template <class Read>
auto read_json(const std::string& text, const std::string& where, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw Error::corruption(fmt::format("{}: its attributes cannot be read: {}", where, error.what()),
                            "train again, or take the file from a backup");
  }
}

std::vector<TensorSource> sources(ParameterStore& store, bool with_slots) {
  std::vector<TensorSource> tensors;
  for (const NamedMatrix& named : store.matrices(with_slots)) {
    tensors.push_back(TensorSource::rows(named.name, named.matrix));
  }
  return tensors;
}

}  // namespace

double RunState::best_value() const {
  for (const ValidationRow& row : validation) {
    if (row.step == best_step) return row.value;
  }
  return 0;
}

std::string to_json(const RunState& state) {
  json validation = json::array();
  for (const ValidationRow& row : state.validation) validation.push_back({row.step, row.value});
  return json{{"step", state.step},
              {"complete", state.complete},
              {"stopped_early", state.stopped_early},
              {"best_step", state.best_step},
              {"since_best", state.since_best},
              {"validation", validation},
              {"data_digest", state.data_digest}}
      .dump();
}

RunState run_state_from_json(const std::string& text, const std::string& where) {
  return read_json(text, where, [](const json& value) {
    RunState state;
    value.at("step").get_to(state.step);
    value.at("complete").get_to(state.complete);
    value.at("stopped_early").get_to(state.stopped_early);
    value.at("best_step").get_to(state.best_step);
    value.at("since_best").get_to(state.since_best);
    value.at("data_digest").get_to(state.data_digest);
    for (const json& row : value.at("validation")) {
      state.validation.push_back({row.at(0).get<std::int64_t>(), row.at(1).get<double>()});
    }
    return state;
  });
}

std::string to_json(const ModelAttributes& attributes) {
  json value{{"step", attributes.step},     {"dim", attributes.dim},       {"negatives", attributes.negatives},
             {"groups", attributes.groups}, {"events", attributes.events}, {"data_digest", attributes.data_digest},
             {"labels", attributes.labels}};
  if (attributes.metric_value)
    value["validation"] = {{"metric", attributes.metric}, {"value", *attributes.metric_value}};
  return value.dump();
}

ModelAttributes model_attributes_from_json(const std::string& text, const std::string& where) {
  return read_json(text, where, [](const json& value) {
    ModelAttributes attributes;
    value.at("step").get_to(attributes.step);
    value.at("dim").get_to(attributes.dim);
    value.at("negatives").get_to(attributes.negatives);
    value.at("groups").get_to(attributes.groups);
    value.at("events").get_to(attributes.events);
    value.at("data_digest").get_to(attributes.data_digest);
    value.at("labels").get_to(attributes.labels);
    if (value.contains("validation")) {
      value["validation"].at("metric").get_to(attributes.metric);
      attributes.metric_value = value["validation"].at("value").get<double>();
    }
    return attributes;
  });
}

void save_checkpoint(const std::string& directory, const std::string& spec_json, const RunState& state,
                     ParameterStore& store) {
  Manifest manifest;
  manifest.kind = "checkpoint";
  manifest.spec = spec_json;
  manifest.attributes = to_json(state);
  manifest.files.push_back(write_safetensors(directory, checkpoint_path(state.step), sources(store, true)));
  publish_manifest(directory, manifest);
}

void load_checkpoint(const std::string& directory, const Manifest& manifest, ParameterStore& store) {
  if (manifest.files.size() != 1) {
    throw Error::corruption(fmt::format("{}/{} names {} files; a checkpoint has one", directory, kCheckpointManifest,
                                        manifest.files.size()),
                            "remove it to train from the start, or take the directory from a backup");
  }
  const FileRecord& record = manifest.files.front();
  SafetensorsReader reader(resolve_model_file(directory, record.path), &record);
  const auto matrices = store.matrices(true);
  if (reader.tensors().size() != matrices.size()) {
    throw Error::corruption(fmt::format("{} holds {} tensors where the model has {}", record.path,
                                        reader.tensors().size(), matrices.size()));
  }
  for (const NamedMatrix& named : matrices) reader.read_rows(named.name, named.matrix);
}

void publish_model(const std::string& directory, const std::string& spec_json, const ModelAttributes& attributes,
                   const std::vector<FileRecord>& vocabulary_files, ParameterStore& store) {
  Manifest manifest;
  manifest.kind = "model";
  manifest.spec = spec_json;
  manifest.attributes = to_json(attributes);
  manifest.files = vocabulary_files;
  manifest.files.push_back(write_safetensors(directory, weights_path(attributes.step), sources(store, false)));
  publish_manifest(directory, manifest);
}

}  // namespace kin
