// Trains the job that rivals/job.py defines on the engine of Kinspace and prints one line of JSON, as the rivals do.
//
//   kin_recommender --data FOLDER [--model dot|tower] [--precision fp32|bf16] [--tables fp32|bf16]
//                   [--threads 1] [--steps 0] [--export FOLDER]
//
// --export writes queries.npy (of the held-out contexts) and outputs.npy, for the evaluator that judges all alike.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <string>
#include <tuple>
#include <vector>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "bench/npy.h"
#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/sampler.h"
#include "kinspace/nn/tape.h"

namespace {

constexpr std::int64_t kDim = 64, kContext = 3, kTargets = 7, kBatch = 1024, kNegatives = 1024, kHidden = 256,
                       kWarmUp = 10;
constexpr std::uint64_t kSeed = 1;

/// Normal with standard deviation 0.1, which is how the rivals start (the engine's own start is truncated).
void fill_normal(kin::ThreadPool& pool, kin::Parameter& table, std::uint64_t number) {
  kin::parallel_for(pool, table.rows(), 4096, [&](std::int64_t begin, std::int64_t end) {
    kin::RandomStream random(kSeed, kin::Purpose::kInit, number, static_cast<std::uint64_t>(begin));
    for (std::int64_t r = begin; r < end; ++r) {
      std::array<float, kDim> row;
      for (std::size_t d = 0; d < row.size(); d += 2) {  // Box-Muller
        const float radius = 0.1F * std::sqrt(-2.0F * std::log(1.0F - random.uniform()));
        const float angle = 2.0F * std::numbers::pi_v<float> * random.uniform();
        row[d] = radius * std::cos(angle);
        row[d + 1] = radius * std::sin(angle);
      }
      table.stored().write(r, {row.data(), 1, kDim, kDim});
    }
  });
}

/// Columns [first, last) of consecutive histories, as a sparse tensor with equally long rows.
class Columns {
 public:
  Columns(std::int64_t first, std::int64_t last) : first_(first), width_(last - first) {}

  kin::SparseTensor of(const kin::bench::NpyFile& histories, std::int64_t from, std::int64_t count) {
    offsets_.resize(static_cast<std::size_t>(count) + 1);
    ids_.resize(static_cast<std::size_t>(count * width_));
    const auto* row = histories.values<std::int32_t>() + from * histories.cols + first_;
    for (std::int64_t b = 0; b < count; ++b, row += histories.cols) {
      offsets_[static_cast<std::size_t>(b) + 1] = (b + 1) * width_;
      std::copy(row, row + width_, ids_.begin() + b * width_);
    }
    return {.offsets = offsets_, .ids = ids_, .weights = {}};
  }

 private:
  std::int64_t first_;
  std::int64_t width_;
  std::vector<std::int64_t> offsets_{0};
  std::vector<std::int64_t> ids_;
};

class Trainer {
 public:
  Trainer(kin::ThreadPool& pool, std::int64_t items, bool tower, kin::Precision precision, kin::Precision tables)
      : pool_(pool),
        precision_(precision),
        store_(kSeed, {.name = "adagrad", .lr = 0.1F, .epsilon = 1e-7F, .initial_accumulator = 0.1F}, {}, {}, tables),
        inputs_(store_.parameter(pool, "inputs", items, kDim, {.by_row = true})),
        outputs_(store_.parameter(pool, "outputs", items, kDim, {.by_row = true})),
        sampler_(kin::Sampler::log_uniform(items)),
        tape_(pool, kSeed) {
    fill_normal(pool, inputs_, 0);
    fill_normal(pool, outputs_, 1);
    if (!tower) return;
    for (const auto& [name, rows, cols] : {std::tuple{"hidden", kDim, kHidden}, std::tuple{"query", kHidden, kDim}}) {
      layers_.push_back({&store_.parameter(pool, std::string(name) + "/kernel", rows, cols,
                                           {.initial = kin::Initial::glorot_uniform()}),
                         &store_.parameter(pool, std::string(name) + "/bias", 1, cols, {})});
    }
  }

  kin::Parameter& inputs() { return inputs_; }
  kin::Parameter& outputs() { return outputs_; }

  void step(const kin::bench::NpyFile& histories, std::int64_t step) {
    forward(histories, step);
    kin::apply_gradients(tape_, store_, {.step = step + 1});
  }

  /// The same, counting the distinct rows that the step touches in each table.
  void step(const kin::bench::NpyFile& histories, std::int64_t step, double& input_rows, double& output_rows) {
    forward(histories, step);
    input_rows += static_cast<double>(tape_.row_gradient(inputs_).group().size());
    output_rows += static_cast<double>(tape_.row_gradient(outputs_).group().size());
    kin::apply_gradients(tape_, store_, {.step = step + 1});
  }

  kin::Matrix queries(const kin::bench::NpyFile& histories) {
    tape_.begin({.step = 0, .training = false});
    const kin::ConstMatrixView found = query(context_.of(histories, 0, histories.rows)).value();
    kin::Matrix out(found.rows, found.cols);
    for (std::int64_t r = 0; r < found.rows; ++r) std::copy_n(found.row(r), found.cols, out.row(r));
    return out;
  }

 private:
  struct Layer {
    kin::Parameter* kernel;
    kin::Parameter* bias;
  };

  kin::Var query(const kin::SparseTensor& context) {
    kin::Var x = kin::combine(tape_, inputs_, context, kin::Combiner::kMean);
    for (const Layer& layer : layers_) {
      x = kin::dense(tape_, x, tape_.variable(*layer.kernel), tape_.variable(*layer.bias),
                     &layer == &layers_.back() ? kin::kernels::Activation::kLinear : kin::kernels::Activation::kRelu);
    }
    return x;
  }

  void forward(const kin::bench::NpyFile& histories, std::int64_t step) {
    tape_.begin({.step = step, .training = true, .precision = precision_});
    const kin::SparseTensor targets = targets_.of(histories, step * kBatch, kBatch);
    const kin::Var found = query(context_.of(histories, step * kBatch, kBatch));
    const kin::Negatives negatives = sampler_.draw(tape_, kNegatives);
    const auto expected = sampler_.log_expected(tape_, targets.ids, negatives);
    tape_.backward(kin::sampled_softmax_loss(tape_, found, outputs_, nullptr, targets, expected, negatives,
                                             {.reduction = kin::Reduction::kSum}));
  }

  kin::ThreadPool& pool_;
  kin::Precision precision_;
  kin::ParameterStore store_;
  kin::Parameter& inputs_;
  kin::Parameter& outputs_;
  std::vector<Layer> layers_;
  kin::Sampler sampler_;
  kin::Tape tape_;
  Columns context_{0, kContext};
  Columns targets_{kContext, kContext + kTargets};
};

void run(const kin::bench::Arguments& arguments) {
  const std::string data = arguments.text("data", "build/bench-data/100000");
  const auto threads = static_cast<int>(arguments.number("threads", 1));
  const kin::bench::NpyFile histories(data + "/train.npy", "<i4");
  const std::int64_t items = kin::bench::NpyFile(data + "/popularity.npy", "<f8").rows;
  const std::int64_t all = histories.rows / kBatch, wanted = arguments.number("steps", 0);
  const std::int64_t steps = wanted == 0 ? all : std::min(wanted, all);
  if (histories.cols != kContext + kTargets || steps <= kWarmUp)
    throw kin::Error::bad_data("too few histories in " + data);

  kin::ThreadPool pool(threads);
  const std::string model = arguments.text("model", "dot");
  if (model != "dot" && model != "tower") throw kin::Error::invalid_argument("--model is dot or tower");
  Trainer trainer(pool, items, model == "tower", kin::precision_named(arguments.text("precision", "fp32")),
                  kin::precision_named(arguments.text("tables", "fp32")));
  double input_rows = 0, output_rows = 0;
  for (std::int64_t s = 0; s < kWarmUp; ++s) trainer.step(histories, s, input_rows, output_rows);
  const auto start = kin::bench::Moment::now();
  for (std::int64_t s = kWarmUp; s < steps; ++s) trainer.step(histories, s);
  const kin::bench::Moment taken = kin::bench::Moment::now() - start;

  const auto examples = static_cast<double>((steps - kWarmUp) * kBatch);
  const std::int64_t tower = model == "tower" ? 2 * kDim * kHidden : 0;
  const double gflop = examples * 6.0 * static_cast<double>((kNegatives + kTargets) * kDim + tower) / 1e9;
  std::printf(
      "{\"name\": \"kin\", \"version\": \"%s\", \"threads\": %d, \"examples\": %.0f, \"examples_per_s\": %.1f, "
      "\"examples_per_cpu_s\": %.1f, \"wall_s\": %.4f, \"cpu_s\": %.4f, \"gflops\": %.2f, \"peak_rss_mb\": %.1f, "
      "\"items\": %lld, \"steps\": %lld, \"unique_input_rows\": %.1f, \"unique_output_rows\": %.1f}\n",
      std::string(kin::kernels::isa_name(kin::kernels::active().isa)).c_str(), threads, examples, examples / taken.wall,
      examples / taken.cpu, taken.wall, taken.cpu, gflop / taken.wall, kin::bench::peak_mb(),
      static_cast<long long>(items), static_cast<long long>(steps), input_rows / kWarmUp, output_rows / kWarmUp);

  const std::string to = arguments.text("export", "");
  if (to.empty()) return;
  kin::bench::export_npy(to + "/queries.npy", trainer.queries(kin::bench::NpyFile(data + "/test.npy", "<i4")).view());
  kin::bench::export_npy(to + "/outputs.npy", trainer.outputs().stored().copy().view());
}

}  // namespace

int main(int argc, char** argv) {
  return kin::bench::run_program("kin_recommender", argc, argv, run);
}
