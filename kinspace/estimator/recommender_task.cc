#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/ahead.h"
#include "kinspace/estimator/canned/recommender.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/model_scorer.h"
#include "kinspace/estimator/prepare.h"
#include "kinspace/estimator/training_task.h"

namespace kin {
namespace {

std::string deciding_metric(const Spec& spec) {
  return metric_name(parse_metrics(std::vector<std::string>{spec.train.early_stop.metric}).front());
}

/// Those of the spec, and the one that decides.
std::vector<std::string> validation_metrics(const Spec& spec) {
  std::vector<std::string> names = spec.eval.metrics;
  const std::string deciding = deciding_metric(spec);
  if (std::find(names.begin(), names.end(), deciding) == names.end()) names.push_back(deciding);
  return names;
}

class RecommenderTask final : public TrainingTask {
 public:
  RecommenderTask(std::unique_ptr<Prepared> prepared, ThreadPool& pool)
      : p_(std::move(prepared)),
        valid_cases_(p_->dataset.cases(Part::kValid)),
        metrics_(parse_metrics(validation_metrics(p_->spec))),
        ahead_(pool, [this](const BatchPlace& place, ExampleBatch& out) {
          const TrainOptions& train = p_->spec.train;
          p_->examples->fill(train.seed, place.epoch, train.shuffle, place.first, train.batch, out);
        }) {}

  const Spec& spec() const noexcept override { return p_->spec; }
  RunPlan& plan() noexcept override { return p_->plan; }
  const std::string& data_digest() const noexcept override { return p_->dataset.loaded.digest; }
  std::int64_t size() const noexcept override { return p_->examples->size(); }

  std::int64_t fill(std::int64_t epoch, std::int64_t first) override {
    const BatchPlace place{epoch, first};
    batch_ = &ahead_.get(place, place.next(size(), p_->spec.train.batch));
    return batch_->size();
  }

  EstimatorSpec run(ParameterStore& store, Tape& tape, Mode mode) override {
    Step step(p_->context, store, tape, mode, *batch_);
    return model_(step);
  }

  ParameterKeys keys() const override {
    ParameterKeys keys;
    keys.vocabulary = [this](const std::string& parameter) -> const Vocabulary* {
      const bool of_items = parameter.ends_with("/embedding") || parameter == p_->spec.head.target + "/bias";
      return of_items ? &p_->vocabulary : nullptr;
    };
    return keys;
  }

  void initialize(ParameterStore& /*store*/, const EstimatorSpec& out) override {
    if (p_->spec.model.item_bias != "popularity") return;
    const Vocabulary& vocabulary = p_->vocabulary;
    double total = 0;
    for (std::int64_t row = 0; row < vocabulary.size(); ++row) total += static_cast<double>(vocabulary.count(row));
    for (std::int64_t row = 0; row < vocabulary.size(); ++row) {
      *out.item_bias->row(row) = static_cast<float>(std::log(static_cast<double>(vocabulary.count(row)) / total));
    }
  }

  bool validates() const noexcept override { return !valid_cases_.empty(); }
  std::string metric() const override { return deciding_metric(p_->spec); }
  bool metric_rises() const override { return true; }

  std::vector<NamedValue> validate(ThreadPool& pool, ParameterStore& store) override {
    ModelScorer scorer(pool, model_, p_->context, store, p_->row_of_item);
    const Evaluation found = evaluate_ranking(pool, scorer, p_->dataset.training, valid_cases_, metrics_);
    std::vector<NamedValue> values;
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      values.push_back({metric_name(metrics_[m]), figure_of(found, static_cast<std::int64_t>(m))});
    }
    return values;
  }

  std::vector<FileRecord> save_files(const std::string& directory) override {
    return save_vocabulary(directory, p_->spec.head.target, p_->vocabulary);
  }

  ModelAttributes attributes() const override {
    ModelAttributes attributes;
    attributes.dim = p_->plan.dim;
    attributes.negatives = p_->plan.negatives;
    attributes.groups = p_->dataset.training.groups;
    attributes.events = p_->dataset.training.events;
    attributes.labels = !p_->vocabulary.labels().empty();
    return attributes;
  }

 private:
  std::unique_ptr<Prepared> p_;
  ModelFn model_ = recommender;
  std::vector<Case> valid_cases_;
  std::vector<Metric> metrics_;
  const ExampleBatch* batch_ = nullptr;
  Ahead<BatchPlace, ExampleBatch> ahead_;  // last: its work uses the others
};

}  // namespace

std::unique_ptr<TrainingTask> recommender_task(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                               TrainObserver& observer) {
  return std::make_unique<RecommenderTask>(prepare(spec, options, pool, observer), pool);
}

}  // namespace kin
