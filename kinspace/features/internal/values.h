#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/kernels/text_cells.h"

namespace kin::internal {

/// A string inside Values::bytes.
using Piece = kernels::TextPiece;

/// What a categorical column reads from a batch: a list of integers or strings for each row, behind one another.
/// Borrows from the batch and from the reader; lives until the reader's next call.
struct Values {
  bool integers = false;
  std::span<const std::int64_t> numbers;  ///< where integers
  std::span<const Piece> pieces;          ///< else
  const char* bytes = nullptr;
  std::uint32_t bytes_end = 0;             ///< bytes before it may be read
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

/// What was found for the strings that codes mean, so that each is sought once.
class CodeCache {
 public:
  /// find(i) for each of the coded values, or what it gave for the same string before; it is called in their order.
  template <class Find>
  void get(const Values& values, std::span<std::int64_t> out, Find find) {
    if (dictionary_ != values.dictionary) found_.clear();
    dictionary_ = values.dictionary;
    found_.resize(values.pieces.size(), kNotYet);
    bool all = true;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = found_[static_cast<std::size_t>(values.codes[i])];
      all &= out[i] != kNotYet;
    }
    for (std::size_t i = 0; !all && i < out.size(); ++i) {
      std::int64_t& entry = found_[static_cast<std::size_t>(values.codes[i])];
      if (entry == kNotYet) entry = find(i);
      out[i] = entry;
    }
  }

 private:
  static constexpr std::int64_t kNotYet = std::numeric_limits<std::int64_t>::min();

  std::shared_ptr<const void> dictionary_;
  std::vector<std::int64_t> found_;
};

}  // namespace kin::internal
