#include "kinspace/nn/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/text.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"

namespace kin {
namespace {

constexpr std::int64_t kChunkExamples = 32;
constexpr std::int64_t kPrefetchAhead = 12;

/// What both directions of one lookup need.
struct Lookup {
  Parameter* table;
  const std::int64_t* offsets;
  const std::int64_t* ids;
  std::int64_t nnz;
  const float* weights;  // null: all 1
  Combiner combiner;
  bool prune;
  float* norms;        // s(b)
  float* clips;        // factor of each row looked up; null: all 1
  MatrixView widened;  // a table in bf16: room for a row, for each chunk of examples

  bool keeps(std::int64_t k) const noexcept {
    if (!prune) return true;
    if (ids[k] < 0) return false;
    return combiner == Combiner::kSum || weights == nullptr || weights[k] > 0;
  }
  float weight(std::int64_t k) const noexcept { return weights == nullptr ? 1.0F : weights[k]; }
  float clip(std::int64_t k) const noexcept { return clips == nullptr ? 1.0F : clips[k]; }
  /// The row of id k, which example b names, until the next one is asked for.
  const float* row(std::int64_t b, std::int64_t k) const noexcept {
    return table->read_row(ids[k], widened.data == nullptr ? nullptr : widened.row(b / kChunkExamples));
  }
};

/// max_norm / max(|e|, max_norm), negative where |e| >= max_norm, so that the way back knows which rows were clipped.
float clip_factor(const float* row, std::int64_t dim, float max_norm) noexcept {
  const float norm = std::sqrt(kernels::active().dot(row, row, dim));
  return norm < max_norm ? 1.0F : -max_norm / norm;
}

/// Adds to `out`, which is all zero.
void combine_example(const Lookup& l, std::int64_t b, float max_norm, float* out) {
  const kernels::Table& k = kernels::active();
  const std::int64_t dim = l.table->dim();
  const std::int64_t rows = l.table->rows();
  float sum = 0.0F;
  for (std::int64_t i = l.offsets[b]; i < l.offsets[b + 1]; ++i) {
    const std::int64_t ahead = i + kPrefetchAhead;
    if (ahead < l.nnz && l.ids[ahead] >= 0 && l.ids[ahead] < rows) l.table->prefetch_row(l.ids[ahead]);
    if (!l.keeps(i)) continue;
    if (l.ids[i] < 0 || l.ids[i] >= rows) internal::refuse_id("combine", *l.table, b, l.ids[i]);
    const float w = l.weight(i);
    const float* row = l.row(b, i);
    if (max_norm > 0) l.clips[i] = clip_factor(row, dim, max_norm);
    k.axpy(w * std::abs(l.clip(i)), row, out, dim);
    sum += l.combiner == Combiner::kSqrtN ? w * w : w;
  }
  l.norms[b] = l.combiner == Combiner::kSum ? 1.0F : l.combiner == Combiner::kMean ? sum : std::sqrt(sum);
  if (l.combiner != Combiner::kSum) k.scale(l.norms[b] == 0.0F ? 0.0F : 1.0F / l.norms[b], out, out, dim);
}

/// Contributions of example b to the rows, from the gradient g of its output. A row e that was clipped by f gets
/// f (g - e (e.g) / |e|^2): a second contribution, which is along the row itself.
void spread_to_rows(const Lookup& l, std::int64_t b, const float* d_out, RowContribution* to) noexcept {
  const kernels::Table& k = kernels::active();
  const std::int64_t dim = l.table->dim();
  const float inverse = l.norms[b] == 0.0F ? 0.0F : 1.0F / l.norms[b];
  for (std::int64_t i = l.offsets[b]; i < l.offsets[b + 1]; ++i) {
    const bool kept = l.keeps(i) && l.norms[b] != 0.0F;
    const float scale = kept ? l.weight(i) * inverse * std::abs(l.clip(i)) : 0.0F;
    to[i] = kept ? RowContribution{l.ids[i], d_out, scale} : RowContribution{-1, nullptr, 0.0F};
    if (l.clips == nullptr) continue;
    RowContribution& along = to[l.nnz + i];
    along = RowContribution{-1, nullptr, 0.0F};
    if (!kept || l.clips[i] > 0) continue;
    const float* row = l.row(b, i);
    along = {l.ids[i], nullptr, -scale * (k.dot(row, d_out, dim) / k.dot(row, row, dim))};
  }
}

bool touches_row_0(const Lookup& l, std::int64_t examples) noexcept {
  if (!l.prune || !internal::empty_examples_touch_row_0(*l.table)) return false;
  for (std::int64_t b = 0; b < examples; ++b) {
    bool any = false;
    for (std::int64_t i = l.offsets[b]; i < l.offsets[b + 1] && !any; ++i) any = l.keeps(i);
    if (!any) return true;
  }
  return false;
}

double dot_in_double(const float* a, const float* b, std::int64_t dim) noexcept {
  double sum = 0;
  for (std::int64_t j = 0; j < dim; ++j) sum += double(a[j]) * double(b[j]);
  return sum;
}

/// d loss / d w[k]: out = (sum w e) / s gives g.e / s for sum, less g.out / s for mean, less g.out w / s^2 for sqrtn.
/// In double, and with g.out from the rows: the two terms may all but cancel.
void spread_to_weights(const Lookup& l, std::int64_t b, const float* d_out, double* dots, GradientTarget to) noexcept {
  const std::int64_t dim = l.table->dim();
  double sum = 0;      // of w
  double squares = 0;  // of w
  double along = 0;    // g . sum of w e
  for (std::int64_t i = l.offsets[b]; i < l.offsets[b + 1]; ++i) {
    dots[i] = 0;
    if (!l.keeps(i) || l.norms[b] == 0.0F) continue;
    const double w = l.weight(i);
    dots[i] = dot_in_double(d_out, l.row(b, i), dim) * double(std::abs(l.clip(i)));
    sum += w;
    squares += w * w;
    along += w * dots[i];
  }
  for (std::int64_t i = l.offsets[b]; i < l.offsets[b + 1]; ++i) {
    double d = dots[i];
    if (l.keeps(i) && l.norms[b] != 0.0F) {
      if (l.combiner == Combiner::kMean) d = (d - along / sum) / sum;
      if (l.combiner == Combiner::kSqrtN) d = (d - along * double(l.weight(i)) / squares) / std::sqrt(squares);
    }
    to.matrix.data[i] = to.fresh ? static_cast<float>(d) : to.matrix.data[i] + static_cast<float>(d);
  }
}

}  // namespace

Combiner combiner_from_name(std::string_view name) {
  if (name == "sum") return Combiner::kSum;
  if (name == "mean") return Combiner::kMean;
  if (name == "sqrtn") return Combiner::kSqrtN;
  throw Error::invalid_argument(fmt::format("combiner {} is none of sum, mean, sqrtn", quoted(name)));
}

Var combine(Tape& tape, Parameter& table, const SparseTensor& ids, const CombineOptions& options, Var weights) {
  const float max_norm = options.max_norm;
  internal::check_sparse("combine", ids);
  if (!(max_norm >= 0)) {
    throw Error::invalid_argument(fmt::format("combine: max_norm = {} has to be at least 0", max_norm));
  }
  const auto nnz = static_cast<std::int64_t>(ids.ids.size());
  if (weights.exists()) internal::check_shape("combine", "weights", weights.value(), 1, nnz);
  const std::int64_t examples = ids.rows();
  const Lookup lookup{&table,
                      ids.offsets.data(),
                      ids.ids.data(),
                      nnz,
                      weights.exists()      ? weights.value().data
                      : ids.weights.empty() ? nullptr
                                            : ids.weights.data(),
                      options.combiner,
                      options.prune,
                      tape.arena().array<float>(static_cast<std::size_t>(examples)).data(),
                      max_norm > 0 ? tape.arena().array<float>(static_cast<std::size_t>(nnz)).data() : nullptr,
                      table.precision() == Precision::kBf16
                          ? tape.matrix((examples + kChunkExamples - 1) / kChunkExamples, table.dim())
                          : MatrixView{}};

  const MatrixView out = tape.matrix(examples, table.dim());
  parallel_for(tape.pool(), examples, kChunkExamples, [&](std::int64_t begin, std::int64_t end) {
    // Before all examples: a vector that is read soon after it was written in smaller pieces has to wait for them.
    std::fill_n(out.row(begin), (end - begin) * out.cols, 0.0F);
    for (std::int64_t b = begin; b < end; ++b) combine_example(lookup, b, max_norm, out.row(b));
  });

  const Var result = tape.result(out, table.trainable() || weights.tracked());
  tape.record(result, [&tape, lookup, out, weights](ConstMatrixView d_out) {
    std::span<RowContribution> contributions;
    if (lookup.table->trainable()) {
      contributions = tape.row_gradient(*lookup.table).add(lookup.clips == nullptr ? lookup.nnz : 2 * lookup.nnz);
    }
    const GradientTarget d_weights = weights.tracked() ? tape.gradient_target(weights) : GradientTarget{};
    double* dots =
        weights.tracked() ? tape.arena().array<double>(static_cast<std::size_t>(lookup.nnz)).data() : nullptr;
    parallel_for(tape.pool(), out.rows, kChunkExamples, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        if (lookup.table->trainable()) spread_to_rows(lookup, b, d_out.row(b), contributions.data());
        if (d_weights.matrix.data != nullptr) spread_to_weights(lookup, b, d_out.row(b), dots, d_weights);
      }
    });
    if (lookup.table->trainable() && touches_row_0(lookup, out.rows)) {
      tape.row_gradient(*lookup.table).add(1)[0] = {0, nullptr, 0.0F};
    }
  });
  return result;
}

Var recency_weights(Tape& tape, const SparseTensor& ids, double half_life) {
  internal::check_sparse("recency_weights", ids);
  if (!(half_life > 0)) {
    throw Error::invalid_argument(fmt::format("recency_weights: half_life = {} has to be above 0", half_life));
  }
  const MatrixView out = tape.matrix(1, static_cast<std::int64_t>(ids.ids.size()));
  for (std::size_t b = 0; b + 1 < ids.offsets.size(); ++b) {
    for (std::int64_t i = ids.offsets[b]; i < ids.offsets[b + 1]; ++i) {
      out.data[i] = static_cast<float>(std::exp2(-double(ids.offsets[b + 1] - 1 - i) / half_life));
    }
  }
  return tape.constant(out);
}

Var position_weights(Tape& tape, Var logits, const SparseTensor& ids, double half_life) {
  internal::check_sparse("position_weights", ids);
  internal::check_shape("position_weights", "logits", logits.value(), logits.rows(), 1);
  const std::int64_t places = logits.rows();
  const MatrixView table = tape.matrix(1, places);
  const double decay = half_life > 0 ? 0.693147180559945309 / half_life : 0.0;
  for (std::int64_t p = 0; p < places; ++p) {
    table.data[p] = *logits.value().row(p) - static_cast<float>(decay * static_cast<double>(p));
  }
  kernels::active().exp(table.data, table.data, places);

  const auto nnz = static_cast<std::int64_t>(ids.ids.size());
  const MatrixView out = tape.matrix(1, nnz);
  const auto place = tape.arena().array<std::int32_t>(static_cast<std::size_t>(nnz));
  for (std::size_t b = 0; b + 1 < ids.offsets.size(); ++b) {
    for (std::int64_t i = ids.offsets[b]; i < ids.offsets[b + 1]; ++i) {
      const std::int64_t age = std::min(ids.offsets[b + 1] - 1 - i, places - 1);
      place[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(age);
      out.data[i] = table.data[age];
    }
  }
  const Var result = tape.result(out, logits.tracked());
  tape.record(result, [&tape, logits, out, place](ConstMatrixView d_out) {
    const std::int64_t count = logits.rows();
    const auto sums = tape.arena().array<double>(static_cast<std::size_t>(count));
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t i = 0; i < place.size(); ++i) {
      sums[static_cast<std::size_t>(place[i])] += double(d_out.data[i]) * double(out.data[i]);
    }
    const GradientTarget to = tape.gradient_target(logits);
    for (std::int64_t p = 0; p < count; ++p) {
      const auto sum = static_cast<float>(sums[static_cast<std::size_t>(p)]);
      *to.matrix.row(p) = to.fresh ? sum : *to.matrix.row(p) + sum;
    }
  });
  return result;
}

SparseTensor drop_ids(Tape& tape, const SparseTensor& ids, float rate) {
  internal::check_sparse("drop_ids", ids);
  if (!(rate >= 0 && rate < 1)) {
    throw Error::invalid_argument(fmt::format("drop_ids: rate = {} has to be from 0 to below 1", rate));
  }
  if (!tape.training() || rate == 0) return ids;
  const auto kept = tape.arena().array<std::int64_t>(ids.ids.size());
  const std::uint64_t site = tape.next_site();
  parallel_for(tape.pool(), ids.rows(), kChunkExamples, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      RandomStream stream(tape.seed(), Purpose::kDropout, static_cast<std::uint64_t>(tape.step()),
                          site << 48 | static_cast<std::uint64_t>(b));
      const auto first = static_cast<std::size_t>(ids.offsets[static_cast<std::size_t>(b)]);
      const auto last = static_cast<std::size_t>(ids.offsets[static_cast<std::size_t>(b) + 1]);
      bool some = first == last;
      for (std::size_t i = first; i < last; ++i) {
        const bool drop = stream.uniform() < rate;
        kept[i] = drop ? -1 : ids.ids[i];
        some = some || kept[i] >= 0;
      }
      if (!some) {
        const std::size_t spared = first + static_cast<std::size_t>(stream.below(last - first));
        kept[spared] = ids.ids[spared];
      }
    }
  });
  return {ids.offsets, kept, ids.weights};
}

}  // namespace kin
