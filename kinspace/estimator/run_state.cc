#include "kinspace/estimator/run_state.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

using nlohmann::json;

constexpr std::int64_t kPieceFloats = std::int64_t{1} << 18;  // of a tensor loaded at a time: a block of checksums

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
    tensors.push_back(TensorSource::stored_rows(named.name, named.matrix));
  }
  return tensors;
}

bool finite(MatrixView values) {
  const auto all_finite = kernels::active().all_finite;
  if (values.stride == values.cols) return all_finite(values.data, values.rows * values.cols);
  for (std::int64_t r = 0; r < values.rows; ++r) {
    if (!all_finite(values.row(r), values.cols)) return false;
  }
  return true;
}

void read_tensor(SafetensorsReader& reader, const NamedMatrix& named) {
  const RowsView& to = named.matrix;
  if (to.precision == Precision::kFp32) return reader.read_rows(named.name, to.floats());
  const std::int64_t piece_rows = std::max<std::int64_t>(1, kPieceFloats / to.cols);
  for (std::int64_t first = 0; first < to.rows; first += piece_rows) {
    Matrix piece(std::min(piece_rows, to.rows - first), to.cols);
    reader.read_rows(named.name, piece.view(), first);
    to.write(first, piece.view());
  }
}

/// Maps the tensor where that can be had, else reads it. Each piece is tested while its checksum has it in the cache.
void load_tensor(SafetensorsReader& reader, const TensorInfo& tensor, ParameterStore& store) {
  const std::int64_t rows = tensor.shape[0];
  const std::int64_t dim = tensor.shape[1];
  const auto whole = reader.map_rows(tensor.name, 0, 0);
  Parameter& parameter = whole
                             ? store.add(tensor.name, rows, dim, std::shared_ptr<float>(reader.mapping(), whole->data))
                             : store.add(tensor.name, rows, dim);
  const std::int64_t piece_rows = std::max<std::int64_t>(1, kPieceFloats / dim);
  for (std::int64_t first = 0; first < rows; first += piece_rows) {
    const std::int64_t count = std::min(piece_rows, rows - first);
    const MatrixView piece{parameter.row(first), count, dim, parameter.stride()};
    if (whole) {
      reader.map_rows(tensor.name, first, count);
    } else {
      reader.read_rows(tensor.name, piece, first);
    }
    if (finite(piece)) continue;
    throw Error::corruption(fmt::format("{}: tensor '{}' holds a NaN or an infinity in rows {}-{}", reader.path(),
                                        tensor.name, first, first + count - 1),
                            "train again");
  }
}

}  // namespace

double RunState::best_value() const {
  for (const MetricRow& row : validation) {
    if (row.step == best_step) return row.value;
  }
  return 0;
}

std::string to_json(const RunState& state) {
  json validation = json::array();
  for (const MetricRow& row : state.validation) {
    validation.push_back({row.step, std::isfinite(row.value) ? json(row.value) : json()});
  }
  json value{{"step", state.step},           {"complete", state.complete}, {"stopped_early", state.stopped_early},
             {"best_step", state.best_step}, {"validation", validation},   {"data_digest", state.data_digest}};
  if (state.slot_steps > 0) value["slot_steps"] = state.slot_steps;
  return value.dump();
}

RunState run_state_from_json(const std::string& text, const std::string& where) {
  return read_json(text, where, [](const json& value) {
    RunState state;
    value.at("step").get_to(state.step);
    state.slot_steps = value.value("slot_steps", std::int64_t{0});
    value.at("complete").get_to(state.complete);
    value.at("stopped_early").get_to(state.stopped_early);
    value.at("best_step").get_to(state.best_step);
    value.at("data_digest").get_to(state.data_digest);
    for (const json& row : value.at("validation")) {
      const double metric = row.at(1).is_null() ? std::numeric_limits<double>::quiet_NaN() : row.at(1).get<double>();
      state.validation.push_back({row.at(0).get<std::int64_t>(), metric});
    }
    return state;
  });
}

std::string to_json(const ModelAttributes& attributes) {
  json value{{"step", attributes.step},     {"dim", attributes.dim},       {"negatives", attributes.negatives},
             {"groups", attributes.groups}, {"events", attributes.events}, {"data_digest", attributes.data_digest},
             {"labels", attributes.labels}};
  if (attributes.custom) value["custom"] = true;
  if (!attributes.learned.empty()) value["learned"] = json::parse(attributes.learned);
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
    attributes.custom = value.value("custom", false);
    if (value.contains("learned")) attributes.learned = value["learned"].dump();
    if (value.contains("validation")) {
      value["validation"].at("metric").get_to(attributes.metric);
      attributes.metric_value = value["validation"].at("value").get<double>();
    }
    return attributes;
  });
}

Spec spec_of_run(const std::string& directory) {
  return spec_from_json(read_run_manifest(directory, kModelManifest).spec);
}

void save_checkpoint(const std::string& directory, const std::string& spec_json, const RunState& state,
                     ParameterStore& store, std::span<const std::int64_t> keep) {
  Manifest manifest;
  manifest.kind = "checkpoint";
  manifest.spec = spec_json;
  manifest.attributes = to_json(state);
  manifest.files.push_back(write_safetensors(directory, checkpoint_path(state.step), sources(store, true)));
  publish_checkpoint(directory, manifest, state.step, keep);
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
  for (const NamedMatrix& named : matrices) read_tensor(reader, named);
}

void load_weights(const std::string& directory, const Manifest& manifest, std::int64_t step, ParameterStore& store) {
  const FileRecord& record = find_file(manifest, weights_path(step));
  SafetensorsReader reader(resolve_model_file(directory, record.path), &record);
  for (const TensorInfo& tensor : reader.tensors()) {
    if (tensor.type != TensorType::kF32 || tensor.shape.size() != 2) {
      throw Error::corruption(fmt::format("{}: tensor '{}' is no float32 matrix", record.path, tensor.name));
    }
    load_tensor(reader, tensor, store);
  }
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
