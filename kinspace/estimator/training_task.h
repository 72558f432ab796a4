#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/step.h"
#include "kinspace/estimator/train.h"
#include "kinspace/estimator/warm_start.h"
#include "kinspace/formats/manifest.h"

namespace kin {

/// Where a batch starts: at example `first` of an epoch.
struct BatchPlace {
  std::int64_t epoch = 0;
  std::int64_t first = 0;

  /// Where the batch after it does, of `batch` examples, in epochs of `size`.
  BatchPlace next(std::int64_t size, std::int64_t batch) const noexcept {
    return first + batch < size ? BatchPlace{epoch, first + batch} : BatchPlace{epoch + 1, 0};
  }
  bool operator==(const BatchPlace&) const = default;
};

/// What a training loop needs to know of what it trains: examples, a model function over them, and how well it does.
/// The loop itself (train.cc) knows neither histories nor tables.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;

  virtual const Spec& spec() const noexcept = 0;  ///< as given, with what followed from the data
  virtual RunPlan& plan() noexcept = 0;
  virtual const std::string& data_digest() const noexcept = 0;

  /// Examples of an epoch.
  virtual std::int64_t size() const noexcept = 0;

  /// Makes examples first, first + 1, ... of an epoch the batch, at most spec().train.batch; returns how many.
  virtual std::int64_t fill(std::int64_t epoch, std::int64_t first) = 0;

  /// Runs the model function on that batch.
  virtual EstimatorSpec run(ParameterStore& store, Tape& tape, Mode mode) = 0;

  /// What a warm start joins rows by.
  virtual ParameterKeys keys() const = 0;

  /// After the first run of the model function: starts what does not start from random numbers.
  virtual void initialize(ParameterStore& /*store*/, const EstimatorSpec& /*out*/) {}

  /// Whether there is something to validate on, and which metric decides.
  virtual bool validates() const noexcept = 0;
  virtual std::string metric() const = 0;
  virtual bool metric_rises() const = 0;

  /// Refuses metrics that validate() will not have; `eval` is what the model function made of a batch in kEval mode.
  /// Errors   kInvalidArgument, with those that there are.
  virtual void check_metrics(const EstimatorSpec& /*eval*/) const {}

  /// All metrics on the validation part.
  virtual std::vector<NamedValue> validate(ThreadPool& pool, ParameterStore& store) = 0;

  /// Writes what a model of this run keeps beside its weights. Errors   kIo.
  virtual std::vector<FileRecord> save_files(const std::string& directory) = 0;

  virtual ModelAttributes attributes() const = 0;
};

/// The task of a spec; `model` is a model function in place of the canned one. Errors   those of train() up to its
/// first step.
std::unique_ptr<TrainingTask> recommender_task(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                               TrainObserver& observer);
std::unique_ptr<TrainingTask> row_task(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                       TrainObserver& observer, ModelFn model);

}  // namespace kin
