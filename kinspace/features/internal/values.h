#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin::internal {

/// A string inside Values::bytes.
struct Piece {
  std::uint32_t begin;
  std::uint32_t size;
};

/// What a categorical column reads from a batch: a list of integers or strings for each row, behind one another.
/// Borrows from the batch and from the reader; lives until the reader's next call.
struct Values {
  bool integers = false;
  std::span<const std::int64_t> numbers;  ///< where integers
  std::span<const Piece> pieces;          ///< else
  const char* bytes = nullptr;
  bool coded = false;                      ///< value i is piece codes[i]; more pieces come, and none changes
  std::span<const std::int32_t> codes;     ///< where coded
  std::shared_ptr<const void> dictionary;  ///< as long as it is the same
  std::vector<std::int64_t> offsets;       ///< rows + 1
  std::vector<std::int32_t> positions;     ///< place of each value in its list
  std::vector<float> weights;              ///< of values with their weights in the cell

  std::size_t size() const noexcept { return integers ? numbers.size() : coded ? codes.size() : pieces.size(); }
  std::string_view piece(std::size_t at) const noexcept { return {bytes + pieces[at].begin, pieces[at].size}; }
  std::string_view string(std::size_t i) const noexcept {
    return piece(coded ? static_cast<std::size_t>(codes[i]) : i);
  }

  /// Value i for a message.
  std::string text(std::size_t i) const;

  /// The list that value i belongs to.
  std::size_t row_of(std::size_t i) const noexcept;
};

/// What was made of the strings that codes mean, so that it is made once for each.
class CodeCache {
 public:
  /// One entry a piece of coded values; make(text) gives a new one.
  template <class Make>
  const std::int64_t* all(const Values& values, Make make) {
    follow(values);
    for (std::size_t at = made_.size(); at < values.pieces.size(); ++at) made_.push_back(make(values.piece(at)));
    return made_.data();
  }

  /// The entry of one piece, made when it first comes; never -1.
  template <class Make>
  std::int64_t one(std::size_t at, const Values& values, Make make) {
    if (at >= made_.size()) made_.resize(values.pieces.size(), -1);
    if (made_[at] < 0) made_[at] = make(values.piece(at));
    return made_[at];
  }

  /// To be called with every batch before one().
  void follow(const Values& values) {
    if (dictionary_ == values.dictionary) return;
    dictionary_ = values.dictionary;
    made_.clear();
  }

  void clear() { dictionary_.reset(), made_.clear(); }

 private:
  std::shared_ptr<const void> dictionary_;
  std::vector<std::int64_t> made_;
};

}  // namespace kin::internal
