#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/split.h"
#include "kinspace/data/table.h"
#include "kinspace/estimator/predictor.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/step.h"
#include "kinspace/estimator/train.h"

namespace kin {

/// Where and how an Estimator runs. What is absent is as the spec says; the names are those of tf.estimator.RunConfig.
struct RunConfig {
  std::string directory;              ///< run directory, created when missing; TensorFlow's model_dir
  std::string spec_directory = {};    ///< where relative paths of the spec start
  int threads = 0;                    ///< 0: all processors
  std::uint64_t memory_limit = 0;     ///< bytes; 0: no limit
  TrainObserver* observer = nullptr;  ///< hears how training goes; must outlive the estimator
  /// What the first train() of an empty directory starts from (train.h): a path, whose rows are joined by key and which
  /// may have TensorFlow's names, or TensorFlow's WarmStartSettings with the names of the parameters here.
  WarmStartFrom warm_start_from = {};

  std::optional<std::uint64_t> tf_random_seed = {};          ///< train.seed
  std::optional<std::int64_t> save_checkpoints_steps = {};   ///< train.checkpoint.steps
  std::optional<double> save_checkpoints_secs = {};          ///< train.checkpoint.seconds
  std::optional<std::int64_t> keep_checkpoint_max = {};      ///< train.checkpoint.keep
  std::optional<double> keep_checkpoint_every_n_hours = {};  ///< train.checkpoint.every_hours
  std::optional<std::int64_t> save_summary_steps = {};       ///< train.summary_every, and event files; 0: none
  std::optional<std::int64_t> log_step_count_steps = {};     ///< train.log_every
};

/// How far to train. Without a limit, to the end of the run: its epochs, or train.max_steps of its spec.
struct TrainSpec {
  std::int64_t steps = 0;      ///< adds to the step reached; 0: no limit
  std::int64_t max_steps = 0;  ///< a step of the run: nothing is done when it is reached; 0: no limit
  std::vector<TrainHook> hooks = {};
};

/// What to evaluate on.
struct EvalSpec {
  Part part = Part::kValid;             ///< of the spec's data
  std::vector<std::string> files = {};  ///< all rows of these instead, read as the spec's data are
  std::int64_t steps = 0;               ///< the first so many batches; 0: all
  /// Columns to slice by (evaluate.h); absent: eval.slice of the spec.
  std::optional<std::vector<std::string>> slice = {};
  std::int64_t max_slices = 20;  ///< as in RowEvaluateOptions
  // Of train_and_evaluate(), which evaluates on the validation part, all of it.
  std::int64_t every_steps = 0;             ///< steps between evaluations; 0: as the spec says
  std::vector<std::string> exporters = {};  ///< latest, best, final: beside those of the spec
};

/// A model over rows in its run directory: trained, evaluated and asked. A recommender is trained like any other; Model
/// (model.h) and evaluate.h ask it.
///
///   kin::Estimator estimator(model_fn, kin::read_spec("rides.toml"), {.directory = "run"});
///   estimator.train({.max_steps = 1000});
///   for (const kin::NamedValue& metric : estimator.evaluate({.part = kin::Part::kTest}).metrics) ...
///
/// State    all of it lies in the directory: another Estimator of the same spec goes on there. Weights are those that
///          train() published: of the best evaluation, of the last where nothing is validated.
/// Errors   those of train() and Predictor. evaluate() and predict() throw kIo before anything was trained: never does
///          a model with random weights answer.
/// Threads  one at a time.
class Estimator {
 public:
  /// The canned model that the spec names. Errors   kInvalidArgument for a spec or a setting that is impossible, and
  /// without a directory.
  Estimator(Spec spec, RunConfig config);
  /// A model function, such as estimator_from(network) makes of layers; the spec says everything but the network.
  Estimator(ModelFn model, Spec spec, RunConfig config);

  const Spec& spec() const noexcept { return spec_; }

  /// Goes on from the newest checkpoint. Before the first step every mode of the model function is tried on a batch.
  TrainResult train(const TrainSpec& spec = {});

  RowEvaluation evaluate(const EvalSpec& spec = {});

  /// The rows of files, read as the spec's data are, in batches in their order.
  EncodeCounts predict(const std::vector<std::string>& files,
                       FunctionRef<void(std::int64_t rows, const std::vector<Prediction>&)> take);

  /// The trained model, loaded once and kept until train() publishes another.
  Predictor& predictor();

  ThreadPool& pool() noexcept { return pool_; }

 private:
  friend TrainResult train_and_evaluate(Estimator& estimator, const TrainSpec& train_spec, const EvalSpec& eval_spec);

  TrainResult run(const TrainSpec& train_spec, const EvalSpec& eval_spec);
  EncodeOptions encode_options() const;

  ModelFn model_;
  Spec spec_;
  RunConfig config_;
  ThreadPool pool_;
  std::optional<Predictor> predictor_;
};

/// Trains, evaluates on the validation part as it goes and at the end, and exports. The result holds the metrics of the
/// last evaluation and the directories of the exports; neither when there was nothing left to do.
TrainResult train_and_evaluate(Estimator& estimator, const TrainSpec& train_spec, const EvalSpec& eval_spec = {});

}  // namespace kin
