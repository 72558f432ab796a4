#include "kinspace/estimator/train.h"

#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "apps/cli/progress.h"
#include "apps/cli/signals.h"
#include "apps/cli/spec_argument.h"

namespace kin::cli {

int run_train(Context& context) {
  const Spec spec = read_spec_argument(context);
  RunOptions options = run_options(context);
  options.directory = context.args.text("output");

  const StopOnSignal stop;
  ProgressPrinter progress(context.err, context.err_terminal,
                           progress_mode(context.args.text("progress"), context.err_terminal, context.quiet),
                           [] { return last_signal() != 0; });
  const TrainResult result = train(spec, options, progress);
  progress.finish();

  if (result.already_complete) context.say(fmt::format("{} holds this run already, complete", options.directory));
  if (result.stopped_early) context.say(fmt::format("stopped early at step {}: {}", result.step, result.stop_reason));
  if (!result.exports.empty()) {
    context.say(fmt::format("{} models exported, the last one to {}", result.exports.size(), result.exports.back()));
  }
  if (!result.metric.empty()) {
    context.say(fmt::format("best {} on the validation cases: {:.4f}, at step {}", result.metric, result.best_metric,
                            result.best_step));
  }
  if (!context.json() && !context.args.given("format")) {
    context.out.write(options.directory + "\n");
    return 0;
  }
  context.print({"kin.train/1",
                 {{"directory", options.directory},
                  {"step", result.step},
                  {"best_step", result.best_step},
                  {"stopped_early", result.stopped_early},
                  {"already_complete", result.already_complete},
                  {"metric", result.metric.empty() ? Cell() : Cell(result.metric)},
                  {"best_metric", result.metric.empty() ? Cell() : Cell(result.best_metric)}},
                 {},
                 {}});
  return 0;
}

}  // namespace kin::cli
