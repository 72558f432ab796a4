#include "kinspace/estimator/model_scorer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

constexpr std::int64_t kRowsAtOnce = 1024;

Matrix copy_of(ConstMatrixView from) {
  Matrix to(from.rows, from.cols);
  for (std::int64_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.cols, to.row(r));
  return to;
}

}  // namespace

OutputLayer output_layer(ThreadPool& pool, const EstimatorSpec& out, std::int64_t items) {
  OutputLayer layer;
  const Parameter& table = *out.output_table;
  if (table.precision() == Precision::kFp32) {
    layer.items = {table.row(0), items, table.dim(), table.stride()};
  } else {
    layer.made = Matrix(items, table.dim());
    table.stored().read(0, layer.made.view());
    layer.items = layer.made.view();
  }
  if (out.item_bias != nullptr) {
    const auto count = static_cast<std::size_t>(items);
    layer.bias = {out.item_bias->row(0), count};
    if (out.item_bias->stride() != 1) {
      layer.gathered.resize(count);
      for (std::size_t r = 0; r < count; ++r) layer.gathered[r] = *out.item_bias->row(static_cast<std::int64_t>(r));
      layer.bias = layer.gathered;
    }
  }
  if (out.normalize_output) {
    // The op of training, so that scores have the bits that training saw.
    Matrix normalized(items, table.dim());
    Tape tape(pool, 0);
    for (std::int64_t first = 0; first < items; first += kRowsAtOnce) {
      const std::int64_t n = std::min(kRowsAtOnce, items - first);
      tape.begin({});
      const Var rows =
          normalize_rows(tape, tape.constant({layer.items.row(first), n, table.dim(), layer.items.stride}));
      for (std::int64_t r = 0; r < n; ++r) std::copy_n(rows.value().row(r), table.dim(), normalized.row(first + r));
    }
    layer.made = std::move(normalized);
    layer.items = layer.made.view();
  }
  return layer;
}

Queries predict(const ModelFn& model, const ModelContext& context, ParameterStore& store, Tape& tape,
                std::span<const std::vector<std::int64_t>> histories) {
  const auto limit = static_cast<std::size_t>(context.spec->head.context);
  ExampleBatch batch;
  batch.clear();
  for (const std::vector<std::int64_t>& history : histories) {
    const std::size_t start = batch.context_rows.size();
    for (const std::int64_t row : history) {
      const std::int64_t known = row >= 0 ? row : context.unknown_row;
      if (known >= 0) batch.context_rows.push_back(known);
    }
    const std::size_t kept = batch.context_rows.size() - start;
    if (kept > limit) {
      const auto from = batch.context_rows.begin() + static_cast<std::ptrdiff_t>(start);
      batch.context_rows.erase(from, from + static_cast<std::ptrdiff_t>(kept - limit));
    }
    batch.context_offsets.push_back(static_cast<std::int64_t>(batch.context_rows.size()));
    batch.target_offsets.push_back(0);
  }
  tape.begin({.step = 0, .training = false});
  Step step(context, store, tape, Mode::kPredict, batch);
  Queries prediction;
  prediction.spec = model(step);
  prediction.queries = copy_of(prediction.spec.query.value());
  return prediction;
}

ModelScorer::ModelScorer(ThreadPool& pool, const ModelFn& model, const ModelContext& context, ParameterStore& store,
                         std::span<const std::int32_t> row_of_item)
    : pool_(pool), model_(model), context_(context), store_(store), row_of_item_(row_of_item), tape_(pool, 0) {}

void ModelScorer::score(std::span<const Case> cases, MatrixView scores) {
  std::vector<std::vector<std::int64_t>> histories(cases.size());
  for (std::size_t b = 0; b < cases.size(); ++b) {
    for (const std::uint32_t item : cases[b].context) histories[b].push_back(row_of_item_[item]);
  }
  const Queries prediction = predict(model_, context_, store_, tape_, histories);
  const std::int64_t items = context_.vocabulary->size();
  if (!layer_) layer_ = output_layer(pool_, prediction.spec, items);

  Matrix by_row(static_cast<std::int64_t>(cases.size()), items);
  gemm(pool_, Transpose::kNo, prediction.queries.view(), Transpose::kYes, layer_->items, by_row.view());
  for (std::int64_t b = 0; b < by_row.rows(); ++b) {
    const float* from = by_row.row(b);
    float* to = scores.row(b);
    for (std::size_t item = 0; item < row_of_item_.size(); ++item) {
      const std::int32_t row = row_of_item_[item];
      const bool known = row >= 0 && row < items;
      const float bias = known && !layer_->bias.empty() ? layer_->bias[static_cast<std::size_t>(row)] : 0.0F;
      to[item] = known ? from[row] + bias : -std::numeric_limits<float>::infinity();
    }
  }
}

}  // namespace kin
