#include "kinspace/estimator/estimator.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/spec_io.h"

namespace kin {
namespace {

template <class To, class From>
void replace(To& to, const std::optional<From>& by) {
  if (by) to = *by;
}

Spec with_settings(Spec spec, const RunConfig& config) {
  TrainOptions& train = spec.train;
  replace(train.seed, config.tf_random_seed);
  replace(train.checkpoint.steps, config.save_checkpoints_steps);
  replace(train.checkpoint.seconds, config.save_checkpoints_secs);
  replace(train.checkpoint.keep, config.keep_checkpoint_max);
  replace(train.checkpoint.every_hours, config.keep_checkpoint_every_n_hours);
  replace(train.log_every, config.log_step_count_steps);
  if (config.save_summary_steps) {
    train.tensorboard = *config.save_summary_steps != 0;
    if (train.tensorboard) train.summary_every = *config.save_summary_steps;
  }
  resolve(spec);
  validate(spec);
  return spec;
}

}  // namespace

Estimator::Estimator(Spec spec, RunConfig config) : Estimator(ModelFn(), std::move(spec), std::move(config)) {}

Estimator::Estimator(ModelFn model, Spec spec, RunConfig config)
    : model_(std::move(model)),
      spec_(with_settings(std::move(spec), config)),
      config_(std::move(config)),
      pool_(config_.threads) {
  if (!config_.directory.empty()) return;
  throw Error::invalid_argument("[Estimator] the directory of the run is missing", "set RunConfig::directory");
}

TrainResult Estimator::run(const TrainSpec& train_spec, const EvalSpec& eval_spec) {
  RunOptions options;
  options.directory = config_.directory;
  options.spec_directory = config_.spec_directory;
  options.threads = config_.threads;
  options.memory_limit = config_.memory_limit;
  options.steps = train_spec.steps;
  options.max_steps = train_spec.max_steps;
  options.hooks = train_spec.hooks;
  options.evaluate_steps = eval_spec.every_steps;
  options.exports = eval_spec.exporters;
  options.warm_start_from = config_.warm_start_from;
  TrainObserver silent;
  predictor_.reset();
  return kin::train(spec_, options, config_.observer != nullptr ? *config_.observer : silent, model_);
}

TrainResult Estimator::train(const TrainSpec& spec) {
  return run(spec, {});
}

TrainResult train_and_evaluate(Estimator& estimator, const TrainSpec& train_spec, const EvalSpec& eval_spec) {
  for (const std::string& name : eval_spec.exporters) {
    if (name == "latest" || name == "best" || name == "final") continue;
    throw Error::invalid_argument("[train_and_evaluate] no exporter is called '" + name + "'",
                                  "they are latest, best and final");
  }
  return estimator.run(train_spec, eval_spec);
}

Predictor& Estimator::predictor() {
  if (!predictor_) predictor_ = Predictor::load(config_.directory, model_);
  return *predictor_;
}

EncodeOptions Estimator::encode_options() const {
  EncodeOptions options;
  options.directory = config_.spec_directory;
  options.memory_limit = config_.memory_limit;
  return options;
}

RowEvaluation Estimator::evaluate(const EvalSpec& spec) {
  RowEvaluateOptions what;
  what.max_rows = spec.steps * spec_.train.batch;
  what.slice = spec.slice.value_or(spec_.eval.slice);
  what.max_slices = spec.max_slices;
  if (spec.files.empty()) return predictor().evaluate(pool_, spec.part, encode_options(), what);
  DataOptions data = spec_.data;
  data.path = spec.files;
  data.query.clear();
  return predictor().evaluate(pool_, data, encode_options(), what);
}

EncodeCounts Estimator::predict(const std::vector<std::string>& files,
                                FunctionRef<void(std::int64_t rows, const std::vector<Prediction>&)> take) {
  Predictor& model = predictor();
  DataOptions data = spec_.data;
  data.path = files;
  data.query.clear();
  TableRequest request;
  request.directory = config_.spec_directory;
  request.memory_limit = config_.memory_limit;
  request.codes = true;
  const std::unique_ptr<Table> table = open_table(data, request);
  return model.predict(pool_, *table, encode_options(), take);
}

}  // namespace kin
