#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/index/top_k.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

enum class Similarity : std::uint8_t { kCosine, kDot, kL2 };

/// Reads "cosine", "dot" or "l2". Errors: kInvalidArgument naming `text` and what is needed.
Similarity parse_similarity(std::string_view text);

/// Exact search for the best rows of a matrix: every row is looked at.
///
///   cosine   q . r / (|q| |r|), within [-1, 1]; 0 when either vector is zero. Larger is nearer.
///   dot      q . r + bias[r]. Larger is better.
///   l2       |q - r|, the Euclidean distance. Smaller is nearer. Computed from the differences, not from dot products:
///            those cancel where vectors lie far from 0.
///
/// Ties     by smaller row.
/// Memory   borrows the matrix and the bias, which must outlive the index and stay as they are; cosine adds 4 N bytes.
/// Threads  any number of searches at once, each with its own pool.
class ExactIndex {
 public:
  /// Shapes   rows [N, D], any stride; bias has N values or none, and only dot takes one.
  /// Errors   kInternal when the shapes do not fit.
  ExactIndex(ThreadPool& pool, ConstMatrixView rows, Similarity similarity, std::span<const float> bias = {});

  std::int64_t size() const noexcept { return rows_.rows; }

  /// The k best rows of each query, best first; fewer where fewer rows are left. `Neighbour::score` is the value above.
  /// Rows whose dot or cosine is -inf or NaN are left out.
  ///
  /// Shapes   queries [B, D]; `excluded` holds for each query the rows to leave out, in any order (outside [0, N) they
  ///          mean nothing), or has no rows at all: then nothing is left out.
  /// Errors   kInvalidArgument when k < 1, kInternal when the shapes do not fit.
  /// Cost     2 B N D FLOP in blocked matrix products (l2: 3 B N D without blocks), selection beside it is cheap;
  ///          about 1 MiB a thread, and up to 8192 packed rows. Results do not depend on the number of threads.
  std::vector<std::vector<Neighbour>> search(ThreadPool& pool, ConstMatrixView queries, std::int64_t k,
                                             const SparseTensor& excluded = {}) const;

 private:
  class Search;

  ConstMatrixView rows_;
  Similarity similarity_;
  std::span<const float> bias_;
  Buffer<float> inverse_norms_;  // of the rows, for cosine
};

}  // namespace kin
