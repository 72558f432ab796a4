#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "kinspace/estimator/head.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/formats/event_file.h"
#include "kinspace/nn/parameters.h"
#include "kinspace/nn/tape.h"

namespace kin {

/// What a training shows in TensorBoard: event files in its run directory, and in eval/ below it those of its
/// evaluations. Nothing of the training depends on them.
///
/// Steps    the first, and every so many after it: 1, 101, 201, ... as TensorFlow's save_summary_steps has them; a
///          value is that of the weights before the step. A resumed run repeats none.
/// Threads  one.
class TrainSummaries {
 public:
  /// `resumed_at` is the number of steps that were made before. Errors   kIo.
  TrainSummaries(std::string directory, const TrainOptions& options, std::int64_t resumed_at);

  /// Whether values, or histograms, of that step are wanted.
  bool wants_scalars(std::int64_t step) const noexcept { return (step - 1) % summary_every_ == 0; }
  bool wants_histograms(std::int64_t step) const noexcept {
    return histogram_every_ > 0 && (step - 1) % histogram_every_ == 0;
  }

  void scalars(std::int64_t step, std::span<const EventScalar> values);

  /// Every parameter by its name, and what is trained as gradients/NAME too. To be called between backward() and the
  /// update. Cost   two passes over every table, and its size in memory.
  void histograms(std::int64_t step, ThreadPool& pool, Tape& tape, ParameterStore& store);

  void evaluation(std::int64_t step, std::span<const NamedValue> metrics);

  /// Before a checkpoint is published: a run that goes on from there then lacks no step. Errors   kIo.
  void flush();

 private:
  std::string directory_;
  std::int64_t summary_every_;
  std::int64_t histogram_every_;
  EventWriterOptions options_;
  EventWriter training_;
  std::unique_ptr<EventWriter> evaluation_;  // made when first needed
};

}  // namespace kin
