#include "kinspace/estimator/train.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/checkpoint_list.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/early_stop.h"
#include "kinspace/estimator/exporters.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/train_log.h"
#include "kinspace/estimator/train_summaries.h"
#include "kinspace/estimator/training_task.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/nn/apply.h"

namespace kin {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What a model and a checkpoint store of their spec: all but what is watched.
Spec stored_spec(Spec spec) {
  const TrainOptions unwatched;
  spec.train.tensorboard = unwatched.tensorboard;
  spec.train.summary_every = unwatched.summary_every;
  spec.train.histogram_every = unwatched.histogram_every;
  return spec;
}

/// One run from its first or last checkpoint to its end, or to that of the call.
class Trainer {
 public:
  Trainer(const RunOptions& options, TrainObserver& observer, ThreadPool& pool, std::unique_ptr<TrainingTask> task)
      : directory_(options.directory),
        spec_directory_(options.spec_directory),
        options_(options),
        observer_(observer),
        pool_(pool),
        task_(std::move(task)),
        spec_json_(canonical_json(stored_spec(task_->spec()))),
        store_(settings().seed, settings().optimizer, settings().optimizers, settings().freeze,
               precision_named(settings().table_precision)),
        tape_(pool, settings().seed) {}

  TrainResult run() {
    const std::int64_t steps = options_.steps;
    const std::int64_t max_steps = options_.max_steps;
    make_parameters();
    if (!resume()) start_from_files();
    task_->plan().resumed_at = state_.step;
    limit_ = std::min(total_steps(), max_steps > 0 ? max_steps : steps > 0 ? state_.step + steps : total_steps());
    observer_.on_plan(task_->plan());
    if (state_.complete || state_.step >= limit_) return result(/*already_complete=*/true);
    open_files();
    if (nothing_to_train()) return publish_as_it_started();
    started_ = last_checkpoint_ = last_evaluation_ = Clock::now();
    first_step_ = state_.step;
    while (!ended_) {
      train_step();
      const bool evaluation = at_evaluation();
      const bool evaluated = evaluation && evaluate();
      report(evaluated);
      const bool stop = !ended_ && observer_.stop_requested();
      if (evaluated || ended_ || stop || checkpoint_due()) {
        if (!evaluation) require_finite_weights();
        checkpoint(evaluated);
      }
      if (stop) {
        throw Error::cancelled(fmt::format("stopped after step {}; its checkpoint is in {}", state_.step, directory_),
                               "the same command goes on from there");
      }
    }
    return result(/*already_complete=*/false);
  }

 private:
  TrainResult result(bool already_complete) const {
    TrainResult result;
    result.step = state_.step;
    result.best_step = state_.best_step;
    result.stopped_early = state_.stopped_early;
    result.already_complete = already_complete;
    if (state_.stopped_early) result.stop_reason = reason_to_end().value_or("");
    if (task_->validates()) result.metric = task_->metric();
    result.best_metric = state_.best_value();
    result.metrics = metrics_;
    result.exports = exported_;
    return result;
  }

  bool nothing_to_train() {
    const std::vector<Parameter*> all = store_.all();
    return std::none_of(all.begin(), all.end(), [](const Parameter* parameter) { return parameter->trainable(); });
  }

  bool starts_from_file() const {
    return !settings().warm_start.path.empty() || !std::holds_alternative<std::monostate>(options_.warm_start_from);
  }

  /// A model of other people's parameters, measured and published without a step.
  TrainResult publish_as_it_started() {
    ended_ = state_.complete = true;
    checkpoint(evaluate());
    return result(/*already_complete=*/false);
  }

  const TrainOptions& settings() const noexcept { return task_->spec().train; }
  std::int64_t total_steps() const noexcept { return task_->plan().steps; }
  std::int64_t steps_per_epoch() const noexcept { return (task_->size() + settings().batch - 1) / settings().batch; }

  std::optional<std::string> reason_to_end() const {
    return early_stop_reason(settings().early_stop, task_->metric_rises(), state_.validation);
  }

  /// Everything that a run writes beside its checkpoints and its model.
  void open_files() {
    write_origin(directory_, spec_directory_);
    files_ = task_->save_files(directory_);
    log_.emplace(directory_, state_.step);
    if (settings().tensorboard) summaries_.emplace(directory_, settings(), state_.step);
    checkpoints_.emplace(directory_, settings().checkpoint, task_->metric_rises(), state_.step);
    if (!settings().exports.empty() || !options_.exports.empty()) {
      exporters_.emplace(directory_, settings().export_keep, state_.step);
    }
    const EarlyStopOptions& stop = settings().early_stop;
    const bool rules = stop.patience > 0 || stop.no_improvement_steps > 0 || !stop.above.empty() || !stop.below.empty();
    if (!task_->validates() && (rules || settings().checkpoint.keep_best > 0 || exports("best"))) {
      observer_.on_note("nothing is held out to validate on, so no model is the best and training does not stop early");
    }
  }

  /// Runs the model once in each mode on the first batch: every parameter is made, every shape checked.
  void make_parameters() {
    task_->fill(0, 0);
    tape_.begin({.step = 0, .training = true, .dry = true});
    task_->initialize(store_, task_->run(store_, tape_, Mode::kTrain));
    for (const Mode mode : {Mode::kEval, Mode::kPredict}) {
      tape_.begin({.step = 0, .training = false, .dry = true});
      const EstimatorSpec out = task_->run(store_, tape_, mode);
      if (mode == Mode::kEval) task_->check_metrics(out);
    }
    const std::vector<Parameter*> all = store_.all();
    if (nothing_to_train() && !starts_from_file()) {
      throw Error::invalid_argument("train.freeze leaves no parameter to train",
                                    "freeze fewer, or name what the model starts from: train.warm_start.path");
    }
    const std::vector<std::string> idle = store_.idle_patterns();
    if (idle.empty()) return;
    std::string names;
    for (const Parameter* parameter : all) names += (names.empty() ? "" : ", ") + parameter->name();
    throw Error::invalid_argument(
        fmt::format("train.optimizers or train.freeze: no parameter matches {}", quoted(idle.front())),
        "the parameters are: " + names);
  }

  void start_from_files() {
    const ParameterKeys keys = task_->keys();
    const auto say = [&](const WarmStartReport& report) {
      for (const std::string& line : report_lines(report)) observer_.on_note(line);
    };
    if (!settings().warm_start.path.empty()) {
      const WarmStartReport report = warm_start(settings().warm_start, spec_directory_, keys, store_);
      state_.slot_steps = report.slot_steps;
      say(report);
    }
    if (const auto* path = std::get_if<std::string>(&options_.warm_start_from)) {
      WarmStartOptions whole;
      whole.path = *path;
      say(warm_start(whole, spec_directory_, keys, store_));
    } else if (const auto* chosen = std::get_if<WarmStartSettings>(&options_.warm_start_from)) {
      say(warm_start(*chosen, warm_variables(store_)));
    }
    for (const WarmStartReport& report : load_embeddings(task_->spec().columns, spec_directory_, keys, store_))
      say(report);
  }

  /// Whether the directory held a checkpoint, which the run goes on from.
  bool resume() {
    state_.data_digest = task_->data_digest();
    if (!file_exists(directory_ + "/" + std::string(kCheckpointManifest))) return false;
    const Manifest manifest = read_run_manifest(directory_, kCheckpointManifest);
    RunState saved = run_state_from_json(manifest.attributes, std::string(kCheckpointManifest));
    if (saved.data_digest != state_.data_digest) {
      throw Error::invalid_argument(
          fmt::format("{} was begun with other data than {} holds now", directory_, data_name(task_->spec().data)),
          "train into another directory, or bring the data back");
    }
    load_checkpoint(directory_, manifest, store_);
    state_ = std::move(saved);
    return true;
  }

  void train_step() {
    const TrainOptions& train = settings();
    const std::int64_t step = state_.step;
    for (const TrainHook& hook : options_.hooks) {
      if (hook.before_step) hook.before_step(view());
    }
    const std::int64_t size = task_->fill(step / steps_per_epoch(), step % steps_per_epoch() * train.batch);

    tape_.begin({.step = step, .training = true, .precision = precision_named(train.precision)});
    const EstimatorSpec out = task_->run(store_, tape_, Mode::kTrain);
    loss_ = out.loss.scalar();
    require_finite(loss_);
    tape_.backward(out.loss);
    if (summaries_ && summaries_->wants_histograms(step + 1)) summaries_->histograms(step + 1, pool_, tape_, store_);
    factor_ = rate_factor(train.schedule, step, total_steps());
    apply_gradients(
        tape_, store_,
        {.step = state_.slot_steps + step + 1, .rate_factor = factor_, .l2 = train.l2, .clip_norm = train.clip_norm});

    ++state_.step;
    loss_since_ += loss_;
    ++steps_since_;
    examples_ += size;
    state_.complete = state_.step >= total_steps();
    ended_ = state_.step >= limit_;
    for (const TrainHook& hook : options_.hooks) {
      if (hook.after_step && hook.after_step(view())) ended_ = true;
    }
  }

  StepView view() const { return {state_.step, loss_, &store_}; }

  void require_finite(float loss) const {
    if (std::isfinite(loss)) return;
    throw Error::diverged(
        fmt::format(
            "training diverged at step {}: the loss is {}; the likely cause is a learning rate that is too high "
            "(train.optimizer.lr = {})",
            state_.step + 1, loss, store_.optimizer()->options().lr),
        "lower train.optimizer.lr, add train.schedule.warmup_steps or train.clip_norm; the last good checkpoint, if "
        "any, "
        "is still there");
  }

  /// Asked before anything is written: no NaN reaches a file.
  void require_finite_weights() const {
    if (!store_.all_finite(pool_)) require_finite(std::numeric_limits<float>::quiet_NaN());
  }

  bool at_evaluation() const {
    if (ended_) return true;
    const TrainOptions& train = settings();
    if (train.evaluate_seconds > 0 && seconds_since(last_evaluation_) >= train.evaluate_seconds) return true;
    const std::int64_t by_steps = options_.evaluate_steps > 0 ? options_.evaluate_steps : train.evaluate_steps;
    const double by_epochs = train.evaluate_every * static_cast<double>(steps_per_epoch());
    const std::int64_t every = by_steps > 0 ? by_steps : std::max<std::int64_t>(1, std::llround(by_epochs));
    return state_.step % every == 0;
  }

  /// Publishes the model if it is the best so far, or the latest where nothing is validated. True if metrics were
  /// taken.
  bool evaluate() {
    require_finite_weights();
    last_evaluation_ = Clock::now();
    if (!task_->validates()) {
      state_.best_step = state_.step;
      publish(directory_, files_, std::nullopt);
      export_models(/*best=*/false, std::nullopt);
      return false;
    }
    metrics_ = task_->validate(pool_, store_);
    const double value = deciding_value();
    const bool best = state_.best_step == 0 || is_better(value, state_.best_value(), task_->metric_rises());
    state_.validation.push_back({state_.step, value});
    if (best) {
      state_.best_step = state_.step;
      publish(directory_, files_, value);
    }
    if (!state_.complete && reason_to_end()) ended_ = state_.complete = state_.stopped_early = true;
    export_models(best, value);
    return true;
  }

  double deciding_value() const {
    const std::string wanted = task_->metric();
    const auto found =
        std::find_if(metrics_.begin(), metrics_.end(), [&](const NamedValue& m) { return m.name == wanted; });
    if (found == metrics_.end()) throw Error::internal("the evaluation lacks " + quoted(wanted));
    return found->value;
  }

  bool exports(const char* name) const {
    const auto in = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    return in(settings().exports) || in(options_.exports);
  }

  void export_models(bool best, std::optional<double> value) {
    for (const auto& [name, due] : {std::pair{"latest", true}, {"best", best}, {"final", ended_}}) {
      if (!due || !exports(name)) continue;
      exported_.push_back(exporters_->add(name, state_.step, [&](const std::string& directory) {
        publish(directory, task_->save_files(directory), value);
      }));
    }
  }

  void publish(const std::string& directory, const std::vector<FileRecord>& files, std::optional<double> value) {
    ModelAttributes attributes = task_->attributes();
    attributes.step = state_.step;
    attributes.metric = task_->metric();
    if (value && std::isfinite(*value)) attributes.metric_value = value;
    attributes.data_digest = state_.data_digest;
    publish_model(directory, spec_json_, attributes, files, store_);
  }

  bool checkpoint_due() const {
    const CheckpointOptions& due = settings().checkpoint;
    return (due.steps > 0 && state_.step % due.steps == 0) ||
           (due.seconds > 0 && seconds_since(last_checkpoint_) >= due.seconds);
  }

  void checkpoint(bool evaluated) {
    if (summaries_) summaries_->flush();
    const std::optional<double> metric = evaluated ? std::optional(state_.validation.back().value) : std::nullopt;
    save_checkpoint(directory_, spec_json_, state_, store_, checkpoints_->add(state_.step, metric));
    last_checkpoint_ = Clock::now();
  }

  void report(bool evaluated) {
    const std::int64_t every = settings().log_every;
    const bool due = every > 0 ? state_.step % every == 0 : (state_.step & (state_.step - 1)) == 0;
    const double elapsed = seconds_since(started_);
    const auto made = static_cast<double>(state_.step - first_step_);
    TrainProgress progress;
    progress.step = state_.step;
    progress.steps = limit_;
    progress.epoch = static_cast<double>(state_.step) / static_cast<double>(steps_per_epoch());
    progress.loss = loss_;
    progress.loss_since = loss_since_ / static_cast<double>(steps_since_);
    progress.row = due || evaluated || ended_;
    progress.learning_rate = store_.optimizer()->rate(factor_);
    progress.examples_per_second = static_cast<double>(examples_) / elapsed;
    progress.seconds_left = elapsed / made * static_cast<double>(limit_ - state_.step);
    progress.checkpoint_age = seconds_since(last_checkpoint_);
    if (!state_.validation.empty()) progress.metric = state_.validation.back().value;
    progress.evaluated = evaluated;
    if (evaluated) progress.metrics = metrics_;
    progress.last = ended_;
    summarize(progress);
    if (progress.row) {
      log_->write(progress);
      loss_since_ = 0;
      steps_since_ = 0;
    }
    observer_.on_progress(progress);
  }

  void summarize(const TrainProgress& progress) {
    if (!summaries_) return;
    if (summaries_->wants_scalars(progress.step)) {
      const EventScalar values[] = {{"loss", progress.loss},
                                    {"learning_rate", progress.learning_rate},
                                    {"examples_per_second", progress.examples_per_second}};
      summaries_->scalars(progress.step, values);
    }
    if (progress.evaluated) summaries_->evaluation(progress.step, progress.metrics);
  }

  std::string directory_;
  std::string spec_directory_;
  const RunOptions& options_;
  TrainObserver& observer_;
  ThreadPool& pool_;
  std::unique_ptr<TrainingTask> task_;
  std::string spec_json_;
  ParameterStore store_;
  Tape tape_;
  std::vector<FileRecord> files_;
  RunState state_;
  std::optional<TrainLog> log_;
  std::optional<TrainSummaries> summaries_;
  std::optional<CheckpointList> checkpoints_;
  std::optional<Exporters> exporters_;

  std::vector<NamedValue> metrics_;    // of the last evaluation
  std::vector<std::string> exported_;  // directories
  std::int64_t limit_ = 0;             // step at which the call ends
  bool ended_ = false;                 // the call has
  Clock::time_point started_, last_checkpoint_, last_evaluation_;
  std::int64_t first_step_ = 0;
  std::int64_t examples_ = 0;
  double factor_ = 1;
  double loss_ = 0;
  double loss_since_ = 0;
  std::int64_t steps_since_ = 0;
};

void require_model(const Spec& spec) {
  if (spec.model.kind != "none") return;
  throw Error::invalid_argument("model.kind is \"none\": the spec only describes columns, there is nothing to train",
                                "for a recommender name the column of the users: data.group_by = \"userId\"");
}

/// Refuses a directory that holds a run of another spec.
void refuse_other_spec(const Spec& spec, const std::string& directory) {
  if (!file_exists(directory + "/" + std::string(kCheckpointManifest))) return;
  const Manifest manifest = read_run_manifest(directory, kCheckpointManifest);
  // The stored dimension may be the rule's; a spec that leaves it open agrees with any.
  Spec stored = spec_from_json(manifest.spec);
  const auto asked = spec.columns.find(stored.head.target);
  const EmbedOptions* embed = asked == spec.columns.end() ? nullptr : embed_options(asked->second);
  if (embed != nullptr && embed->dim == 0) target_column(stored).embed.dim = 0;
  std::string differences;
  for (const std::string& line : differing_keys(stored, stored_spec(spec))) differences += "\n  " + line;
  if (differences.empty()) return;
  throw Error::invalid_argument(fmt::format("{} holds a run of another spec:{}", directory, differences),
                                "train into another directory, or undo the changes");
}

std::unique_ptr<TrainingTask> make_task(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                        TrainObserver& observer, const ModelFn& model) {
  if (is_recommender(spec)) return recommender_task(spec, options, pool, observer);
  return row_task(spec, options, pool, observer, model);
}

}  // namespace

TrainResult train(const Spec& spec, const RunOptions& options, TrainObserver& observer, const ModelFn& model) {
  require_model(spec);
  if (options.steps < 0 || options.max_steps < 0 || (options.steps > 0 && options.max_steps > 0)) {
    throw Error::invalid_argument(
        fmt::format("[train] steps {}, max_steps {}; one of them above 0, or both 0, is needed", options.steps,
                    options.max_steps),
        "steps adds to the step reached, max_steps is that of the run");
  }
  if (options.warm_start_from.index() != 0 && !spec.train.warm_start.path.empty()) {
    throw Error::invalid_argument("[train] warm_start_from and train.warm_start of the spec exclude each other",
                                  "say it in one place");
  }
  make_directories(options.directory);
  const FileLock lock(options.directory + "/.lock");
  remove_unfinished_files(options.directory);
  refuse_other_spec(spec, options.directory);
  ThreadPool pool(options.threads);
  Trainer trainer(options, observer, pool, make_task(spec, options, pool, observer, model));
  return trainer.run();
}

RunPlan plan_run(const Spec& spec, const RunOptions& options, TrainObserver& observer, const ModelFn& model) {
  require_model(spec);
  ThreadPool pool(options.threads);
  return make_task(spec, options, pool, observer, model)->plan();
}

}  // namespace kin
