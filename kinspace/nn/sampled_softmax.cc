#include "kinspace/nn/sampled_softmax.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/softmax.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

// Multiples of the 14 and of the 6 rows of a register tile; the logits that a thread has of a block, and the negatives,
// fill its L2. No sum depends on where blocks end.
constexpr std::int64_t kChunkExamples = 42;
constexpr std::int64_t kBlockExamplesOfThread = 4 * kChunkExamples;
static_assert(kBlockExamplesOfThread % 2 == 0,
              "sums over examples are cut there, which bf16 allows at even places only");
constexpr std::int64_t kChunkRows = 32;
constexpr std::int64_t kPrefetchAhead = 28;
constexpr float kSmallestSquare = 1e-12F;
constexpr float kOne = 1.0F;
constexpr std::size_t kWordBits = 64;
constexpr std::size_t kBitsPerNegative = 32;

/// A negative and its column in the block of logits.
struct Column {
  std::int64_t id;
  std::int64_t column;

  bool operator<(const Column& other) const noexcept { return id != other.id ? id < other.id : column < other.column; }
};

/// 1 / length of a row, with a minus where the length was too small and taken as constant.
float inverse_length(const float* row, std::int64_t dim) noexcept {
  const float squares = kernels::active().dot(row, row, dim);
  const float inverse = 1.0F / std::sqrt(std::max(squares, kSmallestSquare));
  return squares > kSmallestSquare ? inverse : -inverse;
}

/// All that both directions of one call need; lives in the arena.
struct SampledSoftmax {
  Parameter* table;
  Parameter* bias;
  SampledSoftmaxOptions options;
  SparseTensor targets;
  internal::TargetShares shares;
  std::span<const float> target_log_expected;
  std::span<const std::int64_t> negatives;

  MatrixView query;                  // scaled
  MatrixView rows;                   // of the negatives, of length 1 if so asked
  MatrixView widened;                // a table in bf16: room for the targets' rows of an example, for each chunk
  std::int64_t most_targets = 1;     // of an example
  std::span<float> row_inverse;      // normalize: inverse_length of each negative
  std::span<float> offset;           // bias - log Q of each negative
  std::span<Column> columns;         // sorted by id
  std::span<std::uint64_t> seen;     // a bit for the hash of each negative, so that most ids need not be looked for
  std::span<float> target_inverse;   // normalize: of each target
  std::span<float> target_product;   // scale * query . row of each target, before bias and correction
  std::span<float> target_gradient;  // by the logit of each target
  std::span<double> losses;

  std::int64_t dim() const noexcept { return table->dim(); }
  bool learns_table() const noexcept { return table->trainable(); }
  bool learns_bias() const noexcept { return bias != nullptr && bias->trainable(); }

  void prefetch_target(std::size_t i) const noexcept {
    if (i < targets.ids.size() && targets.ids[i] >= 0) table->prefetch_row(targets.ids[i]);
  }

  void gather_negative(std::int64_t s) const noexcept {
    const auto place = static_cast<std::size_t>(s);
    if (place + kPrefetchAhead < negatives.size()) table->prefetch_row(negatives[place + kPrefetchAhead]);
    const std::int64_t id = negatives[place];
    const float* row = table->read_row(id, rows.row(s));
    if (options.normalize) {
      row_inverse[place] = inverse_length(row, dim());
      kernels::active().scale(std::abs(row_inverse[place]), row, rows.row(s), dim());
    } else if (row != rows.row(s)) {
      std::copy_n(row, dim(), rows.row(s));
    }
    if (bias != nullptr) offset[place] += *bias->row(id);
  }

  /// Where the row of target j of example b is read to, if it does not lie as floats already.
  float* target_room(std::int64_t b, std::size_t j) const noexcept {
    if (widened.data == nullptr) return nullptr;
    return widened.row(b / kChunkExamples * most_targets + static_cast<std::int64_t>(j));
  }

  float target_logit(std::int64_t b, std::size_t i, const float* row) const noexcept {
    const std::int64_t id = targets.ids[i];
    float product = kernels::active().dot(query.row(b), row, dim());
    if (options.normalize) {
      target_inverse[i] = inverse_length(row, dim());
      product *= std::abs(target_inverse[i]);
    }
    target_product[i] = product;
    const float logit = bias != nullptr ? product + *bias->row(id) : product;
    return target_log_expected.empty() ? logit : logit - target_log_expected[i];
  }

  static std::uint64_t place_of(std::int64_t id, std::size_t words) noexcept {
    return mix64(static_cast<std::uint64_t>(id)) % (words * kWordBits);
  }

  void remove_hits(std::int64_t id, float* z) const noexcept {
    const std::uint64_t bit = place_of(id, seen.size());
    if ((seen[bit / kWordBits] >> (bit % kWordBits) & 1) == 0) return;
    for (auto c = std::lower_bound(columns.begin(), columns.end(), Column{id, 0}); c != columns.end() && c->id == id;
         ++c) {
      z[c->column] = -std::numeric_limits<float>::infinity();
    }
  }

  /// z holds the products with the negatives and has room for the targets behind them. Turns it into the gradient of
  /// the loss by the logits, notes the loss, and starts the gradient of the query with the part of the targets.
  void finish(std::int64_t b, float* z, float* d_query) const noexcept {
    const kernels::Table& k = kernels::active();
    const auto example = static_cast<std::size_t>(b);
    const auto first = static_cast<std::size_t>(targets.offsets[example]);
    const auto count = static_cast<std::size_t>(targets.offsets[example + 1]) - first;
    const std::size_t sampled = negatives.size();
    if (d_query != nullptr) std::fill_n(d_query, dim(), 0.0F);
    losses[example] = 0;
    if (!shares.counts(targets, b)) {
      std::fill_n(z, sampled, 0.0F);
      std::fill_n(target_gradient.begin() + static_cast<std::ptrdiff_t>(first), count, 0.0F);
      return;
    }
    k.add(offset.data(), z, static_cast<std::int64_t>(sampled));
    float* own = z + sampled;
    double loss = 0;
    for (std::size_t j = 0; j < count; ++j) {
      prefetch_target(first + j + kPrefetchAhead);
      const std::int64_t id = targets.ids[first + j];
      if (options.remove_accidental_hits) remove_hits(id, z);
      own[j] = id < 0 ? -std::numeric_limits<float>::infinity()
                      : target_logit(b, first + j, table->read_row(id, target_room(b, j)));
      if (shares.share[first + j] > 0) loss -= double(shares.share[first + j]) * double(own[j]);
    }
    loss += double(internal::softmax_in_place(z, static_cast<std::int64_t>(sampled + count), shares.factor));
    losses[example] = double(shares.factor) * loss;
    for (std::size_t j = 0; j < count; ++j) {
      const std::int64_t id = targets.ids[first + j];
      const float gradient = id < 0 ? 0.0F : own[j] - shares.factor * shares.share[first + j];
      target_gradient[first + j] = gradient;
      if (d_query == nullptr || id < 0) continue;
      const float* row = widened.data == nullptr ? table->row(id) : target_room(b, j);
      k.axpy(options.normalize ? gradient * std::abs(target_inverse[first + j]) : gradient, row, d_query, dim());
    }
  }

  /// Gradient of a negative's row from that of its row of length 1: (d - e (e . d)) / length.
  void unnormalize(std::int64_t s, float* d) const noexcept {
    const kernels::Table& k = kernels::active();
    const float inverse = row_inverse[static_cast<std::size_t>(s)];
    if (inverse > 0) k.axpy(-k.dot(rows.row(s), d, dim()), rows.row(s), d, dim());
    k.scale(std::abs(inverse), d, d, dim());
  }

  /// The contributions of target i of example b, one or (normalize) two.
  void spread_target(std::int64_t b, std::size_t i, float seed, RowContribution* to) const noexcept {
    const std::int64_t id = targets.ids[i];
    const float gradient = seed * target_gradient[i];
    if (!options.normalize) {
      to[0] = {id, query.row(b), gradient};
      return;
    }
    const float inverse = target_inverse[i];
    to[0] = {id, query.row(b), id < 0 ? 0.0F : gradient * std::abs(inverse)};
    to[1] = id >= 0 && inverse > 0 ? RowContribution{id, nullptr, -gradient * target_product[i] * inverse * inverse}
                                   : RowContribution{-1, nullptr, 0.0F};
  }
};

void check(const SampledSoftmax& s, const Negatives& negatives, Var query) {
  internal::check_shape("sampled_softmax_loss", "query", query.value(), query.rows(), s.dim());
  if (s.bias != nullptr) internal::check_shape("sampled_softmax_loss", "bias", s.bias->weights(), s.table->rows(), 1);
  const auto fits = [](std::size_t have, std::size_t want) { return have == 0 || have == want; };
  if (!fits(s.target_log_expected.size(), s.targets.ids.size()) ||
      !fits(negatives.log_expected.size(), negatives.ids.size())) {
    throw Error::internal(fmt::format("sampled_softmax_loss: {} and {} log counts for {} targets and {} negatives",
                                      s.target_log_expected.size(), negatives.log_expected.size(), s.targets.ids.size(),
                                      negatives.ids.size()));
  }
  for (const std::int64_t id : negatives.ids) {
    if (id < 0 || id >= s.table->rows()) {
      throw Error::invalid_argument(
          fmt::format("sampled_softmax_loss: negative {} is beyond the {} items", id, s.table->rows()));
    }
  }
}

/// The way back to the table: everything was computed on the way forward but for the gradient `seed` of the loss.
void spread_to_table(Tape& tape, const SampledSoftmax& s, MatrixView d_rows, float seed) {
  const auto sampled = static_cast<std::int64_t>(s.negatives.size());
  const auto count = static_cast<std::int64_t>(s.targets.ids.size());
  const std::int64_t each = s.options.normalize ? 2 : 1;
  const auto of_negatives = tape.row_gradient(*s.table).add(sampled + count * each);
  const auto of_targets = of_negatives.subspan(s.negatives.size());
  parallel_for(tape.pool(), sampled, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto place = static_cast<std::size_t>(i);
      if (s.options.normalize) s.unnormalize(i, d_rows.row(i));
      of_negatives[place] = {s.negatives[place], d_rows.row(i), seed};
    }
  });
  parallel_for(tape.pool(), s.targets.rows(), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const auto last = static_cast<std::size_t>(s.targets.offsets[static_cast<std::size_t>(b) + 1]);
      for (auto i = static_cast<std::size_t>(s.targets.offsets[static_cast<std::size_t>(b)]); i < last; ++i) {
        s.spread_target(b, i, seed, of_targets.data() + i * static_cast<std::size_t>(each));
      }
    }
  });
}

void spread_to_bias(Tape& tape, const SampledSoftmax& s, std::span<const float> d_offset, float seed) {
  const auto biases =
      tape.row_gradient(*s.bias).add(static_cast<std::int64_t>(s.negatives.size() + s.targets.ids.size()));
  std::size_t to = 0;
  for (std::size_t i = 0; i < s.negatives.size(); ++i) biases[to++] = {s.negatives[i], &kOne, seed * d_offset[i]};
  for (std::size_t i = 0; i < s.targets.ids.size(); ++i) {
    biases[to++] = {s.targets.ids[i], &kOne, seed * s.target_gradient[i]};
  }
}

PackedRight packed(Tape& tape, Transpose transpose, ConstMatrixView b) {
  const bool across = transpose == Transpose::kYes;
  const std::int64_t floats = packed_right_floats(across ? b.cols : b.rows, across ? b.rows : b.cols);
  return pack_right(tape.pool(), tape.precision(b.cols), transpose, b,
                    tape.arena().array<float>(static_cast<std::size_t>(floats)).data());
}

}  // namespace

Var sampled_softmax_loss(Tape& tape, Var query, Parameter& table, Parameter* bias, const SparseTensor& targets,
                         std::span<const float> target_log_expected, const Negatives& negatives,
                         const SampledSoftmaxOptions& options) {
  const std::int64_t examples = query.rows();
  const auto sampled = static_cast<std::int64_t>(negatives.ids.size());
  Arena& arena = tape.arena();
  SampledSoftmax& s = *arena.create<SampledSoftmax>();
  s.table = &table;
  s.bias = bias;
  s.options = options;
  s.targets = targets;
  s.target_log_expected = target_log_expected;
  s.negatives = negatives.ids;
  check(s, negatives, query);
  s.shares = internal::target_shares(tape, "sampled_softmax_loss", targets, examples, table.rows(), options.reduction);
  s.query = tape.matrix(examples, table.dim());
  s.rows = tape.matrix(sampled, table.dim());
  s.row_inverse = arena.array<float>(negatives.ids.size());
  s.offset = arena.array<float>(negatives.ids.size());
  s.columns = arena.array<Column>(negatives.ids.size());
  s.target_inverse = arena.array<float>(targets.ids.size());
  s.target_product = arena.array<float>(targets.ids.size());
  s.target_gradient = arena.array<float>(targets.ids.size());
  s.losses = arena.array<double>(static_cast<std::size_t>(examples));
  for (std::int64_t i = 0; i < sampled; ++i) {
    const auto place = static_cast<std::size_t>(i);
    s.columns[place] = {negatives.ids[place], i};
    s.offset[place] = negatives.log_expected.empty() ? 0.0F : -negatives.log_expected[place];
  }
  if (!std::is_sorted(s.columns.begin(), s.columns.end())) std::sort(s.columns.begin(), s.columns.end());
  s.seen = arena.array<std::uint64_t>(std::bit_ceil(negatives.ids.size() * kBitsPerNegative / kWordBits + 1));
  std::fill(s.seen.begin(), s.seen.end(), 0);
  for (const std::int64_t id : negatives.ids) {
    const std::uint64_t bit = SampledSoftmax::place_of(id, s.seen.size());
    s.seen[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
  }
  for (std::size_t b = 0; b + 1 < targets.offsets.size(); ++b) {
    s.most_targets = std::max(s.most_targets, targets.offsets[b + 1] - targets.offsets[b]);
  }
  if (table.precision() == Precision::kBf16) {
    s.widened = tape.matrix((examples + kChunkExamples - 1) / kChunkExamples * s.most_targets, table.dim());
  }
  parallel_for(tape.pool(), sampled, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) s.gather_negative(i);
  });
  parallel_for(tape.pool(), examples, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      kernels::active().scale(options.scale, query.value().row(b), s.query.row(b), s.query.cols);
    }
  });

  const bool training = tape.training();
  const MatrixView d_query = query.tracked() ? tape.matrix(examples, table.dim()) : MatrixView{};
  const MatrixView d_rows = training && s.learns_table() ? tape.zeros(sampled, table.dim()) : MatrixView{};
  const MatrixView d_offset = training && s.learns_bias() ? tape.zeros(1, sampled) : MatrixView{};
  const std::int64_t width = sampled + s.most_targets;
  const PackedRight across = packed(tape, Transpose::kYes, s.rows);
  const PackedRight down = d_query.data != nullptr ? packed(tape, Transpose::kNo, s.rows) : PackedRight{};
  const std::int64_t block = std::min(examples, kBlockExamplesOfThread * tape.pool().threads());
  const MatrixView logits = tape.matrix(block, width);
  const MatrixView ones = tape.matrix(1, block);
  std::fill_n(ones.data, block, 1.0F);

  for (std::int64_t begin = 0; begin < examples; begin += block) {
    const std::int64_t n = std::min(block, examples - begin);
    const MatrixView z{logits.data, n, sampled, width};
    const ConstMatrixView q{s.query.row(begin), n, s.query.cols, s.query.stride};
    parallel_for(tape.pool(), n, kChunkExamples, [&](std::int64_t from, std::int64_t to) {
      const MatrixView scores{z.row(from), to - from, sampled, width};
      gemm(tape.pool(), Transpose::kNo, {q.row(from), to - from, q.cols, q.stride}, across, scores);
      for (std::int64_t r = from; r < to; ++r) {
        s.finish(begin + r, z.row(r), d_query.data != nullptr ? d_query.row(begin + r) : nullptr);
      }
      if (d_query.data == nullptr) return;
      const MatrixView d{d_query.row(begin + from), to - from, d_query.cols, d_query.stride};
      gemm(tape.pool(), Transpose::kNo, scores, down, d, true);
      if (options.scale != 1.0F) kernels::active().scale(options.scale, d.data, d.data, d.rows * d.cols);
    });
    if (d_rows.data != nullptr) {
      gemm(tape.pool(), tape.precision(q.cols), Transpose::kYes, z, Transpose::kNo, q, d_rows, true);
    }
    if (d_offset.data != nullptr)
      gemm(tape.pool(), Transpose::kNo, ConstMatrixView(ones.data, 1, n, n), Transpose::kNo, z, d_offset, true);
  }

  const MatrixView loss = tape.matrix(1, 1);
  *loss.data = static_cast<float>(internal::ordered_sum(s.losses));
  const Var result = tape.result(loss, s.learns_table() || s.learns_bias() || query.tracked());
  tape.record(result, [&tape, &s, query, d_query, d_rows, d_offset](ConstMatrixView d_loss) {
    const float seed = *d_loss.data;
    if (d_query.data != nullptr) {
      if (seed != 1.0F) kernels::active().scale(seed, d_query.data, d_query.data, d_query.rows * d_query.cols);
      tape.add_gradient(query, d_query);
    }
    if (s.learns_table()) spread_to_table(tape, s, d_rows, seed);
    if (s.learns_bias()) spread_to_bias(tape, s, {d_offset.data, s.negatives.size()}, seed);
  });
  return result;
}

}  // namespace kin
