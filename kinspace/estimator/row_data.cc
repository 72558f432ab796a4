#include "kinspace/estimator/row_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/dataset.h"

namespace kin {
namespace {

/// Heads by name; the only head of a spec has none.
std::vector<std::pair<std::string, const HeadOptions*>> heads_of(const Spec& spec) {
  if (spec.heads.empty()) return {{"", &spec.head}};
  std::vector<std::pair<std::string, const HeadOptions*>> out;
  for (const auto& [name, head] : spec.heads) out.emplace_back(name, &head);
  return out;
}

std::string path_of(const std::string& head) {
  return head.empty() ? "head" : "heads." + head;
}

void set_source(FeatureColumn& column, const std::string& source) {
  std::visit(
      [&](auto& c) {
        using Source = std::remove_cvref_t<decltype(c)>;
        if constexpr (!std::is_same_v<Source, CrossedColumn>) c.source = {source};
      },
      column);
}

std::size_t place_of(const Encoder& encoder, const std::string& name) {
  const auto& infos = encoder.columns();
  return static_cast<std::size_t>(
      std::find_if(infos.begin(), infos.end(), [&](const EncodedInfo& info) { return info.name == name; }) -
      infos.begin());
}

/// Reads all labels and weights once, so that a bad one is found before training, by the number of its row.
class LabelCheck {
 public:
  explicit LabelCheck(const RowData& data) : data_(data), places_(data.columns.label_places()) {}

  void run(const std::string& file, ThreadPool* pool) const {
    const std::int64_t rows = data_.encoded.table.rows();
    kin::run(pool, (rows + kAtOnce - 1) / kAtOnce, [&](std::int64_t chunk) {
      std::int64_t first = chunk * kAtOnce;
      if (!error_in(first, std::min(first + kAtOnce, rows))) return;
      std::optional<Error> error;
      while (!(error = error_in(first, first + 1))) ++first;
      const std::string what = error->message().substr(error->message().find(": "));
      throw Error::bad_data(fmt::format("{}, row {} of those that are kept{}", file, first + 1, what), error->fix());
    });
  }

 private:
  static constexpr std::int64_t kAtOnce = 4096;

  std::optional<Error> error_in(std::int64_t first, std::int64_t last) const {
    EncodedBatch batch;
    std::vector<HeadLabels> labels;
    data_.encoded.table.read(first, last - first, places_, batch);
    data_.columns.label(batch, labels);
    try {
      data_.head->prior()->add(last - first, labels);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadData) throw;
      return error;
    }
    return std::nullopt;
  }

  const RowData& data_;
  const std::vector<std::size_t> places_;
};

}  // namespace

std::unique_ptr<Head> head_of(const Spec& spec) {
  std::vector<std::unique_ptr<Head>> heads;
  std::vector<std::string> names;
  std::vector<float> weights;
  for (const auto& [name, options] : heads_of(spec)) {
    heads.push_back(make_head(*options, name, spec.train.reduction));
    names.push_back(name);
    weights.push_back(options->loss_weight);
  }
  if (heads.size() == 1 && spec.heads.empty()) return std::move(heads.front());
  return join_heads(std::move(heads), std::move(names), std::move(weights));
}

LabelledColumns::LabelledColumns(const Spec& spec, const Head& head, bool labels) : all_(spec.columns) {
  if (!labels) return;
  std::vector<FeatureColumn> columns = head.label_columns();
  std::size_t next = 0;
  for (const auto& [name, options] : heads_of(spec)) {
    const std::string path = path_of(name);
    if (options->target.empty()) {
      throw Error::invalid_argument(path + ".target is missing", "name the column of the data that holds the labels");
    }
    // Names with a dot cannot collide with those of a spec.
    FeatureColumn& label = all_[path + ".target"] = std::move(columns.at(next++));
    set_source(label, options->target);
    labels_.push_back(path + ".target");
    weights_.push_back(options->weight.empty() ? "" : path + ".weight");
    if (options->weight.empty()) continue;
    NumericColumn weight;
    weight.source = {options->weight};
    all_[path + ".weight"] = weight;
  }
}

void LabelledColumns::bind(Head& head, const Encoder& encoder) {
  std::vector<EncodedInfo> infos;
  std::vector<const FittedColumn*> fitted;
  label_places_.clear();
  weight_places_.clear();
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    label_places_.push_back(place_of(encoder, labels_[i]));
    weight_places_.push_back(weights_[i].empty() ? -1 : static_cast<std::ptrdiff_t>(place_of(encoder, weights_[i])));
    infos.push_back(encoder.columns()[label_places_[i]]);
    const auto learned = encoder.learned().find(labels_[i]);
    fitted.push_back(learned == encoder.learned().end() ? nullptr : &learned->second);
  }
  head.bind(infos, fitted);
}

void LabelledColumns::label(const EncodedBatch& batch, std::vector<HeadLabels>& out) const {
  out.clear();
  for (std::size_t i = 0; i < label_places_.size(); ++i) {
    HeadLabels& labels = out.emplace_back();
    labels.label = &batch.columns[label_places_[i]];
    if (weight_places_[i] >= 0) labels.weights = batch.columns[static_cast<std::size_t>(weight_places_[i])].dense;
  }
}

std::vector<std::size_t> LabelledColumns::label_places() const {
  std::vector<std::size_t> places = label_places_;
  for (const std::ptrdiff_t weight : weight_places_) {
    if (weight >= 0) places.push_back(static_cast<std::size_t>(weight));
  }
  return places;
}

std::vector<std::int64_t> RowData::rows(Part part) const {
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(std::count(encoded.parts.begin(), encoded.parts.end(), part)));
  for (std::size_t row = 0; row < encoded.parts.size(); ++row) {
    if (encoded.parts[row] == part) out.push_back(static_cast<std::int64_t>(row));
  }
  return out;
}

RowData load_rows(const Spec& spec, const EncodeOptions& options, FittedColumns fitted) {
  std::unique_ptr<Head> head = head_of(spec);
  LabelledColumns columns(spec, *head, /*labels=*/true);
  Spec labelled = spec;
  labelled.columns = columns.all();
  RowData data{std::move(head), std::move(columns), encode_table(labelled, options, std::move(fitted))};
  data.columns.bind(*data.head, data.encoded.encoder);
  LabelCheck(data).run(data_name(spec.data), options.pool);
  return data;
}

Error no_such_metric(std::string_view where, std::string_view name, std::span<const NamedValue> metrics,
                     std::span<const std::string> extra) {
  std::vector<std::string> known;
  for (const NamedValue& metric : metrics) known.push_back(metric.name);
  std::string fix = fmt::format("take one of: {}", fmt::join(known, ", "));
  if (!extra.empty()) fix += fmt::format("; or name one of these in eval.metrics too: {}", fmt::join(extra, ", "));
  return Error::invalid_argument(
      fmt::format("{}: the model has no metric {}{}", where, quoted(name), did_you_mean(name, known)), fix);
}

bool falls(std::string_view metric) noexcept {
  const std::string_view name = metric.substr(0, metric.find('/'));
  for (const char* falling : {"loss", "average_loss", "log_loss", "rmse", "mae", "brier"}) {
    if (name == falling) return true;
  }
  return false;
}

std::vector<NamedValue> evaluate_rows(const ModelFn& model, RowContext& context, ParameterStore& store, Tape& tape,
                                      const RowData& data, std::span<const std::int64_t> rows, std::int64_t batch_rows,
                                      std::span<const std::string> extra) {
  const auto at_once = static_cast<std::size_t>(batch_rows);
  const std::unique_ptr<HeadMetrics> metrics = context.head->metrics(extra);
  std::vector<NamedValue> own;
  EncodedBatch batch;
  std::vector<HeadLabels> labels;
  for (std::size_t first = 0; first < rows.size(); first += at_once) {
    const auto chosen = rows.subspan(first, std::min(at_once, rows.size() - first));
    data.encoded.table.read(chosen, batch, &tape.pool());
    data.columns.label(batch, labels);
    tape.begin({.step = 0, .training = false});
    Step step(context, store, tape, Mode::kEval, batch, labels);
    const EstimatorSpec out = model(step);
    metrics->add(out.logits.value(), labels);
    own.resize(out.metrics.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      own[i].name = out.metrics[i].name;
      own[i].value += static_cast<double>(out.metrics[i].value.scalar()) * static_cast<double>(chosen.size()) /
                      static_cast<double>(rows.size());
    }
  }
  std::vector<NamedValue> result = metrics->result();
  result.insert(result.end(), own.begin(), own.end());
  return result;
}

}  // namespace kin
