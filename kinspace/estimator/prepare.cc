#include "kinspace/estimator/prepare.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/read_names.h"
#include "kinspace/estimator/canned/recommender.h"

namespace kin {
namespace {

std::span<const std::uint32_t> trained(const Dataset& dataset, std::int64_t g) {
  return dataset.histories().group(g).first(
      static_cast<std::size_t>(dataset.training.lengths[static_cast<std::size_t>(g)]));
}

struct TrainingRows {
  std::vector<std::int64_t> offsets{0};
  Buffer<std::uint32_t> rows;
};

/// The training part of the histories as rows of the vocabulary; unknown items are dropped or take their row.
TrainingRows training_rows(const Dataset& dataset, const std::vector<std::int32_t>& row_of_item) {
  const Histories& histories = dataset.histories();
  TrainingRows out;
  std::int64_t kept = 0;
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    for (const std::uint32_t item : trained(dataset, g)) kept += row_of_item[item] >= 0 ? 1 : 0;
    out.offsets.push_back(kept);
  }
  out.rows = Buffer<std::uint32_t>(static_cast<std::size_t>(kept));
  std::uint32_t* next = out.rows.data();
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    for (const std::uint32_t item : trained(dataset, g)) {
      if (row_of_item[item] >= 0) *next++ = static_cast<std::uint32_t>(row_of_item[item]);
    }
  }
  return out;
}

void fill_counts(const Dataset& dataset, RunPlan& plan) {
  plan.rows_read = dataset.loaded.rows;
  plan.bad_rows = dataset.loaded.bad_rows;
  plan.events = dataset.loaded.kept_rows;
  plan.groups = dataset.histories().group_count();
  for (const Part part : dataset.parts) {
    plan.train_groups += part == Part::kTrain ? 1 : 0;
    plan.valid_groups += part == Part::kValid ? 1 : 0;
    plan.test_groups += part == Part::kTest ? 1 : 0;
  }
  plan.train_events = dataset.training.events;
}

/// Bytes at the peak of the run: reading the file, or training with everything it keeps, whichever is more.
std::uint64_t run_memory(const Prepared& p) {
  const Spec& spec = p.spec;
  const Optimizer optimizer(spec.train.optimizer);
  const std::int64_t dim = target_column(spec).embed.dim;
  const std::int64_t rows = p.context.item_rows();
  const Precision tables = p.context.negatives > 0 ? precision_named(spec.train.table_precision) : Precision::kFp32;
  std::uint64_t weights = Parameter::bytes_needed(rows, dim, &optimizer, tables);
  if (spec.head.share.empty()) weights += Parameter::bytes_needed(rows, dim, &optimizer, tables);
  weights += Parameter::bytes_needed(rows, 1, &optimizer);
  if (tables == Precision::kBf16) weights += Parameter::bytes_needed(rows, dim, nullptr);  // evaluations read floats
  const auto count = [](auto n) { return static_cast<std::uint64_t>(n); };
  const std::uint64_t histories =
      4 * count(p.dataset.histories().event_count() + p.dataset.training.events + p.examples->size()) +
      24 * count(p.plan.groups) + 40 * count(rows);
  const std::uint64_t scored = count(p.context.negatives == 0 ? rows : p.context.negatives);
  const std::uint64_t step =
      count(spec.train.batch) * (4 * scored / (p.context.negatives == 0 ? 4 : 1) +
                                 64 * count(spec.head.context + spec.head.predict) + 64 * count(dim)) +
      (p.context.negatives == 0 ? 4 * count(rows) * count(dim) : 0);
  return std::max(p.dataset.loaded.peak_bytes, weights + histories + step) + (std::uint64_t{32} << 20);
}

std::vector<double> as_doubles(const std::vector<std::int64_t>& counts) {
  return {counts.begin(), counts.end()};
}

void learn_vocabulary(Prepared& p, const std::string& spec_directory) {
  const std::string& name = p.spec.head.target;
  VocabularyColumn& column = target_column(p.spec);
  const Histories& histories = p.dataset.histories();
  p.vocabulary = Vocabulary::learn(name, histories.item_keys, p.dataset.training.item_events,
                                   {.min_count = column.min_count, .max_size = column.max_size});
  if (!column.names.path.empty()) {
    p.vocabulary.set_labels(read_names(locate(column.names.path, spec_directory), column.names.key, column.names.label,
                                       p.vocabulary.keys()));
  }
  if (column.embed.dim == 0) {
    column.embed.dim = rule_of_thumb_dim(p.vocabulary.size());
    p.plan.dim_by_rule = true;
  }
  p.context.spec = &p.spec;
  p.context.vocabulary = &p.vocabulary;
  p.context.unknown_row = column.oov == "row" ? p.vocabulary.size() : -1;
  p.row_of_item = p.vocabulary.rows_of(histories.item_keys, static_cast<std::int32_t>(p.context.unknown_row));

  p.plan.negatives_by_cost = p.spec.head.negatives < 0;
  p.context.negatives = p.plan.negatives_by_cost ? default_negatives(p.vocabulary.size()) : p.spec.head.negatives;
  if (p.context.negatives > 0) {
    p.sampler =
        std::make_unique<Sampler>(p.spec.head.sampler == "unigram"
                                      ? Sampler::unigram(as_doubles(p.vocabulary.counts()), p.spec.head.sampler_power)
                                      : Sampler::log_uniform(p.vocabulary.size()));
    p.context.sampler = p.sampler.get();
  }
}

void cut_examples(Prepared& p) {
  const HeadOptions& head = p.spec.head;
  TrainingRows rows = training_rows(p.dataset, p.row_of_item);
  p.examples = std::make_unique<Examples>(std::move(rows.offsets), std::move(rows.rows), p.context.unknown_row,
                                          WindowOptions{.context = head.context,
                                                        .predict = head.predict,
                                                        .stride = head.stride,
                                                        .random_pick = head.pick == "random",
                                                        .partial = head.partial});
  if (p.examples->size() > 0) return;
  throw Error::bad_data(fmt::format("{}: no training history has two events of the {} items in the vocabulary",
                                    data_name(p.spec.data), with_thousands(p.vocabulary.size())),
                        "lower min_count, or hold out less");
}

void fill_costs(Prepared& p) {
  const TrainOptions& train = p.spec.train;
  RunPlan& plan = p.plan;
  plan.items = p.context.item_rows();
  plan.dropped_items = p.dataset.training.catalogue - p.vocabulary.size();
  plan.dim = target_column(p.spec).embed.dim;
  plan.negatives = p.context.negatives;
  plan.flop_per_example = flop_per_example(p.spec, p.vocabulary.size(), p.context.negatives);
  plan.parameters = parameter_count(p.spec, plan.items);
  plan.examples = p.examples->size();
  plan.steps = train.epochs * ((plan.examples + train.batch - 1) / train.batch);
  if (train.max_steps > 0) plan.steps = std::min(plan.steps, train.max_steps);
  plan.memory_bytes = run_memory(p);
}

}  // namespace

std::unique_ptr<Prepared> prepare(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                  TrainObserver& observer) {
  auto p = std::make_unique<Prepared>();
  p->spec = spec;
  LoadOptions load;
  load.directory = options.spec_directory;
  load.rejects = options.rejects;
  load.memory_limit = options.memory_limit;
  load.progress = [&](const ReadProgress&) {
    if (observer.stop_requested()) throw Error::cancelled("stopped while reading " + data_name(spec.data));
  };
  p->dataset = load_dataset(spec, pool, load);
  fill_counts(p->dataset, p->plan);
  learn_vocabulary(*p, options.spec_directory);
  cut_examples(*p);
  fill_costs(*p);
  if (options.memory_limit > 0 && p->plan.memory_bytes > options.memory_limit) {
    throw Error::resource_limit(
        fmt::format("the run needs about {}, the limit is {}", human_bytes(p->plan.memory_bytes),
                    human_bytes(options.memory_limit)),
        "raise --memory-limit, or lower embed.dim or train.batch, raise min_count, or set max_size");
  }
  return p;
}

}  // namespace kin
