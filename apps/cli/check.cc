#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "apps/cli/progress.h"
#include "apps/cli/spec_argument.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/column_plan.h"
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

Cell count(const std::optional<std::int64_t>& value) {
  return value ? Cell(*value) : Cell();
}

/// What the columns of a spec without a model will be.
Report report_of(const ColumnsPlan& plan, bool json) {
  Report report{"kin.check/1", {}, {}, {}};
  std::uint64_t total = 0;
  std::int64_t width = 0;
  for (const ColumnPlan& column : plan.columns) {
    total += column.table_bytes;
    width += column.width;
  }
  report.fields = {{"columns", static_cast<std::int64_t>(plan.columns.size())},
                   {"input_width", width},
                   {"table_bytes", bytes(total, json)}};
  if (plan.rows > 0) {
    report.fields.emplace_back("rows", plan.rows);
    report.fields.emplace_back("kept_rows", plan.kept_rows);
  }
  report.columns = {{"column"}, {"kind"},   {"ids"},    {"form"},       {"dim"},        {"rule"},
                    {"width"},  {"memory"}, {"values"}, {"collisions"}, {"expected", 1}};
  for (const ColumnPlan& c : plan.columns) {
    const bool table = c.form == "embedding";
    report.rows.push_back({c.name, c.kind, c.categorical ? Cell(c.ids) : Cell(), c.form, table ? Cell(c.dim) : Cell(),
                           c.categorical ? Cell(c.rule_dim) : Cell(), c.width,
                           table ? bytes(c.table_bytes, json) : Cell(), count(c.distinct), count(c.collisions),
                           c.expected_collisions ? Cell(*c.expected_collisions) : Cell()});
  }
  return report;
}

void add_plan(const RunPlan& plan, Report& report) {
  report.fields.emplace_back("train_rows", plan.train_rows);
  report.fields.emplace_back("valid_rows", plan.valid_rows);
  report.fields.emplace_back("test_rows", plan.test_rows);
  report.fields.emplace_back("steps", plan.steps);
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
  if (!is_recommender(spec)) {
    EncodeOptions options;
    options.directory = run_options(context).spec_directory;
    options.memory_limit = context.memory_limit;
    Report report = report_of(plan_columns(spec, options), context.json());
    if (is_row_model(spec)) add_plan(plan_run(spec, run_options(context), notes), report);
    context.print(report);
    return 0;
  }
  context.print(report_of(plan_run(spec, run_options(context), notes), context.json()));
  return 0;
}

}  // namespace kin::cli
