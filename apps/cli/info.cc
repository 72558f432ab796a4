#include <fmt/format.h>

#include <filesystem>

#include "apps/cli/commands.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/model.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/tensor_file.h"

namespace kin::cli {
namespace {

Report recommender_report(const Context& context, const Model& model) {
  const Spec& spec = model.spec();
  const ModelAttributes& about = model.attributes();
  Report report{"kin.info/1", {}, {}, {}};
  const auto add = [&](const char* name, Cell value) { report.fields.emplace_back(name, std::move(value)); };
  add("model", model.checksum());
  add("kind", spec.model.kind);
  add("target", spec.head.target);
  add("source", target_column(spec).source);
  add("items", model.vocabulary().size());
  add("dim", model.embeddings().cols);
  add("parameters", model.parameters());
  add("titles", !model.vocabulary().labels().empty());
  add("context", spec.head.context);
  add("predict", spec.head.predict);
  add("step", about.step);
  add("trained_groups", about.groups);
  add("trained_events", about.events);
  add("protocol", spec.eval.protocol);
  add("valid_metric", about.metric.empty() ? Cell() : Cell(about.metric));
  add("valid_value", about.metric_value ? Cell(*about.metric_value) : Cell());
  add("data", data_name(spec.data));
  add("data_digest", about.data_digest);
  add("seed", static_cast<std::int64_t>(spec.train.seed));
  if (context.json()) add("spec", Json{canonical_json(spec)});
  return report;
}

/// What a run that is no recommender says of itself.
void add_run(const Context& context, const std::string& directory, Report& report) {
  const Manifest manifest = read_run_manifest(directory, kModelManifest);
  const Spec spec = spec_from_json(manifest.spec);
  const ModelAttributes about = model_attributes_from_json(manifest.attributes, std::string(kModelManifest));
  const auto add = [&](const char* name, Cell value) { report.fields.emplace_back(name, std::move(value)); };
  add("model", manifest.checksum);
  add("kind", spec.model.kind);
  add("target", spec.head.target.empty() ? Cell() : Cell(spec.head.target));
  add("step", about.step);
  add("trained_rows", about.events);
  add("valid_metric", about.metric.empty() ? Cell() : Cell(about.metric));
  add("valid_value", about.metric_value ? Cell(*about.metric_value) : Cell());
  if (context.json()) add("spec", Json{canonical_json(spec)});
}

/// The tensors of a run, a checkpoint or a file of vectors.
Report tensors_report(Context& context, const std::string& path, bool run) {
  const std::unique_ptr<TensorFile> file = open_tensor_file(path);
  for (const std::string& note : file->notes()) context.say(note);
  Report report{"kin.info/1", {}, {{"tensor"}, {"type"}, {"shape"}, {"keys"}}, {}};
  if (run) add_run(context, path, report);
  std::int64_t numbers = 0;
  for (const StoredTensor& tensor : file->tensors()) {
    numbers += tensor.elements();
    const TokenList* tokens = file->tokens(tensor);
    const std::string shape = fmt::format("[{}]", fmt::join(tensor.shape, ","));
    report.rows.push_back({tensor.name, std::string(stored_type_name(tensor.type)),
                           context.json() ? Cell(Json{shape}) : Cell(shape),
                           tokens == nullptr ? Cell() : Cell(static_cast<std::int64_t>(tokens->size()))});
  }
  report.fields.emplace_back("file", file->path());
  report.fields.emplace_back("format", std::string(file->format()));
  report.fields.emplace_back("tensors", static_cast<std::int64_t>(file->tensors().size()));
  report.fields.emplace_back("numbers", numbers);
  return report;
}

}  // namespace

int run_info(Context& context) {
  const std::string& path = context.args.positionals.front();
  const bool run = file_exists((std::filesystem::path(path) / kModelManifest).string());
  if (run && is_recommender(spec_of_run(path))) {
    context.print(recommender_report(context, Model::load(path)));
  } else {
    context.print(tensors_report(context, path, run));
  }
  return 0;
}

}  // namespace kin::cli
