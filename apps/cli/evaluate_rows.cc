#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/gates.h"
#include "apps/cli/signals.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/predictor.h"

namespace kin::cli {
namespace {

bool passes(Context& context, const std::vector<NamedValue>& metrics, const std::vector<Gate>& gates) {
  std::vector<std::string> known;
  for (const NamedValue& metric : metrics) known.push_back(metric.name);
  bool good = true;
  for (const Gate& gate : gates) {
    const auto found =
        std::find_if(metrics.begin(), metrics.end(), [&](const NamedValue& m) { return m.name == gate.metric; });
    if (found == metrics.end()) {
      throw Error::invalid_argument(fmt::format("--fail-under: the model has no metric {}{}", kin::quoted(gate.metric),
                                                did_you_mean(gate.metric, known)),
                                    fmt::format("its metrics are: {}", fmt::join(known, ", ")));
    }
    const bool falling = falls(gate.metric);
    if (falling ? found->value <= gate.least : found->value >= gate.least) continue;
    good = false;
    context.warn(
        fmt::format("{} is {:.5f}, {} {}", gate.metric, found->value, falling ? "above" : "below", gate.least));
  }
  return good;
}

}  // namespace

int evaluate_row_model(Context& context) {
  const auto& positionals = context.args.positionals;
  for (const char* flag : {"protocol", "metrics"}) {
    if (context.args.given(flag)) {
      throw Error::invalid_argument(fmt::format("--{} goes with a recommender", flag),
                                    "eval.metrics of the spec names metrics beside those of the head");
    }
  }
  const std::vector<Gate> gates = gates_of(context.args);
  const std::string& directory = positionals.front();
  Predictor predictor = Predictor::load(directory);
  const StopOnSignal stop;
  EncodeOptions options;
  options.memory_limit = context.memory_limit;
  options.stop_requested = [] { return last_signal() != 0; };
  ThreadPool pool(context.threads);
  const std::int64_t batch = context.args.integer("batch").value_or(0);
  Predictor::Evaluation found;
  if (positionals.size() > 1) {
    DataOptions data = predictor.spec().data;
    data.path.assign(positionals.begin() + 1, positionals.end());
    data.query.clear();
    found = predictor.evaluate(pool, data, options, 0, batch);
  } else {
    options.directory = read_origin(directory);
    found = predictor.evaluate(pool, context.args.on("valid") ? Part::kValid : Part::kTest, options, 0, batch);
  }
  context.say(fmt::format("{} rows, model of step {}", with_thousands(found.rows), predictor.attributes().step));
  Report report{"kin.evaluate-rows/1",
                {{"rows", found.rows}, {"step", predictor.attributes().step}},
                {{"metric"}, {"value", 6}},
                {}};
  for (const NamedValue& metric : found.metrics) report.rows.push_back({metric.name, metric.value});
  const bool good = passes(context, found.metrics, gates);
  if (!gates.empty()) report.fields.emplace_back("passed", good);
  context.print(report);
  return good ? 0 : 1;
}

}  // namespace kin::cli
