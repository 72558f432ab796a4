#include "kinspace/nn/softmax_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/softmax.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

constexpr std::int64_t kChunkExamples = 4;

/// Examples in a block: its logits should stay near the processor, and a product wants some rows.
std::int64_t block_examples(std::int64_t items) noexcept {
  return std::clamp<std::int64_t>((std::int64_t{1} << 21) / items, 32, 256);
}

/// Inputs of one call, and what becomes of them.
struct FullSoftmax {
  ConstMatrixView query;  // scaled
  ConstMatrixView items;
  const float* bias;  // null: none
  SparseTensor targets;
  SparseTensor masked;  // without rows: none
  internal::TargetShares shares;
  std::span<float> target_logits;
  std::span<double> losses;

  /// Turns the logits of example b into the gradient of the loss by them, and notes the loss.
  void finish(std::int64_t b, float* z) const noexcept {
    const kernels::Table& k = kernels::active();
    const auto example = static_cast<std::size_t>(b);
    if (!shares.counts(targets, b)) {
      std::fill_n(z, items.rows, 0.0F);
      losses[example] = 0;
      return;
    }
    if (bias != nullptr) k.add(bias, z, items.rows);
    const auto first = static_cast<std::size_t>(targets.offsets[example]);
    const auto last = static_cast<std::size_t>(targets.offsets[example + 1]);
    for (std::size_t i = first; i < last; ++i) target_logits[i] = targets.ids[i] < 0 ? 0.0F : z[targets.ids[i]];
    mask(example, z);
    for (std::size_t i = first; i < last; ++i) {
      if (targets.ids[i] >= 0) z[targets.ids[i]] = target_logits[i];
    }
    const double log_sum = internal::softmax_in_place(z, items.rows, shares.factor);
    double loss = 0;
    for (std::size_t i = first; i < last; ++i) {
      if (shares.share[i] == 0) continue;
      loss += double(shares.share[i]) * (log_sum - double(target_logits[i]));
      z[targets.ids[i]] -= shares.factor * shares.share[i];
    }
    losses[example] = double(shares.factor) * loss;
  }

  void mask(std::size_t example, float* z) const noexcept {
    if (masked.offsets.empty()) return;
    const auto last = static_cast<std::size_t>(masked.offsets[example + 1]);
    for (auto i = static_cast<std::size_t>(masked.offsets[example]); i < last; ++i) {
      if (masked.ids[i] >= 0) z[masked.ids[i]] = -std::numeric_limits<float>::infinity();
    }
  }
};

void check_masked(const SparseTensor& masked, std::int64_t examples, std::int64_t items) {
  internal::check_sparse("softmax_loss", masked);
  if (masked.rows() != examples) {
    throw Error::internal(
        fmt::format("softmax_loss: masked ids of {} examples for {} queries", masked.rows(), examples));
  }
  for (const std::int64_t id : masked.ids) {
    if (id >= items) {
      throw Error::invalid_argument(fmt::format("softmax_loss: masked id {} is beyond the {} items", id, items));
    }
  }
}

MatrixView scaled(Tape& tape, ConstMatrixView m, float factor) {
  const MatrixView out = tape.matrix(m.rows, m.cols);
  for (std::int64_t r = 0; r < m.rows; ++r) kernels::active().scale(factor, m.row(r), out.row(r), m.cols);
  return out;
}

const float* contiguous_column(Tape& tape, Var column) {
  const MatrixView out = tape.matrix(column.rows(), 1);
  for (std::int64_t r = 0; r < out.rows; ++r) out.data[r] = *column.value().row(r);
  return out.data;
}

}  // namespace

Var softmax_loss(Tape& tape, Var query, Var items, Var bias, const SparseTensor& targets, const SoftmaxOptions& options,
                 const SparseTensor* masked) {
  const std::int64_t examples = query.rows();
  const std::int64_t count = items.rows();
  internal::check_shape("softmax_loss", "items", items.value(), count, query.cols());
  if (bias.exists()) internal::check_shape("softmax_loss", "bias", bias.value(), count, 1);
  if (masked != nullptr) check_masked(*masked, examples, count);
  const FullSoftmax s{scaled(tape, query.value(), options.scale),
                      items.value(),
                      bias.exists() ? contiguous_column(tape, bias) : nullptr,
                      targets,
                      masked != nullptr ? *masked : SparseTensor{},
                      internal::target_shares(tape, "softmax_loss", targets, examples, count, options.reduction),
                      tape.arena().array<float>(targets.ids.size()),
                      tape.arena().array<double>(static_cast<std::size_t>(examples))};

  const MatrixView d_query = query.tracked() ? tape.matrix(examples, query.cols()) : MatrixView{};
  const MatrixView d_items = items.tracked() ? tape.zeros(count, query.cols()) : MatrixView{};
  const MatrixView d_bias = bias.tracked() ? tape.zeros(count, 1) : MatrixView{};
  const std::int64_t block = std::min(block_examples(count), examples);
  const MatrixView logits = tape.matrix(block, count);
  const MatrixView ones = tape.matrix(1, block);
  std::fill_n(ones.data, block, 1.0F);
  const Precision precision = tape.precision(query.cols());

  for (std::int64_t begin = 0; begin < examples; begin += block) {
    const std::int64_t n = std::min(block, examples - begin);
    const MatrixView z{logits.data, n, count, count};
    const ConstMatrixView q{s.query.row(begin), n, s.query.cols, s.query.stride};
    gemm(tape.pool(), precision, Transpose::kNo, q, Transpose::kYes, s.items, z);
    parallel_for(tape.pool(), n, kChunkExamples, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t r = from; r < to; ++r) s.finish(begin + r, z.row(r));
    });
    if (d_query.data != nullptr) {
      const MatrixView d{d_query.row(begin), n, d_query.cols, d_query.stride};
      gemm(tape.pool(), precision, Transpose::kNo, z, Transpose::kNo, s.items, d);
      if (options.scale != 1.0F) kernels::active().scale(options.scale, d.data, d.data, n * d.cols);
    }
    if (d_items.data != nullptr) gemm(tape.pool(), precision, Transpose::kYes, z, Transpose::kNo, q, d_items, true);
    if (d_bias.data != nullptr) {
      gemm(tape.pool(), Transpose::kNo, ConstMatrixView(ones.data, 1, n, n), Transpose::kNo, z,
           MatrixView{d_bias.data, 1, count, count}, true);
    }
  }

  const MatrixView loss = tape.matrix(1, 1);
  *loss.data = static_cast<float>(internal::ordered_sum(s.losses));
  const Var result = tape.result(loss, query.tracked() || items.tracked() || bias.tracked());
  tape.record(result, [&tape, query, items, bias, d_query, d_items, d_bias](ConstMatrixView d_loss) {
    const auto pass = [&](Var to, MatrixView d) {
      if (d.data == nullptr) return;
      if (*d_loss.data != 1.0F) kernels::active().scale(*d_loss.data, d.data, d.data, d.rows * d.cols);
      tape.add_gradient(to, d);
    };
    pass(query, d_query);
    pass(items, d_items);
    pass(bias, d_bias);
  });
  return result;
}

}  // namespace kin
