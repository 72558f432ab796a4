#include "kinspace/index/exact.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

constexpr std::int64_t kQueryBlock = 256;   // rows are packed once for so many queries
constexpr std::int64_t kRowBlock = 512;     // 256 x 512 scores are 512 KiB: they stay in the second-level cache
constexpr std::int64_t kShard = 16384;      // rows of one task, so that a single query also uses all threads
constexpr std::int64_t kWaiting = 1 << 22;  // neighbours in the lists that wait to be merged: 64 MiB
constexpr std::int64_t kNormChunk = 4096;
constexpr float kNever = -std::numeric_limits<float>::infinity();

using Lists = std::vector<std::vector<Neighbour>>;

std::int64_t blocks_of(std::int64_t n, std::int64_t block) {
  return (n + block - 1) / block;
}

float inverse_norm(const float* v, std::int64_t n) noexcept {
  const float norm = std::sqrt(kernels::active().dot(v, v, n));
  return norm > 0.0F ? 1.0F / norm : 0.0F;
}

}  // namespace

Similarity parse_similarity(std::string_view text) {
  if (text == "cosine") return Similarity::kCosine;
  if (text == "dot") return Similarity::kDot;
  if (text == "l2") return Similarity::kL2;
  const std::string names[] = {"cosine", "dot", "l2"};
  throw Error::invalid_argument(fmt::format("there is no similarity {}{}", quoted(text), did_you_mean(text, names)),
                                "write cosine, dot or l2");
}

ExactIndex::ExactIndex(ThreadPool& pool, ConstMatrixView rows, Similarity similarity, std::span<const float> bias)
    : rows_(rows), similarity_(similarity), bias_(bias) {
  KIN_ASSERT(bias.empty() || similarity == Similarity::kDot);
  KIN_ASSERT(bias.empty() || static_cast<std::int64_t>(bias.size()) == rows.rows);
  if (similarity != Similarity::kCosine) return;
  inverse_norms_ = Buffer<float>(static_cast<std::size_t>(rows.rows));
  parallel_for(pool, rows.rows, kNormChunk, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      inverse_norms_[static_cast<std::size_t>(r)] = inverse_norm(rows.row(r), rows.cols);
    }
  });
}

/// One block of queries against one shard of the rows.
class ExactIndex::Task {
 public:
  Task(const ExactIndex& index, ThreadPool& pool, ConstMatrixView queries, std::int64_t k, const SparseTensor& excluded)
      : index_(index), pool_(pool), queries_(queries), k_(k), excluded_(excluded) {}

  std::int64_t shards() const { return blocks_of(index_.size(), kShard); }
  std::int64_t query_blocks() const { return blocks_of(queries_.rows, kQueryBlock); }
  std::int64_t queries_in(std::int64_t block) const {
    return std::min(kQueryBlock, queries_.rows - block * kQueryBlock);
  }

  /// The best of the shard for each query of the block; for l2 the scores are negated squared distances.
  Lists run(std::int64_t block, std::int64_t shard) const {
    const std::int64_t first = block * kQueryBlock;
    ConstMatrixView queries(queries_.row(first), queries_in(block), queries_.cols, queries_.stride);
    Matrix unit;
    if (index_.similarity_ == Similarity::kCosine) {
      unit = normalized(queries);
      queries = unit.view();
    }
    const std::vector<std::vector<std::int64_t>> excluded = excluded_of(first, queries.rows);
    std::vector<TopK> best(static_cast<std::size_t>(queries.rows), TopK(k_));
    const std::int64_t end = std::min(index_.size(), (shard + 1) * kShard);
    Matrix scores(queries.rows, std::min(kRowBlock, end - shard * kShard));
    for (std::int64_t begin = shard * kShard; begin < end; begin += kRowBlock) {
      const MatrixView out{scores.row(0), queries.rows, std::min(kRowBlock, end - begin), scores.cols()};
      score(queries, begin, out);
      for (std::int64_t q = 0; q < queries.rows; ++q) {
        const auto b = static_cast<std::size_t>(q);
        drop(excluded[b], begin, out.row(q), out.cols);
        best[b].offer_block({out.row(q), static_cast<std::size_t>(out.cols)}, begin);
      }
    }
    Lists lists;
    for (TopK& selection : best) lists.push_back(selection.take());
    return lists;
  }

  /// The list with scores as they are promised to the caller.
  std::vector<Neighbour> finished(std::vector<Neighbour> list) const {
    for (Neighbour& n : list) {
      if (index_.similarity_ == Similarity::kL2) n.score = std::sqrt(-n.score);
      if (index_.similarity_ == Similarity::kCosine) n.score = std::clamp(n.score, -1.0F, 1.0F);
    }
    return list;
  }

 private:
  static Matrix normalized(ConstMatrixView rows) {
    Matrix unit(rows.rows, rows.cols);
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      kernels::active().scale(inverse_norm(rows.row(r), rows.cols), rows.row(r), unit.row(r), rows.cols);
    }
    return unit;
  }

  void score(ConstMatrixView queries, std::int64_t first_row, MatrixView out) const {
    const kernels::Table& kernel = kernels::active();
    const ConstMatrixView rows(index_.rows_.row(first_row), out.cols, index_.rows_.cols, index_.rows_.stride);
    if (index_.similarity_ == Similarity::kL2) {
      for (std::int64_t q = 0; q < queries.rows; ++q) {
        for (std::int64_t r = 0; r < rows.rows; ++r) {
          out.row(q)[r] = -kernel.squared_distance(queries.row(q), rows.row(r), rows.cols);
        }
      }
      return;
    }
    gemm(pool_, Transpose::kNo, queries, Transpose::kYes, rows, out);
    for (std::int64_t q = 0; q < queries.rows; ++q) {
      if (index_.similarity_ == Similarity::kCosine) {
        kernel.multiply(index_.inverse_norms_.data() + first_row, out.row(q), out.cols);
      } else if (!index_.bias_.empty()) {
        kernel.add(index_.bias_.data() + first_row, out.row(q), out.cols);
      }
    }
  }

  static void drop(std::span<const std::int64_t> excluded, std::int64_t first_row, float* scores, std::int64_t n) {
    const auto begin = std::lower_bound(excluded.begin(), excluded.end(), first_row);
    for (auto it = begin; it != excluded.end() && *it < first_row + n; ++it) scores[*it - first_row] = kNever;
  }

  /// The excluded rows of each query of a block, sorted.
  std::vector<std::vector<std::int64_t>> excluded_of(std::int64_t first, std::int64_t count) const {
    std::vector<std::vector<std::int64_t>> lists(static_cast<std::size_t>(count));
    if (excluded_.rows() == 0) return lists;
    for (std::int64_t q = 0; q < count; ++q) {
      const auto b = static_cast<std::size_t>(first + q);
      const auto begin = static_cast<std::size_t>(excluded_.offsets[b]);
      const auto ids = excluded_.ids.subspan(begin, static_cast<std::size_t>(excluded_.offsets[b + 1]) - begin);
      auto& list = lists[static_cast<std::size_t>(q)];
      list.assign(ids.begin(), ids.end());
      std::sort(list.begin(), list.end());
    }
    return lists;
  }

  const ExactIndex& index_;
  ThreadPool& pool_;
  ConstMatrixView queries_;
  std::int64_t k_;
  const SparseTensor& excluded_;
};

std::vector<std::vector<Neighbour>> ExactIndex::search(ThreadPool& pool, ConstMatrixView queries, std::int64_t k,
                                                       const SparseTensor& excluded) const {
  if (k < 1) throw Error::invalid_argument(fmt::format("search: k = {}; at least 1 is needed", k));
  KIN_ASSERT(queries.cols == rows_.cols);
  KIN_ASSERT(excluded.rows() == 0 || excluded.rows() == queries.rows);
  Lists results(static_cast<std::size_t>(queries.rows));
  if (size() == 0 || queries.rows == 0) return results;

  k = std::min(k, size());
  const Task task(*this, pool, queries, k, excluded);
  const std::int64_t shards = task.shards();
  const std::int64_t blocks_at_once =
      std::max<std::int64_t>(1, kWaiting / (shards * kQueryBlock * std::min(k, kShard)));
  for (std::int64_t first = 0; first < task.query_blocks(); first += blocks_at_once) {
    const std::int64_t blocks = std::min(blocks_at_once, task.query_blocks() - first);
    std::vector<Lists> parts(static_cast<std::size_t>(blocks * shards));
    pool.run(blocks * shards,
             [&](std::int64_t i) { parts[static_cast<std::size_t>(i)] = task.run(first + i / shards, i % shards); });
    pool.run(blocks, [&](std::int64_t block) {
      for (std::int64_t q = 0; q < task.queries_in(first + block); ++q) {
        TopK best(k);
        for (std::int64_t s = 0; s < shards; ++s) {
          for (const Neighbour& n : parts[static_cast<std::size_t>(block * shards + s)][static_cast<std::size_t>(q)]) {
            best.offer(n);
          }
        }
        results[static_cast<std::size_t>((first + block) * kQueryBlock + q)] = task.finished(best.take());
      }
    });
  }
  return results;
}

}  // namespace kin
