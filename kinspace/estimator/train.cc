#include "kinspace/estimator/train.h"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/canned/recommender.h"
#include "kinspace/estimator/model_scorer.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/prepare.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/train_log.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/nn/apply.h"

namespace kin {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One run from its first or last checkpoint to its end.
class Trainer {
 public:
  Trainer(const RunOptions& options, TrainObserver& observer, ThreadPool& pool, std::unique_ptr<Prepared> prepared)
      : directory_(options.directory),
        spec_directory_(options.spec_directory),
        observer_(observer),
        pool_(pool),
        p_(std::move(prepared)),
        spec_json_(canonical_json(p_->spec)),
        store_(p_->spec.train.seed, p_->spec.train.optimizer),
        tape_(pool, p_->spec.train.seed),
        valid_cases_(p_->dataset.cases(Part::kValid)),
        metrics_(validation_metrics(p_->spec)) {}

  TrainResult run() {
    make_parameters();
    resume();
    p_->plan.resumed_at = state_.step;
    observer_.on_plan(p_->plan);
    if (state_.complete) return result(/*already_complete=*/true);
    write_origin(directory_, spec_directory_);
    vocabulary_files_ = save_vocabulary(directory_, p_->spec.head.target, p_->vocabulary);
    log_.emplace(directory_, state_.step);
    started_ = last_checkpoint_ = Clock::now();
    first_step_ = state_.step;
    while (!state_.complete) {
      train_step();
      const bool evaluation = at_evaluation();
      const bool evaluated = evaluation && evaluate();
      report(evaluated);
      const bool stop = !state_.complete && observer_.stop_requested();
      if (evaluated || state_.complete || stop || checkpoint_due()) {
        if (!evaluation) require_finite_weights();
        checkpoint();
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
    return {state_.step,
            state_.best_step,
            state_.stopped_early,
            already_complete,
            valid_cases_.empty() ? std::string() : metric_name(metrics_.front()),
            state_.best_value()};
  }

  static std::vector<Metric> validation_metrics(const Spec& spec) {
    return parse_metrics(std::vector<std::string>{spec.train.early_stop.metric});
  }

  std::int64_t total_steps() const noexcept { return p_->plan.steps; }
  std::int64_t steps_per_epoch() const noexcept {
    return (p_->examples->size() + p_->spec.train.batch - 1) / p_->spec.train.batch;
  }

  /// Runs the model once in each mode on the first batch: every parameter is made, every shape checked.
  void make_parameters() {
    p_->examples->fill(p_->spec.train.seed, 0, false, 0, p_->spec.train.batch, batch_);
    tape_.begin({.step = 0, .training = true});
    Step train(p_->context, store_, tape_, Mode::kTrain, batch_);
    const EstimatorSpec out = model_(train);
    if (p_->spec.model.item_bias == "popularity") start_at_log_popularity(*out.item_bias);
    tape_.begin({.step = 0, .training = false});
    Step predict(p_->context, store_, tape_, Mode::kPredict, batch_);
    model_(predict);
  }

  void start_at_log_popularity(Parameter& bias) const {
    const Vocabulary& vocabulary = p_->vocabulary;
    double total = 0;
    for (std::int64_t row = 0; row < vocabulary.size(); ++row) total += static_cast<double>(vocabulary.count(row));
    for (std::int64_t row = 0; row < vocabulary.size(); ++row) {
      *bias.row(row) = static_cast<float>(std::log(static_cast<double>(vocabulary.count(row)) / total));
    }
  }

  void resume() {
    state_.data_digest = p_->dataset.loaded.digest;
    if (!file_exists(directory_ + "/" + std::string(kCheckpointManifest))) return;
    const Manifest manifest = read_run_manifest(directory_, kCheckpointManifest);
    RunState saved = run_state_from_json(manifest.attributes, std::string(kCheckpointManifest));
    if (saved.data_digest != state_.data_digest) {
      throw Error::invalid_argument(
          fmt::format("{} was begun with other data than {} holds now", directory_, data_name(p_->spec.data)),
          "train into another directory, or bring the data back");
    }
    load_checkpoint(directory_, manifest, store_);
    state_ = std::move(saved);
  }

  void train_step() {
    const TrainOptions& train = p_->spec.train;
    const std::int64_t step = state_.step;
    const std::int64_t epoch = step / steps_per_epoch();
    const std::int64_t first = step % steps_per_epoch() * train.batch;
    p_->examples->fill(train.seed, epoch, train.shuffle, first, train.batch, batch_);

    tape_.begin({.step = step, .training = true});
    Step view(p_->context, store_, tape_, Mode::kTrain, batch_);
    const EstimatorSpec out = model_(view);
    loss_ = out.loss.scalar();
    require_finite(loss_);
    tape_.backward(out.loss);
    factor_ = rate_factor(train.schedule, step, total_steps());
    apply_gradients(tape_, store_,
                    {.step = step + 1, .rate_factor = factor_, .l2 = train.l2, .clip_norm = train.clip_norm});

    ++state_.step;
    loss_since_ += loss_;
    ++steps_since_;
    examples_ += batch_.size();
    state_.complete = state_.step >= total_steps();
  }

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
    if (state_.complete) return true;
    const auto every =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(p_->spec.train.evaluate_every *
                                                                         static_cast<double>(steps_per_epoch()))));
    return state_.step % every == 0;
  }

  /// Publishes the model if it is the best so far, or the latest where nothing is validated. True if a metric was
  /// taken.
  bool evaluate() {
    require_finite_weights();
    if (valid_cases_.empty()) {
      state_.best_step = state_.step;
      publish(std::nullopt);
      return false;
    }
    ModelScorer scorer(pool_, model_, p_->context, store_, p_->row_of_item);
    const Evaluation evaluation = evaluate_ranking(pool_, scorer, p_->dataset.training, valid_cases_, metrics_);
    const double value = figure_of(evaluation, 0);
    const bool best = state_.best_step == 0 || value > state_.best_value();
    state_.validation.push_back({state_.step, value});
    state_.since_best = best ? 0 : state_.since_best + 1;
    if (best) {
      state_.best_step = state_.step;
      publish(value);
    }
    const std::int64_t patience = p_->spec.train.early_stop.patience;
    if (patience > 0 && state_.since_best >= patience && !state_.complete) {
      state_.complete = state_.stopped_early = true;
    }
    return true;
  }

  void publish(std::optional<double> value) {
    ModelAttributes attributes;
    attributes.step = state_.step;
    attributes.dim = p_->plan.dim;
    attributes.negatives = p_->plan.negatives;
    attributes.groups = p_->dataset.training.groups;
    attributes.events = p_->dataset.training.events;
    attributes.metric = metric_name(metrics_.front());
    attributes.metric_value = value;
    attributes.data_digest = state_.data_digest;
    attributes.labels = !p_->vocabulary.labels().empty();
    publish_model(directory_, spec_json_, attributes, vocabulary_files_, store_);
  }

  bool checkpoint_due() const {
    const CheckpointOptions& options = p_->spec.train.checkpoint;
    return (options.steps > 0 && state_.step % options.steps == 0) ||
           (options.seconds > 0 && seconds_since(last_checkpoint_) >= options.seconds);
  }

  void checkpoint() {
    save_checkpoint(directory_, spec_json_, state_, store_);
    last_checkpoint_ = Clock::now();
  }

  void report(bool evaluated) {
    const bool power_of_two = (state_.step & (state_.step - 1)) == 0;
    const double elapsed = seconds_since(started_);
    const auto made = static_cast<double>(state_.step - first_step_);
    TrainProgress progress;
    progress.step = state_.step;
    progress.steps = total_steps();
    progress.epoch = static_cast<double>(state_.step) / static_cast<double>(steps_per_epoch());
    progress.loss = loss_;
    progress.loss_since = loss_since_ / static_cast<double>(steps_since_);
    progress.row = power_of_two || evaluated || state_.complete;
    progress.learning_rate = factor_ * static_cast<double>(store_.optimizer()->options().lr);
    progress.examples_per_second = static_cast<double>(examples_) / elapsed;
    progress.seconds_left = elapsed / made * static_cast<double>(total_steps() - state_.step);
    progress.checkpoint_age = seconds_since(last_checkpoint_);
    if (!state_.validation.empty()) progress.metric = state_.validation.back().value;
    progress.evaluated = evaluated;
    progress.last = state_.complete;
    if (progress.row) {
      log_->write(progress);
      loss_since_ = 0;
      steps_since_ = 0;
    }
    observer_.on_progress(progress);
  }

  std::string directory_;
  std::string spec_directory_;
  TrainObserver& observer_;
  ThreadPool& pool_;
  std::unique_ptr<Prepared> p_;
  std::string spec_json_;
  ModelFn model_ = recommender;
  ParameterStore store_;
  Tape tape_;
  ExampleBatch batch_;
  std::vector<Case> valid_cases_;
  std::vector<Metric> metrics_;
  std::vector<FileRecord> vocabulary_files_;
  RunState state_;
  std::optional<TrainLog> log_;

  Clock::time_point started_, last_checkpoint_;
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
  for (const std::string& line : differing_keys(stored, spec)) differences += "\n  " + line;
  if (differences.empty()) return;
  throw Error::invalid_argument(fmt::format("{} holds a run of another spec:{}", directory, differences),
                                "train into another directory, or undo the changes");
}

}  // namespace

TrainResult train(const Spec& spec, const RunOptions& options, TrainObserver& observer) {
  require_model(spec);
  make_directories(options.directory);
  const FileLock lock(options.directory + "/.lock");
  refuse_other_spec(spec, options.directory);
  ThreadPool pool(options.threads);
  Trainer trainer(options, observer, pool, prepare(spec, options, pool, observer));
  return trainer.run();
}

RunPlan plan_run(const Spec& spec, const RunOptions& options, TrainObserver& observer) {
  require_model(spec);
  ThreadPool pool(options.threads);
  return prepare(spec, options, pool, observer)->plan;
}

}  // namespace kin
