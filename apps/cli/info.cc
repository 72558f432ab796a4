#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/model.h"
#include "kinspace/estimator/spec_io.h"

namespace kin::cli {

int run_info(Context& context) {
  const Model model = Model::load(context.args.positionals.front());
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
  context.print(report);
  return 0;
}

}  // namespace kin::cli
