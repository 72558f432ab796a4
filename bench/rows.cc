// Trains a spec over rows the way `kin train` does and prints one line of JSON, as the rivals do.
//
//   kin_rows --spec FILE --data CSV --out FOLDER [--input memory|csv] [--threads 1] [--steps 0] [--warm-up 0]
//            [--precision fp32|bf16] [--tables fp32|bf16] [--test CSV --export FILE.npy]
//
// --input memory: the clock runs from step --warm-up to the last one, the table lies encoded in memory. --input csv: it
// runs from the first byte of the file to the last step, but not while the parameters are made, which the rivals do
// beforehand. The model is written, and the test file predicted, only for --export.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "bench/npy.h"
#include "kinspace/base/error.h"
#include "kinspace/data/table.h"
#include "kinspace/estimator/canned/row_models.h"
#include "kinspace/estimator/predictor.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/train.h"
#include "kinspace/kernels/kernels.h"

namespace {

using kin::bench::Moment;

/// Thrown by the last step of a run that is only measured: nothing is written.
struct MeasuredEnough {};

/// Trains, and knows when what happened.
class Run : public kin::TrainObserver {
 public:
  Run(const kin::Spec& spec, kin::RunOptions options, std::int64_t warm_up, bool write)
      : model_(kin::row_model(spec)), options_(std::move(options)), warm_up_(warm_up), write_(write) {
    kin::TrainHook hook;
    hook.before_step = [this](const kin::StepView& view) {
      if (view.step == 0) first_step = Moment::now();
      if (view.step == warm_up_) warm = Moment::now();
    };
    hook.after_step = [this](const kin::StepView& view) {
      ++steps;
      if (view.step < steps_planned_) return false;
      done = Moment::now();
      if (!write_) throw MeasuredEnough();
      return false;
    };
    options_.hooks.push_back(std::move(hook));
    start = Moment::now();
    try {
      kin::train(spec, options_, *this, model());
    } catch (const MeasuredEnough&) {
    }
    if (steps <= warm_up_) throw kin::Error::bad_data("too few rows: all steps were warm-up");
  }

  /// That of the spec; its first call tells that the table is encoded and no parameter made yet.
  kin::ModelFn model() {
    return [this](kin::Step& step) {
      if (!loaded_) loaded = Moment::now(), loaded_ = true;
      return model_(step);
    };
  }

  void on_plan(const kin::RunPlan& plan) override {
    rows = plan.train_rows;
    steps_planned_ = options_.max_steps > 0 ? std::min(options_.max_steps, plan.steps) : plan.steps;
  }

  Moment start, loaded, first_step, warm, done;
  std::int64_t steps = 0;
  std::int64_t rows = 0;

 private:
  kin::ModelFn model_;
  kin::RunOptions options_;
  std::int64_t warm_up_;
  bool write_;
  bool loaded_ = false;
  std::int64_t steps_planned_ = 0;
};

/// The probability of the second class for each row of a file.
std::vector<float> predict(Run& run, const std::string& directory, const std::string& file, int threads) {
  kin::Predictor model = kin::Predictor::load(directory, run.model());
  kin::DataOptions data = model.spec().data;
  data.path = {file};
  const std::unique_ptr<kin::Table> table = kin::open_table(data, {.codes = true});
  kin::ThreadPool pool(threads);
  std::vector<float> out;
  model.predict(pool, *table, {}, [&](std::int64_t, const std::vector<kin::Prediction>& found) {
    for (const kin::Prediction& prediction : found) {
      if (prediction.key != "logistic") continue;
      const auto& values = std::get<std::vector<float>>(prediction.values);
      out.insert(out.end(), values.begin(), values.end());
    }
  });
  return out;
}

void run(const kin::bench::Arguments& arguments) {
  const bool csv = arguments.text("input", "memory") == "csv";
  const std::string out = arguments.text("out", "build/bench/rows"), to = arguments.text("export", "");
  const std::vector<std::string> overrides{"data.path=\"" + arguments.text("data", "") + "\"",
                                           "train.precision=\"" + arguments.text("precision", "fp32") + "\"",
                                           "train.table_precision=\"" + arguments.text("tables", "fp32") + "\""};
  const kin::Spec spec = kin::read_spec(arguments.text("spec", ""), overrides);

  kin::RunOptions options;
  options.directory = out;
  options.threads = static_cast<int>(arguments.number("threads", 1));
  options.max_steps = arguments.number("steps", 0);
  const std::int64_t warm_up = csv ? 0 : arguments.number("warm-up", 0);
  Run run(spec, options, warm_up, !to.empty());

  const Moment load = run.loaded - run.start;
  const Moment counted = (run.done - run.warm) + (csv ? load : Moment());
  const std::int64_t examples = std::min(run.rows, run.steps * spec.train.batch) - warm_up * spec.train.batch;
  std::printf(
      "{\"name\": \"kin\", \"version\": \"%s\", \"threads\": %d, \"examples\": %lld, "
      "\"examples_per_s\": %.1f, \"examples_per_cpu_s\": %.1f, \"wall_s\": %.4f, \"cpu_s\": %.4f, \"load_s\": %.4f, "
      "\"load_cpu_s\": %.4f, \"parameters_s\": %.4f, \"peak_rss_mb\": %.1f, \"steps\": %lld}\n",
      std::string(kin::kernels::isa_name(kin::kernels::active().isa)).c_str(), options.threads,
      static_cast<long long>(examples), static_cast<double>(examples) / counted.wall,
      static_cast<double>(examples) / counted.cpu, counted.wall, counted.cpu, load.wall, load.cpu,
      (run.first_step - run.loaded).wall, kin::bench::peak_mb(), static_cast<long long>(run.steps));
  if (to.empty()) return;
  const std::vector<float> scores = predict(run, out, arguments.text("test", ""), options.threads);
  kin::bench::export_npy(to, {scores.data(), static_cast<std::int64_t>(scores.size()), 1, 1});
}

}  // namespace

int main(int argc, char** argv) {
  return kin::bench::run_program("kin_rows", argc, argv, run);
}
