#include "kinspace/estimator/canned/recommender.h"

#include <fmt/core.h>

#include <cmath>

#include "kinspace/nn/activation.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/softmax_loss.h"

namespace kin {
namespace {

constexpr std::int64_t kFullSoftmaxItems = 20'000;
constexpr std::int64_t kDefaultNegatives = 1024;

std::int64_t output_width(const Spec& spec, std::int64_t dim) {
  return spec.model.layers.empty() || spec.model.residual || !spec.head.share.empty() ? dim : spec.model.layers.back();
}

Var hidden_layers(Step& step, Var x) {
  const ModelOptions& model = step.spec().model;
  const kernels::Activation activation = activation_named(model.activation);
  Var h = x;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    if (i > 0) h = step.dropout(h, model.dropout);
    h = step.dense(fmt::format("layer_{}", i), h, {.units = model.layers[i], .activation = activation});
  }
  return h;
}

ParameterOptions output_table(const Step& step, const EmbedOptions& embed, std::int64_t width) {
  const float std_dev = embed.init_std > 0 ? embed.init_std : 1.0F / std::sqrt(static_cast<float>(width));
  return {.initial = Initial::truncated_normal(std_dev), .by_row = step.samples_items()};
}

/// Items that are no candidates of an example: those of its context, where the head says so, and the unknown one.
SparseTensor masked_items(Step& step) {
  const SparseTensor context = step.ids();
  const std::int64_t unknown = step.context().unknown_row;
  const bool exclude = step.spec().head.exclude_context;
  if (exclude && unknown < 0) return context;
  const auto examples = static_cast<std::size_t>(context.rows());
  const auto offsets = step.tape().arena().array<std::int64_t>(examples + 1);
  const auto ids = step.tape().arena().array<std::int64_t>((exclude ? context.ids.size() : 0) + examples);
  std::size_t used = 0;
  for (std::size_t b = 0; b < examples; ++b) {
    offsets[b] = static_cast<std::int64_t>(used);
    for (std::int64_t i = context.offsets[b]; exclude && i < context.offsets[b + 1]; ++i) {
      ids[used++] = context.ids[static_cast<std::size_t>(i)];
    }
    ids[used++] = unknown;
  }
  offsets[examples] = static_cast<std::int64_t>(used);
  return {offsets, ids, {}};
}

Var ranking_loss(Step& step, const EstimatorSpec& out) {
  Tape& tape = step.tape();
  const Spec& spec = step.spec();
  const float sharpness = 1.0F / spec.model.temperature;
  const Reduction reduction = spec.train.reduction == "sum" ? Reduction::kSum : Reduction::kMean;
  const ModelContext& context = step.context();
  if (context.negatives > 0) {
    const Negatives negatives = context.sampler->draw(tape, context.negatives);
    const auto expected = spec.head.correct ? context.sampler->log_expected(tape, step.labels().ids, negatives)
                                            : std::span<const float>{};
    return sampled_softmax_loss(tape, out.query, *out.output_table, out.item_bias, step.labels(), expected, negatives,
                                {.scale = sharpness, .reduction = reduction, .normalize = out.normalize_output});
  }
  Var items = tape.variable(*out.output_table);
  if (out.normalize_output) items = normalize_rows(tape, items);
  const Var bias = out.item_bias != nullptr ? tape.variable(*out.item_bias) : Var();
  const SoftmaxOptions options{.scale = sharpness, .reduction = reduction};
  if (context.unknown_row < 0 && !spec.head.exclude_context) {
    return softmax_loss(tape, out.query, items, bias, step.labels(), options);
  }
  const SparseTensor masked = masked_items(step);
  return softmax_loss(tape, out.query, items, bias, step.labels(), options, &masked);
}

}  // namespace

EstimatorSpec recommender(Step& step) {
  const Spec& spec = step.spec();
  const ModelOptions& model = spec.model;
  const std::string& column = spec.head.target;
  const EmbedOptions& embed = target_column(spec).embed;

  Var x = step.embedding(column, {.dim = embed.dim,
                                  .combiner = combiner_from_name(embed.combiner),
                                  .init_std = embed.init_std,
                                  .position = model.position,
                                  .half_life = model.half_life,
                                  .positions = spec.head.context,
                                  .item_dropout = model.item_dropout});
  x = step.dropout(x, model.dropout);
  Var query = hidden_layers(step, x);
  const std::int64_t width = output_width(spec, embed.dim);
  if (query.cols() != width) query = step.dense("query", query, {.units = width, .bias = false});
  if (model.residual && !model.layers.empty()) query = add(step.tape(), query, x);
  if (model.normalize) query = normalize_rows(step.tape(), query);

  EstimatorSpec out;
  out.output_table = spec.head.share.empty()
                         ? &step.item_parameter("output/embedding", width, output_table(step, embed, width))
                         : &step.item_parameter(spec.head.share + "/embedding", width, ParameterOptions{});
  if (model.item_bias != "none")
    out.item_bias = &step.item_parameter(column + "/bias", 1, {.initial = Initial::constant(0), .decay = false});
  out.normalize_output = model.normalize;
  out.query = query;
  if (step.mode() == Mode::kTrain) {
    out.loss = ranking_loss(step, out);
  } else if (model.temperature != 1.0F) {
    out.query = scale(step.tape(), query, 1.0F / model.temperature);
  }
  return out;
}

std::int64_t default_negatives(std::int64_t items) noexcept {
  return items <= kFullSoftmaxItems ? 0 : kDefaultNegatives;
}

std::int64_t parameter_count(const Spec& spec, std::int64_t rows) {
  const std::int64_t dim = target_column(spec).embed.dim;
  const std::int64_t out = output_width(spec, dim);
  std::int64_t count = rows * dim;
  std::int64_t width = dim;
  for (const std::int64_t units : spec.model.layers) {
    count += (width + 1) * units;
    width = units;
  }
  if (width != out) count += width * out;
  if (spec.head.share.empty()) count += rows * out;
  if (spec.model.item_bias != "none") count += rows;
  if (spec.model.position == "learned") count += spec.head.context;
  return count;
}

double flop_per_example(const Spec& spec, std::int64_t items, std::int64_t negatives) {
  const std::int64_t dim = target_column(spec).embed.dim;
  double flop = 0;
  std::int64_t width = dim;
  for (const std::int64_t units : spec.model.layers) {
    flop += 6.0 * static_cast<double>(width) * static_cast<double>(units);
    width = units;
  }
  const std::int64_t out = output_width(spec, dim);
  if (width != out) flop += 6.0 * static_cast<double>(width) * static_cast<double>(out);
  const std::int64_t scored = negatives == 0 ? items : negatives + spec.head.predict;
  return flop + 6.0 * static_cast<double>(scored) * static_cast<double>(out);
}

}  // namespace kin
