#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/commands.h"
#include "apps/cli/data_flags.h"
#include "apps/cli/encoded_text.h"
#include "apps/cli/signals.h"
#include "apps/cli/spec_argument.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/encode_table.h"
#include "kinspace/estimator/encoded_arrays.h"
#include "kinspace/estimator/model.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/formats/npz.h"
#include "kinspace/formats/run_directory.h"

namespace kin::cli {
namespace {

/// What is encoded by what.
struct Job {
  Spec spec;
  std::string spec_directory;
  FittedColumns learned;  ///< of a run
};

void keep_with_parts(const FeatureColumns& all, const std::string& name, FeatureColumns& kept) {
  const auto found = all.find(name);
  if (found == all.end() || !kept.emplace(*found).second) return;
  const auto* cross = std::get_if<CrossedColumn>(&found->second);
  if (cross == nullptr) return;
  for (const std::string& part : cross->of) keep_with_parts(all, part, kept);
}

/// The columns that --columns names; what crosses among them are made of comes along.
std::vector<std::string> choose_columns(const Context& context, FeatureColumns& columns) {
  std::vector<std::string> known;
  for (const auto& [name, column] : columns) known.push_back(name);
  if (!context.args.given("columns")) return known;
  const std::string list = context.args.text("columns");
  std::vector<std::string> chosen;
  FeatureColumns kept;
  for (const std::string_view part : split(list, ',')) {
    const std::string name(trim(part));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw Error::invalid_argument(
          fmt::format("--columns names no column: {}{}", kin::quoted(name), did_you_mean(name, known)),
          fmt::format("the columns are: {}", fmt::join(known, ", ")));
    }
    chosen.push_back(name);
    keep_with_parts(columns, name, kept);
  }
  columns = std::move(kept);
  return chosen;
}

Job job_of_run(const std::string& directory) {
  const Model model = Model::load(directory);
  const std::string& target = model.spec().head.target;
  Job job{model.spec(), read_origin(directory), {}};
  job.spec.columns = {{target, model.spec().columns.at(target)}};
  job.learned[target].vocabulary = Vocabulary(model.vocabulary().keys(), model.vocabulary().counts());
  return job;
}

Job job_of(const Context& context) {
  const std::string& path = context.args.positionals.front();
  if (path != "-" && std::filesystem::is_directory(path)) {
    Job job = job_of_run(path);
    for (const char* flag : {"set", "unset"}) {
      if (!context.args.given(flag)) continue;
      throw Error::invalid_argument(fmt::format("--{} goes with a SPEC: a run has its settings", flag),
                                    "encode by the spec instead");
    }
    const DataOptions& data = job.spec.data;
    job.spec.data.on_bad = context.args.given("on-bad") ? context.args.text("on-bad") : data.on_bad;
    job.spec.data.max_bad = context.args.given("max-bad") ? context.args.text("max-bad") : data.max_bad;
    return job;
  }
  return {read_spec_argument(context), run_options(context).spec_directory, {}};
}

void write_arrays(Context& context, const EncodedArrays& arrays, bool npz) {
  if (npz) {
    const std::vector<TensorSource> sources = arrays.sources();
    context.with_output([&](Sink& sink) { write_npz(sources, [&](std::string_view piece) { sink.write(piece); }); });
    return;
  }
  const std::filesystem::path path = context.args.text("output");
  if (path.empty() || path == "-") {
    throw Error::invalid_argument("--format safetensors needs a file: its header comes before the values",
                                  "add -o ids.safetensors");
  }
  const std::string directory = path.parent_path().empty() ? "." : path.parent_path().string();
  write_safetensors(directory, path.filename().string(), arrays.sources());
}

std::string format_name(const Context& context) {
  const std::string name = context.args.text("format");
  if (context.args.on("json")) return "jsonl";
  return name;
}

}  // namespace

int run_encode(Context& context) {
  Job job = job_of(context);
  const std::vector<std::string> wanted = choose_columns(context, job.spec.columns);

  const StopOnSignal stop;
  EncodeOptions options;
  options.directory = job.spec_directory;
  options.memory_limit = context.memory_limit;
  options.stop_requested = [] { return last_signal() != 0; };

  // What is learned comes from the spec's own data, and only where there is none from the files given.
  Spec learning = job.spec;
  const auto& positionals = context.args.positionals;
  const std::vector<std::string> files(positionals.begin() + 1, positionals.end());
  if (!files.empty()) {
    job.spec.data.path = files;
    job.spec.data.query.clear();
    const bool same = learning.data.path.empty() && learning.data.query.empty();
    if (same) learning.data.path = files;
    if (same && files == std::vector<std::string>{"-"}) options.source = file_source("-");
  }
  Encoder encoder =
      job.learned.empty() ? fit_encoder(learning, options) : Encoder(job.spec.columns, std::move(job.learned));

  options.rejects = context.args.text("rejects");
  if (!files.empty()) options.directory.clear();
  TableRequest request = data_request(context);
  request.directory = options.directory;
  request.source = options.source;
  request.codes = true;
  const std::unique_ptr<Table> table = open_table(job.spec.data, request);
  std::vector<std::size_t> chosen;
  for (const std::string& name : wanted) {
    const auto& infos = encoder.columns();
    chosen.push_back(static_cast<std::size_t>(
        std::find_if(infos.begin(), infos.end(), [&](const EncodedInfo& i) { return i.name == name; }) -
        infos.begin()));
  }

  EncodeCounts counts;
  const std::string format = format_name(context);
  if (format == "npz" || format == "safetensors") {
    EncodedArrays arrays(encoder.columns(), chosen);
    counts = encode_rows(encoder, *table, job.spec.data.where, options, [&](const EncodedBatch& batch) {
      arrays.append(batch);
      if (options.memory_limit > 0 && arrays.bytes() > options.memory_limit) {
        throw Error::resource_limit(fmt::format("the arrays take more than the limit of {} after {} rows",
                                                human_bytes(options.memory_limit), with_thousands(arrays.rows())),
                                    "write jsonl or csv, which is not held in memory, or take fewer --columns");
      }
    });
    write_arrays(context, arrays, format == "npz");
  } else {
    const EncodedText text(encoder.columns(), chosen, format == "csv");
    context.with_output([&](Sink& sink) {
      if (format == "csv") sink.write(text.header());
      std::string out;
      counts = encode_rows(encoder, *table, job.spec.data.where, options, [&](const EncodedBatch& batch) {
        out.clear();
        text.rows(batch, out);
        sink.write(out);
      });
    });
  }
  say_bad_rows(*table, context);
  context.say(fmt::format("{} of {} rows, {} columns", with_thousands(counts.kept_rows), with_thousands(counts.rows),
                          chosen.size()));
  return 0;
}

}  // namespace kin::cli
