#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kin {

/// A row of a searched matrix and how good it is.
struct Neighbour {
  std::int64_t row = 0;
  float score = 0;

  bool operator==(const Neighbour&) const = default;
};

/// The order of results: the larger score first, ties by the smaller row. An object, so that sorting inlines it.
struct RanksBefore {
  constexpr bool operator()(const Neighbour& a, const Neighbour& b) const noexcept {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
  }
};
inline constexpr RanksBefore ranks_before;

/// Keeps the k best of the rows offered; what is kept does not depend on the order of the offers.
///
/// Scores   -inf is never kept: it marks what is left out. NaN is passed over.
/// Cost     offering n scores costs about one look at each, plus O(1) for each of the few (about 2 k log2(n / k) in
///          random order) that are good enough when they come. Memory for 2 k.
class TopK {
 public:
  /// k >= 0; 0 keeps nothing.
  explicit TopK(std::int64_t k);

  void clear() noexcept;

  void offer(Neighbour candidate);

  /// Offers rows first_row, first_row + 1, ... with these scores, all compared by vectors with the worst one kept.
  void offer_block(std::span<const float> scores, std::int64_t first_row);

  /// What was kept, best first; at most k. The selection is empty then.
  std::vector<Neighbour> take();

 private:
  void cut();

  std::size_t k_;
  std::vector<Neighbour> kept_;  // cut to the best k whenever it holds 2 k
  Neighbour worst_;              // the k-th best at the last cut: what does not rank before it is out
};

}  // namespace kin
