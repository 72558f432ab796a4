#include "kinspace/estimator/model.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/estimator/canned/recommender.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/model_scorer.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

struct Model::Impl {
  std::string directory;
  Manifest manifest;
  Spec spec;
  ModelAttributes attributes;
  Vocabulary vocabulary;
  ModelContext context;
  ModelFn function = recommender;
  ParameterStore store;
  Parameter* embeddings = nullptr;
  OutputLayer output;
  std::unique_ptr<ExactIndex> index;
};

namespace {

constexpr std::int64_t kHistoriesAtOnce = 4096;

}  // namespace

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model Model::load(const std::string& directory) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->manifest = read_run_manifest(directory, kModelManifest);
  impl->spec = spec_from_json(impl->manifest.spec);
  impl->attributes = model_attributes_from_json(impl->manifest.attributes, std::string(kModelManifest));
  const std::string& column = impl->spec.head.target;
  impl->vocabulary = load_vocabulary(directory, impl->manifest, column);
  load_weights(directory, impl->manifest, impl->attributes.step, impl->store);

  impl->context.spec = &impl->spec;
  impl->context.vocabulary = &impl->vocabulary;
  impl->context.unknown_row = target_column(impl->spec).oov == "row" ? impl->vocabulary.size() : -1;

  ThreadPool pool(1);
  // One prediction from nothing checks that every tensor is there in its shape, and finds the output side.
  Tape tape(pool, 0);
  const std::vector<std::vector<std::int64_t>> nothing(1);
  const Queries prediction = predict(impl->function, impl->context, impl->store, tape, nothing);
  impl->embeddings = &impl->store.get(column + "/embedding");
  impl->output = output_layer(pool, prediction.spec, impl->vocabulary.size());
  impl->index = std::make_unique<ExactIndex>(pool, impl->output.items, Similarity::kDot, impl->output.bias);
  return Model(std::move(impl));
}

const Spec& Model::spec() const noexcept {
  return impl_->spec;
}
const ModelAttributes& Model::attributes() const noexcept {
  return impl_->attributes;
}
const std::string& Model::directory() const noexcept {
  return impl_->directory;
}
const std::string& Model::checksum() const noexcept {
  return impl_->manifest.checksum;
}
const Vocabulary& Model::vocabulary() const noexcept {
  return impl_->vocabulary;
}
std::int64_t Model::unknown_row() const noexcept {
  return impl_->context.unknown_row;
}
const ExactIndex& Model::output_index() const noexcept {
  return *impl_->index;
}

ConstMatrixView Model::embeddings() const noexcept {
  const Parameter& table = *impl_->embeddings;
  return {table.row(0), impl_->vocabulary.size(), table.dim(), table.stride()};
}

std::int64_t Model::parameters() const noexcept {
  std::int64_t count = 0;
  for (const Parameter* parameter : std::as_const(impl_->store).all()) count += parameter->rows() * parameter->dim();
  return count;
}

Matrix Model::queries(ThreadPool& pool, std::span<const std::vector<std::int64_t>> histories) const {
  Tape tape(pool, 0);
  return predict(impl_->function, impl_->context, impl_->store, tape, histories).queries;
}

float Model::score(std::span<const float> query, std::int64_t row) const {
  const OutputLayer& output = impl_->output;
  const float dot = kernels::active().dot(query.data(), output.items.row(row), output.items.cols);
  return output.bias.empty() ? dot : dot + output.bias[static_cast<std::size_t>(row)];
}

std::unique_ptr<Scorer> Model::scorer(ThreadPool& pool, std::span<const std::int32_t> row_of_item) const {
  return std::make_unique<ModelScorer>(pool, impl_->function, impl_->context, impl_->store, row_of_item);
}

std::vector<std::vector<Neighbour>> recommend(const Model& model, ThreadPool& pool,
                                              std::span<const std::vector<std::int64_t>> histories,
                                              const RecommendOptions& options) {
  std::vector<std::vector<Neighbour>> results;
  results.reserve(histories.size());
  for (std::size_t first = 0; first < histories.size(); first += kHistoriesAtOnce) {
    const auto block = histories.subspan(first, std::min<std::size_t>(kHistoriesAtOnce, histories.size() - first));
    const Matrix queries = model.queries(pool, block);
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int64_t> seen;
    if (options.exclude_seen) {
      for (const std::vector<std::int64_t>& history : block) {
        seen.insert(seen.end(), history.begin(), history.end());
        offsets.push_back(static_cast<std::int64_t>(seen.size()));
      }
    }
    const SparseTensor excluded = options.exclude_seen ? SparseTensor{offsets, seen, {}} : SparseTensor{};
    for (auto& list : model.output_index().search(pool, queries.view(), options.k, excluded)) {
      results.push_back(std::move(list));
    }
  }
  return results;
}

std::vector<float> explain(const Model& model, ThreadPool& pool, const std::vector<std::int64_t>& history,
                           std::int64_t row) {
  std::vector<std::vector<std::int64_t>> variants{history};
  for (std::size_t i = 0; i < history.size(); ++i) {
    variants.push_back(history);
    variants.back().erase(variants.back().begin() + static_cast<std::ptrdiff_t>(i));
  }
  const Matrix queries = model.queries(pool, variants);
  const auto score_of = [&](std::size_t variant) {
    return model.score({queries.row(static_cast<std::int64_t>(variant)), static_cast<std::size_t>(queries.cols())},
                       row);
  };
  const float whole = score_of(0);
  std::vector<float> added;
  for (std::size_t i = 0; i < history.size(); ++i) added.push_back(whole - score_of(i + 1));
  return added;
}

}  // namespace kin
