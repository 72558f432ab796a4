#include "kinspace/estimator/evaluate.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/floors.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/ranking_eval.h"

namespace kin {
namespace {

/// Beyond this many steps (about a minute on one thread) item-kNN is left out.
constexpr double kMaxKnnSteps = 2e10;

constexpr const char* kMethods[] = {"model", "popularity", "item-knn"};

/// Data that a model is evaluated on, with what its vocabulary makes of it.
struct Bench {
  const Model* model = nullptr;
  Dataset dataset;
  std::vector<std::int32_t> row_of_item;
};

Dataset load_data(const Model& model, ThreadPool& pool, const EvaluateOptions& options, Spec& spec) {
  LoadOptions load;
  load.memory_limit = options.memory_limit;
  if (!options.data_path.empty()) {
    spec.data.path = {options.data_path};
    spec.data.query.clear();
    return load_dataset(spec, pool, load);
  }
  load.directory = read_origin(model.directory());
  try {
    return load_dataset(spec, pool, load);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    throw Error::io(fmt::format("{}: the data that the model was trained on cannot be read: {}", model.directory(),
                                error.message()),
                    "name the file: kin evaluate RUN DATA.csv");
  }
}

Bench load_bench(const Model& model, ThreadPool& pool, const EvaluateOptions& options, EvaluateReport& report) {
  Bench bench;
  bench.model = &model;
  Spec spec = model.spec();
  bench.dataset = load_data(model, pool, options, spec);
  const int unknown = static_cast<int>(model.unknown_row());
  bench.row_of_item = model.vocabulary().rows_of(bench.dataset.histories().item_keys, unknown);
  if (bench.dataset.loaded.digest != model.attributes().data_digest) {
    report.notes.push_back(
        fmt::format("{} is not the file that {} was trained on: the split is the same, the popularity "
                    "and the catalogue are those of the new file",
                    data_name(spec.data), model.directory()));
  }
  return bench;
}

/// A user whom two models test would count twice.
void require_disjoint(const std::vector<Bench>& benches, const std::vector<std::vector<Case>>& cases) {
  std::set<std::string> users;
  for (std::size_t i = 0; i < benches.size(); ++i) {
    std::set<std::string> mine;
    for (const Case& c : cases[i]) mine.insert(benches[i].dataset.histories().groups.text(c.group));
    for (const std::string& user : mine) {
      if (users.insert(user).second) continue;
      throw Error::invalid_argument(fmt::format("group {} is tested by more than one of the models, by {} again", user,
                                                benches[i].model->directory()),
                                    "pool models of different folds only (split.fold = 0, 1, ...)");
    }
  }
}

std::unique_ptr<Scorer> make_scorer(const std::string& method, const Bench& bench, ThreadPool& pool,
                                    std::span<const Case> cases, EvaluateReport& report) {
  if (method == "model") return bench.model->scorer(pool, bench.row_of_item);
  if (method == "popularity") return std::make_unique<PopularityScorer>(bench.dataset.training);
  auto knn = std::make_unique<ItemKnnScorer>(pool, bench.dataset.histories(), bench.dataset.training);
  if (const double steps = knn->cost(cases); steps > kMaxKnnSteps) {
    report.notes.push_back(fmt::format("the item-kNN floor is left out: it would take about {:.0e} steps", steps));
    return nullptr;
  }
  return knn;
}

std::vector<std::string> protocols_of(const Spec& spec, const EvaluateOptions& options) {
  if (!options.protocol.empty()) return {options.protocol};
  if (spec.eval.protocol == "window") return {"window", "window-long"};
  return {spec.eval.protocol};
}

void add_protocol(const std::string& protocol, std::vector<Bench>& benches, ThreadPool& pool,
                  const EvaluateOptions& options, EvaluateReport& report) {
  const Spec& spec = benches.front().model->spec();
  const std::vector<Metric> metrics = parse_metrics(options.metrics.empty() ? spec.eval.metrics : options.metrics);
  const Part part = options.valid ? Part::kValid : Part::kTest;
  std::vector<std::vector<Case>> cases;
  for (Bench& bench : benches) {
    bench.dataset.protocol = protocol_of(bench.model->spec(), protocol);
    cases.push_back(bench.dataset.cases(part));
    if (cases.back().empty()) {
      throw Error::bad_data(fmt::format("{}: the split leaves no {} case under protocol {}", bench.model->directory(),
                                        options.valid ? "validation" : "test", protocol),
                            "hold out more (split), or evaluate on longer histories");
    }
  }
  require_disjoint(benches, cases);

  const std::size_t methods = options.floors ? std::size(kMethods) : 1;
  for (std::size_t method = 0; method < methods; ++method) {
    std::vector<Evaluation> evaluations;
    for (std::size_t i = 0; i < benches.size(); ++i) {
      const auto scorer = make_scorer(kMethods[method], benches[i], pool, cases[i], report);
      if (scorer == nullptr) break;
      evaluations.push_back(evaluate_ranking(pool, *scorer, benches[i].dataset.training, cases[i], metrics));
    }
    if (evaluations.size() != benches.size()) continue;
    for (const PooledFigure& figure : pooled_figures(pool, evaluations, {.seed = options.seed})) {
      report.figures.push_back({protocol, metric_name(figure.metric), kMethods[method], figure.value,
                                figure.interval ? figure.interval->low : figure.value,
                                figure.interval ? figure.interval->high : figure.value});
    }
    if (method > 0) continue;
    ProtocolCounts counts{protocol};
    for (const Evaluation& evaluation : evaluations) {
      counts.users += static_cast<std::int64_t>(evaluation.users.size());
      counts.cases += evaluation.cases;
      counts.targets += evaluation.targets;
      counts.reachable += evaluation.reachable;
    }
    report.counts.push_back(counts);
  }
}

}  // namespace

EvaluateReport evaluate(std::span<const Model> models, ThreadPool& pool, const EvaluateOptions& options) {
  EvaluateReport report;
  KIN_ASSERT(!models.empty());
  std::vector<Bench> benches;
  for (const Model& model : models) {
    if (model.spec().eval.protocol != models.front().spec().eval.protocol) {
      throw Error::invalid_argument(
          fmt::format("{} was made for protocol {}, {} for {}: their figures are not comparable",
                      models.front().directory(), models.front().spec().eval.protocol, model.directory(),
                      model.spec().eval.protocol),
          "pool models of one protocol");
    }
    benches.push_back(load_bench(model, pool, options, report));
  }
  for (const std::string& protocol : protocols_of(models.front().spec(), options)) {
    add_protocol(protocol, benches, pool, options, report);
  }
  return report;
}

}  // namespace kin
