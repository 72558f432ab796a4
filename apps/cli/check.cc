#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "apps/cli/progress.h"
#include "apps/cli/spec_argument.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/spec_io.h"

namespace kin::cli {
namespace {

Cell bytes(std::uint64_t value, bool json) {
  return json ? Cell(static_cast<std::int64_t>(value)) : Cell(human_bytes(value));
}

Report report_of(const RunPlan& plan, bool json) {
  Report report{"kin.check/1", {}, {}, {}};
  const auto add = [&](const char* name, Cell value) { report.fields.emplace_back(name, std::move(value)); };
  add("rows", plan.rows_read);
  add("events", plan.events);
  add("groups", plan.groups);
  add("train_groups", plan.train_groups);
  add("valid_groups", plan.valid_groups);
  add("test_groups", plan.test_groups);
  add("train_events", plan.train_events);
  add("items", plan.items);
  add("dropped_items", plan.dropped_items);
  add("dim", plan.dim);
  add("dim_by_rule", plan.dim_by_rule);
  add("negatives", plan.negatives);
  add("negatives_by_cost", plan.negatives_by_cost);
  add("parameters", plan.parameters);
  add("flop_per_example", plan.flop_per_example);
  add("examples", plan.examples);
  add("steps", plan.steps);
  add("memory_bytes", bytes(plan.memory_bytes, json));
  return report;
}

int print_schema(Context& context) {
  context.out.write(context.format == Format::kMarkdown ? spec_markdown() : spec_json_schema() + "\n");
  return 0;
}

}  // namespace

int run_check(Context& context) {
  if (context.args.on("schema")) return print_schema(context);
  if (context.args.positionals.empty()) {
    throw Error::invalid_argument("kin check needs SPEC", "such as: kin check movies.toml");
  }
  const Spec spec = read_spec_argument(context);
  if (context.args.on("resolved")) {
    context.out.write(context.json() ? canonical_json(spec) + "\n" : to_toml(spec));
    return 0;
  }
  ProgressPrinter notes(context.err, context.err_terminal, context.quiet ? ProgressMode::kNone : ProgressMode::kPlain,
                        [] { return false; });
  context.print(report_of(plan_run(spec, run_options(context), notes), context.json()));
  return 0;
}

}  // namespace kin::cli
