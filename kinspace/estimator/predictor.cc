#include "kinspace/estimator/predictor.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/canned/row_models.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/estimator/slices.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/run_directory.h"

namespace kin {
namespace {

/// What was learned for the columns named.
FittedColumns only(const FittedColumns& all, const FeatureColumns& columns) {
  FittedColumns out = copy_of(all);
  std::erase_if(out, [&](const auto& entry) { return columns.find(entry.first) == columns.end(); });
  return out;
}

/// The metrics named, in that order; all where none is.
std::vector<NamedValue> only(std::vector<NamedValue> all, const std::vector<std::string>& names) {
  if (names.empty()) return all;
  std::vector<NamedValue> out;
  for (const std::string& name : names) {
    const bool there = std::any_of(all.begin(), all.end(), [&](const NamedValue& m) { return m.name == name; });
    const std::size_t before = out.size();
    for (const NamedValue& metric : all) {
      if (there ? metric.name == name : metric.name.starts_with(name + "/")) out.push_back(metric);
    }
    if (out.size() == before) throw no_such_metric("evaluate", name, all);
  }
  return out;
}

}  // namespace

struct Predictor::Impl {
  Impl(Manifest m, Spec s, ModelAttributes a, FittedColumns learned, const ModelFn& model)
      : manifest(std::move(m)),
        spec(std::move(s)),
        attributes(std::move(a)),
        function(model ? model : row_model(spec)),
        head(head_of(spec)),
        labelled(spec, *head, /*labels=*/true),
        labels(labelled.all(), copy_of(learned)),
        encoder(spec.columns, only(learned, spec.columns)),
        fitted(std::move(learned)) {
    if (!labels.fitted() || !encoder.fitted()) {
      throw Error::corruption("the model does not hold everything that its columns learned", "train again");
    }
    labelled.bind(*head, labels);
    context.spec = &spec;
    context.encoder = &encoder;
    context.head = head.get();
  }

  RowEvaluation evaluate(ThreadPool& pool, const Spec& of, Part part, EncodeOptions options,
                         const RowEvaluateOptions& what);

  Manifest manifest;
  Spec spec;
  ModelAttributes attributes;
  ModelFn function;
  std::unique_ptr<Head> head;
  LabelledColumns labelled;
  Encoder labels;   // of columns and labels; only says what labels are
  Encoder encoder;  // of columns
  FittedColumns fitted;
  RowContext context;
  ParameterStore store;
};

Predictor::Predictor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Predictor Predictor::load(const std::string& directory, const ModelFn& model) {
  Manifest manifest = read_run_manifest(directory, kModelManifest);
  Spec spec = spec_from_json(manifest.spec);
  if (!is_row_model(spec)) {
    throw Error::invalid_argument(
        fmt::format("{} holds {}, no model over rows", directory, is_recommender(spec) ? "a recommender" : "vectors"),
        is_recommender(spec) ? "kin recommend answers from it" : "kin similar answers from it");
  }
  ModelAttributes attributes = model_attributes_from_json(manifest.attributes, std::string(kModelManifest));
  if (attributes.custom && !model) {
    throw Error::not_supported(
        fmt::format("{} was made by a model function of a program, which is not stored", directory),
        "predict with that program: kin::Predictor::load(directory, model_function)");
  }
  FittedColumns learned =
      load_fitted_columns(directory, manifest, attributes.learned.empty() ? "{}" : attributes.learned);
  auto impl =
      std::make_unique<Impl>(std::move(manifest), std::move(spec), std::move(attributes), std::move(learned), model);
  load_weights(directory, impl->manifest, impl->attributes.step, impl->store);
  Predictor predictor(std::move(impl));
  // A prediction of no rows checks that every tensor is there in its shape.
  ThreadPool pool(1);
  EncodedBatch nothing;
  nothing.columns.resize(predictor.encoder().columns().size());
  for (EncodedColumn& column : nothing.columns) column.offsets = {0};
  predictor.predict(pool, nothing);
  return predictor;
}

const Spec& Predictor::spec() const noexcept {
  return impl_->spec;
}
const ModelAttributes& Predictor::attributes() const noexcept {
  return impl_->attributes;
}
const std::string& Predictor::checksum() const noexcept {
  return impl_->manifest.checksum;
}
const Head& Predictor::head() const noexcept {
  return *impl_->head;
}
const ParameterStore& Predictor::parameters() const noexcept {
  return impl_->store;
}
Encoder& Predictor::encoder() noexcept {
  return impl_->encoder;
}

std::vector<Prediction> Predictor::predict(ThreadPool& pool, const EncodedBatch& rows) {
  Tape tape(pool, 0);
  tape.begin({.step = 0, .training = false});
  Step step(impl_->context, impl_->store, tape, Mode::kPredict, rows);
  const EstimatorSpec out = impl_->function(step);
  std::vector<Prediction> predictions = impl_->head->predict(out.logits.value());
  for (const NamedVar& own : out.predictions) {
    const ConstMatrixView value = own.value.value();
    std::vector<float> values;
    for (std::int64_t r = 0; r < value.rows; ++r) values.insert(values.end(), value.row(r), value.row(r) + value.cols);
    predictions.push_back({own.name, value.cols, std::move(values)});
  }
  return predictions;
}

EncodeCounts Predictor::predict(ThreadPool& pool, Table& table, const EncodeOptions& options,
                                FunctionRef<void(std::int64_t rows, const std::vector<Prediction>&)> take) {
  EncodeOptions shared = options;
  shared.pool = &pool;
  return encode_rows(impl_->encoder, table, impl_->spec.data.where, shared,
                     [&](const EncodedBatch& rows) { take(rows.rows, predict(pool, rows)); });
}

RowEvaluation Predictor::Impl::evaluate(ThreadPool& pool, const Spec& of, Part part, EncodeOptions options,
                                        const RowEvaluateOptions& what) {
  options.pool = &pool;
  RowSlices slices(what.slice.value_or(spec.eval.slice));
  if (slices.size() > 0) options.watcher = &slices;
  const RowData data = load_rows(of, options, copy_of(fitted));
  std::vector<std::int64_t> rows = data.rows(part);
  if (what.max_rows > 0 && static_cast<std::size_t>(what.max_rows) < rows.size())
    rows.resize(static_cast<std::size_t>(what.max_rows));
  if (rows.empty()) {
    throw Error::bad_data(fmt::format("{}: the split of the spec leaves no row to {} on", data_name(of.data),
                                      part == Part::kValid ? "validate" : "test"),
                          "name a file to evaluate on, or set split.test and train again");
  }
  RowContext labelled_rows;
  labelled_rows.spec = &spec;
  labelled_rows.encoder = &data.encoded.encoder;
  labelled_rows.head = head.get();
  Tape tape(pool, 0);
  std::vector<std::string> extra = spec.eval.metrics;
  const std::vector<std::string> known = head->extra_metrics();
  std::copy_if(what.metrics.begin(), what.metrics.end(), std::back_inserter(extra),
               [&](const std::string& name) { return takes_metric(known, name); });
  const auto measure = [&](std::span<const std::int64_t> chosen) {
    return only(evaluate_rows(function, labelled_rows, store, tape, data, chosen,
                              what.batch > 0 ? what.batch : of.train.batch, extra),
                what.metrics);
  };
  RowEvaluation out{measure(rows), static_cast<std::int64_t>(rows.size())};
  for (std::size_t entry = 0; entry < slices.size(); ++entry) {
    RowSlices::Largest largest = slices.largest(entry, rows, what.max_slices);
    Slicing& slicing = out.slicings.emplace_back();
    slicing.columns = slices.columns(entry);
    slicing.left_out = largest.left_out;
    slicing.left_out_rows = largest.left_out_rows;
    for (RowSlices::Slice& slice : largest.slices) {
      slicing.slices.push_back(
          {std::move(slice.values), static_cast<std::int64_t>(slice.rows.size()), measure(slice.rows)});
    }
  }
  return out;
}

RowEvaluation Predictor::evaluate(ThreadPool& pool, Part part, const EncodeOptions& options,
                                  const RowEvaluateOptions& what) {
  return impl_->evaluate(pool, impl_->spec, part, options, what);
}

RowEvaluation Predictor::evaluate(ThreadPool& pool, const DataOptions& data, const EncodeOptions& options,
                                  const RowEvaluateOptions& what) {
  Spec spec = impl_->spec;
  spec.data = data;
  spec.split.by = "none";
  return impl_->evaluate(pool, spec, Part::kTrain, options, what);
}

}  // namespace kin
