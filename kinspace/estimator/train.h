#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/estimator/step.h"
#include "kinspace/estimator/warm_start_settings.h"

namespace kin {

/// What a run will do and need, known before its first step.
struct RunPlan {
  std::int64_t rows_read = 0;  ///< of the data file
  std::int64_t bad_rows = 0;   ///< left out, as data.on_bad says
  std::int64_t events = 0;     ///< rows kept by `where`
  std::int64_t groups = 0;
  std::int64_t train_groups = 0, valid_groups = 0, test_groups = 0;
  std::int64_t train_events = 0;
  std::int64_t train_rows = 0, valid_rows = 0, test_rows = 0;  ///< of a table without histories
  std::int64_t columns = 0;                                    ///< likewise
  std::int64_t items = 0;          ///< rows of the vocabulary, the out-of-vocabulary row included
  std::int64_t dropped_items = 0;  ///< values below min_count or beyond max_size
  std::int64_t dim = 0;
  bool dim_by_rule = false;        ///< `dim` is the rule of thumb, not the user's choice
  std::int64_t negatives = 0;      ///< 0: full softmax
  bool negatives_by_cost = false;  ///< chosen by cost, not by the user
  double flop_per_example = 0;     ///< forward and backward
  std::int64_t parameters = 0;     ///< trainable numbers
  std::int64_t examples = 0;       ///< in an epoch
  std::int64_t steps = 0;          ///< of the whole run, without early stopping
  std::int64_t resumed_at = 0;     ///< step of the checkpoint that the run continues; 0: a fresh run
  std::uint64_t memory_bytes = 0;  ///< estimated peak
};

struct TrainProgress {
  std::int64_t step = 0, steps = 0;
  double epoch = 0;
  double loss = 0;        ///< of this step
  double loss_since = 0;  ///< mean over the steps since the last row
  bool row = false;       ///< worth a line: as train.log_every says, evaluations and the last step
  double learning_rate = 0;
  double examples_per_second = 0;
  double seconds_left = 0;
  double checkpoint_age = 0;             ///< seconds since the last checkpoint
  std::optional<double> metric;          ///< last value of the validation metric
  bool evaluated = false;                ///< `metric` is new
  std::vector<NamedValue> metrics = {};  ///< evaluated: all of them
  bool last = false;
};

/// Hears how a run goes; called from the thread that called train(). on_progress() comes after every step.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_plan(const RunPlan&) {}
  virtual void on_note(const std::string&) {}  ///< one line worth reading: a choice made, a warning
  virtual void on_progress(const TrainProgress&) {}
  virtual bool stop_requested() {
    return false;
  }  ///< asked after every step and while reading; true ends the run with a checkpoint
};

/// What a hook may look at. It is good for the call only.
struct StepView {
  std::int64_t step = 0;  ///< steps made
  double loss = 0;        ///< of the last of them; 0 before the first of a call
  const ParameterStore* parameters = nullptr;
};

/// Called around every step, from the thread that called train(). What a hook throws ends the run as an error does.
struct TrainHook {
  std::function<void(const StepView&)> before_step = {};
  std::function<bool(const StepView&)> after_step = {};  ///< true: the call ends here, as at its `max_steps`
};

/// What weights start from in place of random numbers: nothing; a file of tensors or a run, as train.warm_start.path of
/// a spec; or TensorFlow's settings, for the parameters by their names.
using WarmStartFrom = std::variant<std::monostate, std::string, WarmStartSettings>;

struct RunOptions {
  std::string directory;           ///< run directory, created when missing
  std::string spec_directory;      ///< where relative paths of the spec start
  std::string rejects = {};        ///< file that takes the rows that could not be read; empty: none
  int threads = 0;                 ///< 0: all processors
  std::uint64_t memory_limit = 0;  ///< bytes; 0: no limit

  // How far this call goes; a later one goes on from there. The run itself ends where its spec says. What depends on
  // the length of the run, such as a learning rate that falls, does not depend on these.
  std::int64_t steps = 0;      ///< so many more steps; 0: no limit
  std::int64_t max_steps = 0;  ///< up to this step of the run; nothing is done when it is reached; 0: no limit
  std::vector<TrainHook> hooks = {};

  /// Only where the directory holds no checkpoint yet; it is no part of the spec.
  WarmStartFrom warm_start_from = {};

  std::int64_t evaluate_steps = 0;  ///< in place of the spec's; 0: as the spec says
  std::vector<std::string> exports =
      {};  ///< beside the spec's train.export; anything but latest, best and final is none
};

struct TrainResult {
  std::int64_t step = 0;       ///< last step made
  std::int64_t best_step = 0;  ///< step of the published weights
  bool stopped_early = false;
  bool already_complete = false;  ///< nothing was left to do: the run is finished, or its max_steps are reached
  std::string stop_reason = {};   ///< stopped early: a sentence
  std::string metric;             ///< name of the validation metric, empty without validation cases
  double best_metric = 0;
  std::vector<NamedValue> metrics = {};   ///< of the last evaluation of this call
  std::vector<std::string> exports = {};  ///< directories that this call exported
};

/// Trains the model of `spec`, or a model function over its rows, into a run directory, or continues there.
///
/// Same spec, same data, same seed: the same bytes of the model, at any number of threads, on any instruction set, and
/// after any number of interruptions.
///
/// Errors   kInvalidArgument when the directory holds a run of another spec (naming the keys that differ) or of other
///          data; kBadData, kIo, kResourceLimit (before anything is allocated) and kDiverged (naming step and likely
///          cause; the last good checkpoint stays); kCancelled when the observer asked to stop: a checkpoint of the
///          last step is then on the disk. kInvalidArgument too for both `steps` and `max_steps`, or a negative one.
/// Threads  one call per run directory; a second one is refused by a lock file.
TrainResult train(const Spec& spec, const RunOptions& options, TrainObserver& observer, const ModelFn& model = {});

/// What train() would do: reads the data and fills the plan, but makes no parameter and writes nothing.
/// Errors: those of train() up to its first step.
RunPlan plan_run(const Spec& spec, const RunOptions& options, TrainObserver& observer, const ModelFn& model = {});

}  // namespace kin
