#include "kinspace/estimator/evaluate.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "apps/cli/commands.h"
#include "apps/cli/gates.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/metrics/ranking.h"

namespace kin::cli {
namespace {

/// --fail-under, metrics named as a ranking names them.
std::vector<Gate> ranking_gates(const Arguments& arguments) {
  std::vector<Gate> gates = gates_of(arguments);
  for (Gate& gate : gates) gate.metric = metric_name(parse_metric(gate.metric));
  return gates;
}

std::vector<std::string> wanted_metrics(const Arguments& arguments, const Spec& spec, const std::vector<Gate>& gates) {
  std::vector<std::string> texts;
  const std::string list = arguments.text("metrics");
  for (const std::string_view text : split(list, ',')) {
    if (!trim(text).empty()) texts.emplace_back(trim(text));
  }
  std::vector<std::string> names;
  for (const Metric& metric : parse_metrics(texts.empty() ? spec.eval.metrics : texts))
    names.push_back(metric_name(metric));
  for (const Gate& gate : gates) {
    if (std::find(names.begin(), names.end(), gate.metric) == names.end()) names.push_back(gate.metric);
  }
  return names;
}

std::string counts_json(const EvaluateReport& found) {
  std::string out;
  for (const ProtocolCounts& c : found.counts) {
    out += fmt::format("{}{{\"protocol\":{},\"users\":{},\"cases\":{},\"targets\":{},\"reachable\":{}}}",
                       out.empty() ? "" : ",", json_quote(c.protocol), c.users, c.cases, c.targets, c.reachable);
  }
  return "[" + out + "]";
}

/// One row for each protocol and metric, the methods side by side.
Report report_of(const EvaluateReport& found) {
  Report report{
      "kin.evaluate/1", {{"counts", Json{counts_json(found)}}, {"notes", found.notes}}, {{"protocol"}, {"metric"}}, {}};
  std::vector<std::string> methods;
  for (const Figure& figure : found.figures) {
    if (std::find(methods.begin(), methods.end(), figure.method) == methods.end()) methods.push_back(figure.method);
  }
  for (const std::string& method : methods) {
    report.columns.push_back({method, 5});
    report.columns.push_back({method + "_low", 5, method != "model"});
    report.columns.push_back({method + "_high", 5, method != "model"});
  }
  for (const Figure& figure : found.figures) {
    auto row = std::find_if(report.rows.begin(), report.rows.end(), [&](const std::vector<Cell>& cells) {
      return std::get<std::string>(cells[0]) == figure.protocol && std::get<std::string>(cells[1]) == figure.metric;
    });
    if (row == report.rows.end()) {
      row = report.rows.insert(report.rows.end(), std::vector<Cell>(report.columns.size()));
      (*row)[0] = figure.protocol;
      (*row)[1] = figure.metric;
    }
    const auto method = std::find(methods.begin(), methods.end(), figure.method) - methods.begin();
    const auto at = static_cast<std::size_t>(2 + 3 * method);
    (*row)[at] = figure.value;
    (*row)[at + 1] = figure.low;
    (*row)[at + 2] = figure.high;
  }
  return report;
}

bool passes(Context& context, const EvaluateReport& found, const std::vector<Gate>& gates) {
  bool good = true;
  for (const Gate& gate : gates) {
    const auto figure = std::find_if(found.figures.begin(), found.figures.end(),
                                     [&](const Figure& f) { return f.method == "model" && f.metric == gate.metric; });
    if (figure == found.figures.end()) throw Error::internal("no figure for --fail-under " + gate.metric);
    if (figure->value >= gate.least) continue;
    good = false;
    context.warn(fmt::format("{} {} is {:.5f}, below {}", figure->protocol, gate.metric, figure->value, gate.least));
  }
  return good;
}

}  // namespace

std::vector<Gate> gates_of(const Arguments& arguments) {
  std::vector<Gate> gates;
  for (const std::string& text : arguments.texts("fail-under")) {
    const std::size_t equals = text.find('=');
    Gate gate;
    const char* end = text.data() + text.size();
    if (equals == std::string::npos)
      throw Error::invalid_argument(fmt::format("--fail-under {} is not METRIC=X", kin::quoted(text)),
                                    "such as ndcg@10=0.05");
    const auto [stop, status] = std::from_chars(text.data() + equals + 1, end, gate.least);
    if (status != std::errc() || stop != end) {
      throw Error::invalid_argument(fmt::format("--fail-under {} needs a number behind '='", kin::quoted(text)),
                                    "such as ndcg@10=0.05");
    }
    gate.metric = text.substr(0, equals);
    gates.push_back(gate);
  }
  return gates;
}

int run_evaluate(Context& context) {
  if (!std::filesystem::is_regular_file(context.args.positionals.front()) &&
      is_row_model(spec_of_run(context.args.positionals.front()))) {
    return evaluate_row_model(context);
  }
  for (const char* flag : {"slice", "max-slices"}) {
    if (!context.args.given(flag)) continue;
    throw Error::invalid_argument(
        fmt::format("--{} goes with models over rows: histories have no columns of data", flag));
  }
  EvaluateOptions options;
  std::vector<Model> models;
  for (const std::string& path : context.args.positionals) {
    if (!std::filesystem::is_regular_file(path)) {
      models.push_back(Model::load(path));
    } else if (options.data_path.empty()) {
      options.data_path = path;
    } else {
      throw Error::invalid_argument(fmt::format("{} and {} are two data files", options.data_path, path), "name one");
    }
  }
  if (models.empty())
    throw Error::invalid_argument("kin evaluate needs a run directory", "such as: kin evaluate run/ ratings.csv");
  const std::vector<Gate> gates = ranking_gates(context.args);
  options.metrics = wanted_metrics(context.args, models.front().spec(), gates);
  options.protocol = context.args.text("protocol");
  options.floors = context.args.on("floors", true);
  options.valid = context.args.on("valid");
  options.memory_limit = context.memory_limit;
  options.seed = static_cast<std::uint64_t>(*context.args.integer("seed"));

  ThreadPool pool(context.threads);
  const EvaluateReport found = evaluate(models, pool, options);
  for (const std::string& note : found.notes) context.say(note);
  for (const ProtocolCounts& c : found.counts) {
    context.say(fmt::format("{}: {} users, {} cases, {} of {} targets reachable", c.protocol, with_thousands(c.users),
                            with_thousands(c.cases), with_thousands(c.reachable), with_thousands(c.targets)));
  }
  Report report = report_of(found);
  const bool good = passes(context, found, gates);
  if (!gates.empty()) report.fields.emplace_back("passed", good);
  context.print(report);
  return good ? 0 : 1;
}

}  // namespace kin::cli
