#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/commands.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/keyed_vectors.h"
#include "kinspace/estimator/predictor.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/tf_names.h"
#include "kinspace/formats/npy.h"
#include "kinspace/formats/projector.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/formats/tf_bundle_writer.h"
#include "kinspace/formats/write_vectors.h"

namespace kin::cli {
namespace {

namespace fs = std::filesystem;

/// Tensors in memory, for the formats that take several.
struct HeldTensors {
  std::vector<std::string> bytes;  // of each source
  std::vector<TensorSource> sources;
};

/// All that is told of what was written.
using Fields = std::vector<std::pair<std::string, Cell>>;

HeldTensors hold(Context& context, TensorFile& file) {
  std::vector<const StoredTensor*> chosen;
  const std::string table = context.args.text("table");
  if (!table.empty()) {
    chosen.push_back(&choose_table(file, table));
  } else {
    for (const StoredTensor& tensor : file.tensors()) chosen.push_back(&tensor);
  }
  HeldTensors held;
  held.bytes.reserve(chosen.size() + 1);  // the sources point into them
  for (const StoredTensor* tensor : chosen) {
    const auto type = tensor_type(tensor->type);
    if (!type) {
      context.say(fmt::format("{} is left out: it is {}", tensor->name, tensor->describe()));
      continue;
    }
    const std::uint64_t width = stored_type_bytes(tensor->type);
    std::string& bytes = held.bytes.emplace_back(static_cast<std::size_t>(tensor->elements()) * width, '\0');
    file.read_elements(*tensor, 0, tensor->elements(), [&](std::int64_t first, std::string_view piece) {
      bytes.replace(static_cast<std::size_t>(first) * width, piece.size(), piece);
    });
    held.sources.push_back({tensor->name, *type, tensor->shape, bytes.data(), 1, bytes.size(), 0});
  }
  return held;
}

/// The parameters of a canned model under TensorFlow's names.
HeldTensors hold_as_tensorflow(Predictor& predictor) {
  HeldTensors held;
  for (const TfTensorOut& tensor : tf_tensors(predictor.spec(), predictor.encoder(), predictor.parameters())) {
    held.bytes.reserve(predictor.parameters().all().size() + 1);
    std::string& bytes = held.bytes.emplace_back(reinterpret_cast<const char*>(tensor.values.data()),
                                                 tensor.values.size() * sizeof(float));
    held.sources.push_back({tensor.name, TensorType::kF32, tensor.shape, bytes.data(), 1, bytes.size(), 0});
  }
  return held;
}

/// What --table and --names choose.
HeldTensors hold_chosen(Context& context, TensorFile& file) {
  if (context.args.text("names") != "tensorflow") return hold(context, file);
  if (!context.args.text("table").empty()) {
    throw Error::invalid_argument("--names tensorflow writes all parameters", "leave out --table");
  }
  Predictor predictor = Predictor::load(context.args.positionals.front());
  return hold_as_tensorflow(predictor);
}

/// Steps that a run made; nothing of other files.
std::optional<std::int64_t> step_of(const TensorFile& file) {
  if (file.format() != "run" || !file_exists((fs::path(file.path()) / kModelManifest).string())) return std::nullopt;
  const Manifest manifest = read_run_manifest(file.path(), kModelManifest);
  return model_attributes_from_json(manifest.attributes, std::string(kModelManifest)).step;
}

std::string required_output(const Context& context, const char* example) {
  const std::string path = context.args.text("output");
  if (!path.empty() && path != "-") return path;
  throw Error::invalid_argument(
      fmt::format("--to {} writes several files, or one that has to be named", context.args.text("to")),
      fmt::format("add -o {}", example));
}

void export_checkpoint(Context& context, TensorFile& file, Fields& fields) {
  fs::path prefix = required_output(context, "checkpoints/model.ckpt");
  HeldTensors held = hold_chosen(context, file);
  const auto step = step_of(file);
  const bool has_step = file.find("global_step") != nullptr;
  if (step && !has_step && context.args.text("table").empty()) {
    // What an Estimator looks for.
    held.bytes.emplace_back(reinterpret_cast<const char*>(&*step), sizeof *step);
    held.sources.push_back({"global_step", TensorType::kI64, {}, held.bytes.back().data(), 1, sizeof *step, 0});
  }
  std::error_code error;
  if (prefix.filename().empty() || fs::is_directory(prefix, error)) {
    prefix /= step ? fmt::format("model.ckpt-{}", *step) : "model.ckpt";
  }
  const std::string directory = prefix.has_parent_path() ? prefix.parent_path().string() : ".";
  make_directories(directory);
  const std::size_t tensors = held.sources.size();
  write_tf_bundle(prefix.string(), std::move(held.sources));
  const std::string name = prefix.filename().string();
  write_checkpoint_state(directory, {.latest = name, .all = {name}});
  fields.emplace_back("checkpoint", prefix.string());
  fields.emplace_back("tensors", static_cast<std::int64_t>(tensors));
}

void export_safetensors(Context& context, TensorFile& file, Fields& fields) {
  const fs::path path = required_output(context, "vectors.safetensors");
  HeldTensors held = hold_chosen(context, file);
  const std::string directory = path.has_parent_path() ? path.parent_path().string() : ".";
  make_directories(directory);
  fields.emplace_back("file", path.string());
  fields.emplace_back("tensors", static_cast<std::int64_t>(held.sources.size()));
  write_safetensors(directory, path.filename().string(), std::move(held.sources));
}

void export_projector(Context& context, const KeyedVectors& table, Fields& fields) {
  const std::string directory = required_output(context, "logs/");
  make_directories(directory);
  const Vocabulary& vocabulary = table.vocabulary;
  ProjectorTable out{.name = table.column, .matrix = table.keyed()};
  ProjectorColumn keys{.name = "key"};
  ProjectorColumn counts{.name = "count"};
  ProjectorColumn labels{.name = "label"};
  bool counted = false;
  for (std::int64_t row = 0; row < vocabulary.size(); ++row) {
    labels.values.push_back(vocabulary.label(row));
    keys.values.push_back(vocabulary.key(row));
    counts.values.push_back(std::to_string(vocabulary.count(row)));
    counted = counted || vocabulary.count(row) > 0;
  }
  if (!vocabulary.labels().empty()) out.columns.push_back(std::move(labels));
  out.columns.push_back(std::move(keys));
  if (counted) out.columns.push_back(std::move(counts));
  for (const ProjectorReport& report : write_projector(directory, {out})) {
    if (!report.note.empty()) context.say(report.note);
    fields.emplace_back("directory", directory);
    fields.emplace_back("rows", report.rows);
  }
}

VectorFormat vector_format(std::string_view name) {
  if (name == "word2vec") return VectorFormat::kWord2vec;
  if (name == "word2vec-bin") return VectorFormat::kWord2vecBinary;
  return name == "glove" ? VectorFormat::kGlove : VectorFormat::kCsv;
}

/// Formats of one table, which may go to standard output.
void export_vectors(Context& context, const KeyedVectors& table, const std::string& to) {
  const bool binary = to == "npy" || to == "word2vec-bin";
  if (binary && context.out_terminal.interactive && context.args.text("output").empty()) {
    throw Error::invalid_argument(fmt::format("--to {} is binary and standard output a terminal", to), "add -o FILE");
  }
  TokenList keys;
  for (std::int64_t row = 0; row < table.vocabulary.size(); ++row) keys.add(table.vocabulary.key(row));
  std::int64_t changed = 0;
  context.with_output([&](Sink& sink) {
    const auto write = [&](std::string_view piece) { sink.write(piece); };
    if (to == "npy") {
      write_npy(table.keyed(), write);
    } else {
      changed = write_vectors(vector_format(to), table.keyed(), &keys, write);
    }
  });
  if (changed > 0) {
    context.say(fmt::format("{} keys have characters that {} cannot hold; they are written as '_'",
                            with_thousands(changed), to));
  }
  context.say(fmt::format("{} vectors of {} numbers", with_thousands(table.vocabulary.size()), table.vectors.cols()));
}

}  // namespace

int run_export(Context& context) {
  const std::string& path = context.args.positionals.front();
  const std::string to = context.args.text("to");
  if (to.empty()) {
    throw Error::invalid_argument("kin export needs --to FORMAT",
                                  "such as: kin export run/ --to word2vec -o movies.vec");
  }
  Fields fields;
  if (to == "tf-checkpoint" || to == "safetensors") {
    const std::unique_ptr<TensorFile> file = open_tensor_file(path);
    for (const std::string& note : file->notes()) context.say(note);
    to == "safetensors" ? export_safetensors(context, *file, fields) : export_checkpoint(context, *file, fields);
  } else {
    const KeyedVectors table =
        load_keyed_vectors(path, {.table = context.args.text("table"), .vocabulary = {}, .number_rows = true});
    for (const std::string& note : table.notes) context.say(note);
    if (to != "projector") {
      export_vectors(context, table, to);
      return 0;
    }
    export_projector(context, table, fields);
  }
  context.print({"kin.export/1", std::move(fields), {}, {}});
  return 0;
}

}  // namespace kin::cli
