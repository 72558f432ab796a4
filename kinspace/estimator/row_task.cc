#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/ahead.h"
#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/canned/row_models.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/row_data.h"
#include "kinspace/estimator/slices.h"
#include "kinspace/estimator/training_task.h"

namespace kin {
namespace {

/// Trains a model function over the rows of a table.
class RowTask final : public TrainingTask {
 public:
  RowTask(const Spec& spec, RowData data, ThreadPool& pool, ModelFn model)
      : spec_(spec),
        pool_(pool),
        data_(std::move(data)),
        custom_(model != nullptr),
        model_(model ? std::move(model) : row_model(spec)),
        train_rows_(data_.rows(Part::kTrain)),
        valid_rows_(data_.rows(Part::kValid)),
        ahead_(pool, [this](const BatchPlace& place, Filled& out) { fill(place, out); }) {
    context_.spec = &spec_;
    context_.encoder = &data_.encoded.encoder;
    context_.head = data_.head.get();
    if (train_rows_.empty()) {
      throw Error::bad_data(fmt::format("{}: no row to train on is left", data_name(spec_.data)),
                            "check data.where and the split");
    }
    if (!custom_) check_metrics({});
    fill_plan();
  }

  const Spec& spec() const noexcept override { return spec_; }
  RunPlan& plan() noexcept override { return plan_; }
  const std::string& data_digest() const noexcept override { return data_.encoded.counts.digest; }
  std::int64_t size() const noexcept override { return static_cast<std::int64_t>(train_rows_.size()); }

  std::int64_t fill(std::int64_t epoch, std::int64_t first) override {
    const BatchPlace place{epoch, first};
    filled_ = &ahead_.get(place, place.next(size(), spec_.train.batch));
    return filled_->batch.rows;
  }

  EstimatorSpec run(ParameterStore& store, Tape& tape, Mode mode) override {
    Step step(context_, store, tape, mode, filled_->batch, filled_->labels);
    return model_(step);
  }

  ParameterKeys keys() const override {
    const Encoder& encoder = data_.encoded.encoder;
    ParameterKeys keys;
    keys.vocabulary = [&](const std::string& parameter) { return encoder.vocabulary(column_of(parameter)); };
    keys.tf = tf_parameters(spec_, encoder);
    return keys;
  }

  void initialize(ParameterStore& store, const EstimatorSpec& /*out*/) override {
    if (!spec_.model.prior_bias) return;
    for (const char* name : {"logits/bias", "linear/bias", "baseline/bias"}) {
      Parameter* const bias = store.find(name);
      if (bias == nullptr || bias->dim() != data_.head->logits()) continue;
      const std::vector<float> start = prior();
      std::copy(start.begin(), start.end(), bias->row(0));
      return;
    }
  }

  bool validates() const noexcept override { return !valid_rows_.empty(); }
  std::string metric() const override { return spec_.train.early_stop.metric; }
  bool metric_rises() const override { return !falls(metric()); }

  void check_metrics(const EstimatorSpec& eval) const override {
    std::vector<NamedValue> known = data_.head->metrics(spec_.eval.metrics)->result();
    for (const NamedVar& own : eval.metrics) known.push_back({own.name});
    const bool there = std::any_of(known.begin(), known.end(), [&](const NamedValue& m) { return m.name == metric(); });
    if (!there) throw no_such_metric("train.early_stop.metric", metric(), known, data_.head->extra_metrics());
  }

  std::vector<NamedValue> validate(ThreadPool& pool, ParameterStore& store) override {
    Tape tape(pool, spec_.train.seed);
    return evaluate_rows(model_, context_, store, tape, data_, valid_rows_, spec_.train.batch, spec_.eval.metrics);
  }

  std::vector<FileRecord> save_files(const std::string& directory) override {
    return save_vocabularies(directory, data_.encoded.encoder.learned());
  }

  ModelAttributes attributes() const override {
    ModelAttributes attributes;
    attributes.events = size();
    attributes.custom = custom_;
    attributes.learned = fitted_numbers_json(data_.encoded.encoder.learned());
    return attributes;
  }

 private:
  struct Filled {
    std::vector<std::int64_t> rows;
    EncodedBatch batch;
    std::vector<HeadLabels> labels;  // of `batch`
  };

  void fill(const BatchPlace& place, Filled& out) {
    const TrainOptions& train = spec_.train;
    const std::int64_t last = std::min(size(), place.first + train.batch);
    out.rows.clear();
    const Permutation permutation(static_cast<std::uint64_t>(size()), train.seed, Purpose::kShuffle,
                                  static_cast<std::uint64_t>(place.epoch));
    for (std::int64_t i = place.first; i < last; ++i) {
      const auto row = static_cast<std::size_t>(train.shuffle ? permutation(static_cast<std::uint64_t>(i))
                                                              : static_cast<std::uint64_t>(i));
      out.rows.push_back(train_rows_[row]);
    }
    data_.encoded.table.read(out.rows, out.batch, &pool_);
    data_.columns.label(out.batch, out.labels);
  }

  /// The best constant logits for the training rows.
  std::vector<float> prior() const {
    constexpr std::size_t kAtOnce = 4096;
    const std::unique_ptr<HeadPrior> prior = data_.head->prior();
    const std::vector<std::size_t> places = data_.columns.label_places();
    EncodedBatch batch;
    std::vector<HeadLabels> labels;
    for (std::size_t first = 0; first < train_rows_.size(); first += kAtOnce) {
      const auto rows = std::span(train_rows_).subspan(first, std::min(kAtOnce, train_rows_.size() - first));
      data_.encoded.table.read(rows, places, batch);
      data_.columns.label(batch, labels);
      prior->add(batch.rows, labels);
    }
    return prior->logits();
  }

  /// The column whose ids number the rows of a table: "city/embedding", "linear/city", or the first of those that share
  /// it.
  std::string column_of(const std::string& parameter) const {
    const std::size_t slash = parameter.find('/');
    const std::string before = parameter.substr(0, slash);
    const std::string behind = slash == std::string::npos ? "" : parameter.substr(slash + 1);
    if (before == "linear") return behind;
    if (behind != "embedding") return {};
    for (const auto& [name, column] : spec_.columns) {
      const EmbedOptions* embed = embed_options(column);
      if (embed != nullptr && embed->share == before) return name;
    }
    return before;
  }

  void fill_plan() {
    const EncodeCounts& counts = data_.encoded.counts;
    plan_.rows_read = counts.rows;
    plan_.bad_rows = counts.bad_rows;
    plan_.events = counts.kept_rows;
    plan_.train_rows = size();
    plan_.valid_rows = static_cast<std::int64_t>(valid_rows_.size());
    plan_.test_rows = counts.kept_rows - plan_.train_rows - plan_.valid_rows;
    plan_.columns = static_cast<std::int64_t>(spec_.columns.size());
    plan_.examples = size();
    plan_.steps = spec_.train.epochs * ((size() + spec_.train.batch - 1) / spec_.train.batch);
    if (spec_.train.max_steps > 0) plan_.steps = std::min(plan_.steps, spec_.train.max_steps);
    plan_.memory_bytes = data_.encoded.table.bytes() + 8 * static_cast<std::uint64_t>(counts.kept_rows);
  }

  Spec spec_;
  ThreadPool& pool_;
  RowData data_;
  bool custom_;
  ModelFn model_;
  RowContext context_;
  std::vector<std::int64_t> train_rows_;
  std::vector<std::int64_t> valid_rows_;
  RunPlan plan_;
  const Filled* filled_ = nullptr;
  Ahead<BatchPlace, Filled> ahead_;  // last: its work uses the others
};

}  // namespace

std::unique_ptr<TrainingTask> row_task(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                       TrainObserver& observer, ModelFn model) {
  EncodeOptions encode;
  encode.directory = options.spec_directory;
  encode.rejects = options.rejects;
  encode.memory_limit = options.memory_limit;
  encode.pool = &pool;
  encode.stop_requested = [&] { return observer.stop_requested(); };
  SliceNames slices(spec.eval.slice);
  encode.watcher = &slices;
  return std::make_unique<RowTask>(spec, load_rows(spec, encode), pool, std::move(model));
}

}  // namespace kin
