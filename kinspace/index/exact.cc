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

constexpr std::int64_t kQueryBlock = 84;    // whole register tiles of every instruction set
constexpr std::int64_t kRowBlock = 2048;    // 84 x 2048 scores are 672 KiB: they stay in the second-level cache
constexpr std::int64_t kApart = 16;         // floats between rows of scores, or they would share sets of the caches
constexpr std::int64_t kPackedRows = 4096;  // packed at a time for all blocks of queries
constexpr std::int64_t kTasks = 8;          // at least so many where there are rows enough, for as many threads
constexpr std::int64_t kLeastShard = 8192;  // rows of a task
constexpr std::int64_t kWaiting = 1 << 22;  // neighbours in the lists of one group of queries: 64 MiB
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

/// Memory for the scores of one block, kept from call to call by each thread.
float* scores_memory(std::int64_t floats) {
  thread_local Buffer<float> memory;
  if (static_cast<std::int64_t>(memory.size()) < floats) memory = Buffer<float>(static_cast<std::size_t>(floats));
  return memory.data();
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

/// A group of queries. Rows are cut into shards for the threads and each shard into pieces, over which all blocks of
/// queries go before the next, so that a piece is packed once for all of them. Each query keeps a list for each shard.
class ExactIndex::Search {
 public:
  Search(const ExactIndex& index, ThreadPool& pool, ConstMatrixView queries, std::int64_t k,
         const SparseTensor& excluded, std::int64_t first_query)
      : index_(index),
        pool_(pool),
        unit_(index.similarity_ == Similarity::kCosine ? normalized(queries) : Matrix()),
        queries_(index.similarity_ == Similarity::kCosine ? static_cast<const Matrix&>(unit_).view() : queries),
        excluded_(excluded_of(excluded, first_query, queries.rows)),
        blocks_(blocks_of(queries.rows, kQueryBlock)),
        shard_rows_(shard_rows(index.size(), queries.rows)),
        shards_(blocks_of(index.size(), shard_rows_)),
        packs_(blocks_ > 1 && index.similarity_ != Similarity::kL2),
        best_(static_cast<std::size_t>(shards_ * queries.rows), TopK(k)) {}

  /// Rows of a shard, so that there is work for some threads; a multiple of kRowBlock.
  static std::int64_t shard_rows(std::int64_t rows, std::int64_t queries) {
    const std::int64_t shards = blocks_of(kTasks, blocks_of(queries, kQueryBlock));
    return blocks_of(std::max(std::min(rows, kLeastShard), blocks_of(rows, shards)), kRowBlock) * kRowBlock;
  }

  /// Looks at all rows and takes the best of query q into lists[q].
  void run(std::span<std::vector<Neighbour>> lists) {
    const std::int64_t piece =
        packs_ ? std::clamp(kPackedRows / shards_ / kRowBlock * kRowBlock, kRowBlock, shard_rows_) : shard_rows_;
    const std::int64_t floats = packs_ ? packed_right_floats(queries_.cols, kRowBlock) : 0;
    Buffer<float> memory(static_cast<std::size_t>(shards_ * piece / kRowBlock * floats));
    std::vector<PackedRight> packed(packs_ ? static_cast<std::size_t>(shards_ * piece / kRowBlock) : 0);
    for (std::int64_t from = 0; from < shard_rows_; from += piece) {
      pool_.run(static_cast<std::int64_t>(packed.size()), [&](std::int64_t i) {
        const ConstMatrixView rows = row_block(i % shards_, from + i / shards_ * kRowBlock);
        if (rows.rows == 0) return;
        packed[static_cast<std::size_t>(i)] = pack_right(pool_, Transpose::kYes, rows, memory.data() + i * floats);
      });
      pool_.run(blocks_ * shards_, [&](std::int64_t task) {
        for (std::int64_t i = 0; i * kRowBlock < piece; ++i) {
          const PackedRight* right = packs_ ? &packed[static_cast<std::size_t>(i * shards_ + task % shards_)] : nullptr;
          look_at(task / shards_, task % shards_, from + i * kRowBlock, right);
        }
      });
    }
    pool_.run(blocks_, [&](std::int64_t block) {
      for (std::int64_t q = block * kQueryBlock; q < std::min(queries_.rows, (block + 1) * kQueryBlock); ++q) {
        TopK& best = best_of(0, q);
        for (std::int64_t shard = 1; shard < shards_; ++shard) {
          for (const Neighbour& n : best_of(shard, q).take()) best.offer(n);
        }
        lists[static_cast<std::size_t>(q)] = finished(best.take());
      }
    });
  }

 private:
  TopK& best_of(std::int64_t shard, std::int64_t query) {
    return best_[static_cast<std::size_t>(shard * queries_.rows + query)];
  }

  /// The rows of a shard from its row `from` on, at most kRowBlock; none behind its end.
  ConstMatrixView row_block(std::int64_t shard, std::int64_t from) const {
    const std::int64_t begin = shard * shard_rows_ + from;
    const std::int64_t end = std::min({index_.size(), (shard + 1) * shard_rows_, begin + kRowBlock});
    const ConstMatrixView& rows = index_.rows_;
    return {rows.row(std::min(begin, rows.rows)), std::max<std::int64_t>(0, end - begin), rows.cols, rows.stride};
  }

  /// One block of queries against one block of rows.
  void look_at(std::int64_t block, std::int64_t shard, std::int64_t from, const PackedRight* packed) {
    const ConstMatrixView rows = row_block(shard, from);
    if (rows.rows == 0) return;
    const std::int64_t first = block * kQueryBlock;
    const ConstMatrixView queries(queries_.row(first), std::min(kQueryBlock, queries_.rows - first), queries_.cols,
                                  queries_.stride);
    const std::int64_t stride = rows.rows + kApart;
    const MatrixView out{scores_memory(queries.rows * stride), queries.rows, rows.rows, stride};
    const std::int64_t begin = shard * shard_rows_ + from;
    score(queries, rows, packed, begin, out);
    for (std::int64_t q = 0; q < queries.rows; ++q) {
      drop(excluded_[static_cast<std::size_t>(first + q)], begin, out.row(q), out.cols);
      best_of(shard, first + q).offer_block({out.row(q), static_cast<std::size_t>(out.cols)}, begin);
    }
  }

  /// For l2 the negated squared distances.
  void score(ConstMatrixView queries, ConstMatrixView rows, const PackedRight* packed, std::int64_t first_row,
             MatrixView out) const {
    const kernels::Table& kernel = kernels::active();
    if (index_.similarity_ == Similarity::kL2) {
      for (std::int64_t q = 0; q < queries.rows; ++q) {
        for (std::int64_t r = 0; r < rows.rows; ++r) {
          out.row(q)[r] = -kernel.squared_distance(queries.row(q), rows.row(r), rows.cols);
        }
      }
      return;
    }
    if (packed != nullptr) {
      gemm(pool_, Transpose::kNo, queries, *packed, out);
    } else {
      gemm(pool_, Transpose::kNo, queries, Transpose::kYes, rows, out);
    }
    for (std::int64_t q = 0; q < queries.rows; ++q) {
      if (index_.similarity_ == Similarity::kCosine) {
        kernel.multiply(index_.inverse_norms_.data() + first_row, out.row(q), out.cols);
      } else if (!index_.bias_.empty()) {
        kernel.add(index_.bias_.data() + first_row, out.row(q), out.cols);
      }
    }
  }

  /// The list with scores as they are promised to the caller.
  std::vector<Neighbour> finished(std::vector<Neighbour> list) const {
    for (Neighbour& n : list) {
      if (index_.similarity_ == Similarity::kL2) n.score = std::sqrt(-n.score);
      if (index_.similarity_ == Similarity::kCosine) n.score = std::clamp(n.score, -1.0F, 1.0F);
    }
    return list;
  }

  static Matrix normalized(ConstMatrixView rows) {
    Matrix unit(rows.rows, rows.cols);
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      kernels::active().scale(inverse_norm(rows.row(r), rows.cols), rows.row(r), unit.row(r), rows.cols);
    }
    return unit;
  }

  static void drop(std::span<const std::int64_t> excluded, std::int64_t first_row, float* scores, std::int64_t n) {
    const auto begin = std::lower_bound(excluded.begin(), excluded.end(), first_row);
    for (auto it = begin; it != excluded.end() && *it < first_row + n; ++it) scores[*it - first_row] = kNever;
  }

  /// The excluded rows of each query of the group, sorted.
  static std::vector<std::vector<std::int64_t>> excluded_of(const SparseTensor& excluded, std::int64_t first,
                                                            std::int64_t count) {
    std::vector<std::vector<std::int64_t>> lists(static_cast<std::size_t>(count));
    if (excluded.rows() == 0) return lists;
    for (std::int64_t q = 0; q < count; ++q) {
      const auto b = static_cast<std::size_t>(first + q);
      const auto begin = static_cast<std::size_t>(excluded.offsets[b]);
      const auto ids = excluded.ids.subspan(begin, static_cast<std::size_t>(excluded.offsets[b + 1]) - begin);
      auto& list = lists[static_cast<std::size_t>(q)];
      list.assign(ids.begin(), ids.end());
      std::sort(list.begin(), list.end());
    }
    return lists;
  }

  const ExactIndex& index_;
  ThreadPool& pool_;
  Matrix unit_;
  ConstMatrixView queries_;
  std::vector<std::vector<std::int64_t>> excluded_;
  std::int64_t blocks_;
  std::int64_t shard_rows_;
  std::int64_t shards_;
  bool packs_;
  std::vector<TopK> best_;
};

std::vector<std::vector<Neighbour>> ExactIndex::search(ThreadPool& pool, ConstMatrixView queries, std::int64_t k,
                                                       const SparseTensor& excluded) const {
  if (k < 1) throw Error::invalid_argument(fmt::format("search: k = {}; at least 1 is needed", k));
  KIN_ASSERT(queries.cols == rows_.cols);
  KIN_ASSERT(excluded.rows() == 0 || excluded.rows() == queries.rows);
  Lists results(static_cast<std::size_t>(queries.rows));
  if (size() == 0 || queries.rows == 0) return results;

  k = std::min(k, size());
  // A list holds up to 2 k before it is cut.
  const std::int64_t shard = Search::shard_rows(size(), queries.rows);
  const std::int64_t block_lists = kQueryBlock * blocks_of(size(), shard) * std::min(2 * k, shard);
  const std::int64_t at_once = std::max<std::int64_t>(1, kWaiting / block_lists) * kQueryBlock;
  for (std::int64_t first = 0; first < queries.rows; first += at_once) {
    const std::int64_t count = std::min(at_once, queries.rows - first);
    Search group(*this, pool, {queries.row(first), count, queries.cols, queries.stride}, k, excluded, first);
    group.run(std::span(results).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
  }
  return results;
}

}  // namespace kin
