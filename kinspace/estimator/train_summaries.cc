#include "kinspace/estimator/train_summaries.h"

#include <utility>
#include <vector>

#include "kinspace/nn/apply.h"
#include "kinspace/tensor/value_summary.h"

namespace kin {
namespace {

ValueSummary summarize_weights(ThreadPool& pool, const Parameter& parameter) {
  if (parameter.precision() == Precision::kFp32) return summarize_values(pool, parameter.weights());
  const Matrix weights = parameter.stored().copy();
  return summarize_values(pool, weights.view());
}

}  // namespace

TrainSummaries::TrainSummaries(std::string directory, const TrainOptions& options, std::int64_t resumed_at)
    : directory_(std::move(directory)),
      summary_every_(options.summary_every),
      histogram_every_(options.histogram_every),
      options_{.start_step = resumed_at + 1},
      training_(directory_, options_) {}

void TrainSummaries::scalars(std::int64_t step, std::span<const EventScalar> values) {
  training_.scalars(step, values);
}

void TrainSummaries::histograms(std::int64_t step, ThreadPool& pool, Tape& tape, ParameterStore& store) {
  for (Parameter* parameter : store.all()) {
    training_.histogram(step, parameter->name(), summarize_weights(pool, *parameter).histogram);
    if (!parameter->trainable()) continue;
    const Matrix gradient = total_gradient(tape, *parameter);
    training_.histogram(step, "gradients/" + parameter->name(), summarize_values(pool, gradient.view()).histogram);
  }
}

void TrainSummaries::evaluation(std::int64_t step, std::span<const NamedValue> metrics) {
  if (!evaluation_) evaluation_ = std::make_unique<EventWriter>(directory_ + "/eval", options_);
  std::vector<EventScalar> values;
  for (const NamedValue& metric : metrics) values.push_back({metric.name, metric.value});
  evaluation_->scalars(step, values);
}

void TrainSummaries::flush() {
  training_.flush();
  if (evaluation_) evaluation_->flush();
}

}  // namespace kin
