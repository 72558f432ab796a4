#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/gates.h"
#include "apps/cli/signals.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/evaluate.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/predictor.h"

namespace kin::cli {
namespace {

bool passes(Context& context, const std::vector<NamedValue>& metrics, const std::vector<Gate>& gates) {
  bool good = true;
  for (const Gate& gate : gates) {
    const auto found =
        std::find_if(metrics.begin(), metrics.end(), [&](const NamedValue& m) { return m.name == gate.metric; });
    if (found == metrics.end()) throw no_such_metric("--fail-under", gate.metric, metrics);
    const bool falling = falls(gate.metric);
    if (falling ? found->value <= gate.least : found->value >= gate.least) continue;
    good = false;
    context.warn(
        fmt::format("{} is {:.5f}, {} {}", gate.metric, found->value, falling ? "above" : "below", gate.least));
  }
  return good;
}

Report whole_report(const std::vector<NamedValue>& metrics) {
  Report report{"kin.evaluate-rows/1", {}, {{"metric"}, {"value", 6}}, {}};
  for (const NamedValue& metric : metrics) report.rows.push_back({metric.name, metric.value});
  return report;
}

/// A row for the whole and one for each slice.
Report sliced_report(const RowEvaluation& found) {
  Report report{"kin.evaluate-slices/1", {}, {{"slice"}, {"value"}, {"values", -1, /*detail=*/true}, {"rows"}}, {}};
  const auto add = [&](Cell slice, Cell value, Cell values, std::int64_t rows, const std::vector<NamedValue>& metrics) {
    std::vector<Cell> row = {std::move(slice), std::move(value), std::move(values), rows};
    for (const NamedValue& metric : metrics) row.emplace_back(metric.value);
    report.rows.push_back(std::move(row));
  };
  for (const NamedValue& metric : found.metrics) report.columns.push_back({metric.name, 6});
  add("(all)", Cell(), Json{"[]"}, found.rows, found.metrics);
  std::string left_out;
  for (const Slicing& slicing : found.slicings) {
    const std::string name = fmt::format("{}", fmt::join(slicing.columns, ","));
    for (const EvaluatedSlice& slice : slicing.slices) {
      std::string text;
      std::string json;
      for (const std::optional<std::string>& value : slice.values) {
        text += (json.empty() ? "" : ", ") + value.value_or("(missing)");
        json += (json.empty() ? "" : ",") + (value ? json_quote(*value) : "null");
      }
      add(name, text, Json{"[" + json + "]"}, slice.rows, slice.metrics);
    }
    left_out += fmt::format("{}{{\"slice\":{},\"left_out\":{},\"left_out_rows\":{}}}", left_out.empty() ? "" : ",",
                            json_quote(name), slicing.left_out, slicing.left_out_rows);
  }
  report.fields.emplace_back("slices", Json{"[" + left_out + "]"});
  return report;
}

/// Those of --metrics, and of the gates beside them.
std::vector<std::string> metric_names(const Arguments& arguments, const std::vector<Gate>& gates) {
  std::vector<std::string> out;
  const std::string list = arguments.text("metrics");
  for (const std::string_view text : split(list, ',')) {
    if (!trim(text).empty()) out.emplace_back(trim(text));
  }
  if (out.empty()) return out;
  for (const Gate& gate : gates) out.push_back(gate.metric);
  return out;
}

}  // namespace

int evaluate_row_model(Context& context) {
  const auto& positionals = context.args.positionals;
  if (context.args.given("protocol")) throw Error::invalid_argument("--protocol goes with a recommender");
  const std::vector<Gate> gates = gates_of(context.args);
  const std::string& directory = positionals.front();
  Predictor predictor = Predictor::load(directory);
  const StopOnSignal stop;
  EncodeOptions options;
  options.memory_limit = context.memory_limit;
  options.stop_requested = [] { return last_signal() != 0; };
  RowEvaluateOptions what;
  what.batch = context.args.integer("batch").value_or(0);
  what.max_slices = *context.args.integer("max-slices");
  if (context.args.given("slice")) what.slice = context.args.texts("slice");
  what.metrics = metric_names(context.args, gates);
  ThreadPool pool(context.threads);
  RowEvaluation found;
  if (positionals.size() > 1) {
    DataOptions data = predictor.spec().data;
    data.path.assign(positionals.begin() + 1, positionals.end());
    data.query.clear();
    found = predictor.evaluate(pool, data, options, what);
  } else {
    options.directory = read_origin(directory);
    found = predictor.evaluate(pool, context.args.on("valid") ? Part::kValid : Part::kTest, options, what);
  }
  context.say(fmt::format("{} rows, model of step {}", with_thousands(found.rows), predictor.attributes().step));
  for (const Slicing& slicing : found.slicings) {
    if (slicing.left_out == 0) continue;
    context.say(fmt::format("{}: the {} largest slices; {} more, of {} rows, are left out (--max-slices)",
                            fmt::join(slicing.columns, ","), slicing.slices.size(), with_thousands(slicing.left_out),
                            with_thousands(slicing.left_out_rows)));
  }
  Report report = found.slicings.empty() ? whole_report(found.metrics) : sliced_report(found);
  const bool good = passes(context, found.metrics, gates);
  report.fields.insert(report.fields.begin(), {{"rows", found.rows}, {"step", predictor.attributes().step}});
  if (!gates.empty()) report.fields.emplace_back("passed", good);
  context.print(report);
  return good ? 0 : 1;
}

}  // namespace kin::cli
