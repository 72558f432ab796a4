#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/nn/tape.h"

namespace kin {

/// Items drawn for one batch. The spans live in the arena of the step.
struct Negatives {
  std::span<const std::int64_t> ids = {};    ///< S, rising when drawn by a Sampler; given ones may come in any order
  std::span<const float> log_expected = {};  ///< S logarithms of expected counts, or none: logits are not corrected
  std::int64_t draws = 0;                    ///< how many draws it took until S were distinct
};

/// What negative items are drawn from.
class Sampler {
 public:
  /// P(i) = log((i + 2) / (i + 1)) / log(N + 1): Zipf's law for items ordered by falling frequency.
  static Sampler log_uniform(std::int64_t items);

  /// P(i) proportional to count[i] ^ power (0 ^ 0 = 1), drawn by an alias table of 16 bytes an item (Walker 1977).
  /// Errors: kInvalidArgument when a count is negative or not finite, or all probabilities are 0.
  static Sampler unigram(std::span<const double> counts, double power);

  std::int64_t items() const noexcept { return items_; }
  double probability(std::int64_t item) const noexcept;

  /// One item.
  std::int64_t draw(RandomStream& stream) const noexcept;

  /// S distinct items, drawn until there are S, with the logarithms of their expected counts; a function of (seed,
  /// step, which draw of the step). Errors: kInvalidArgument when S is more than half of the items that can be drawn,
  /// or the distribution is so skewed that 1000 S draws do not find S.
  Negatives draw(Tape& tape, std::int64_t count) const;

  /// Expected number of times that an item is in a sample which took so many draws: 1 - (1 - P)^draws.
  double expected_count(std::int64_t item, std::int64_t draws) const noexcept;

  /// Logarithms of the expected counts of `ids`, as logits of targets are corrected by; 0 where an item cannot be drawn
  /// or the id is below 0. Errors: kInvalidArgument when an id is N or more.
  std::span<const float> log_expected(Tape& tape, std::span<const std::int64_t> ids, const Negatives& negatives) const;

 private:
  Sampler() = default;

  void probabilities(std::span<const std::int64_t> ids, std::span<float> out) const;

  struct Alias {
    float keep;  ///< probability of the item itself once its cell is drawn
    std::uint32_t other;
  };

  std::int64_t items_ = 0;
  std::int64_t possible_ = 0;        // items of probability above 0
  double log_range_ = 0;             // log(N + 1), of the log-uniform kind
  std::vector<double> probability_;  // of the unigram kind
  std::vector<Alias> alias_;
};

}  // namespace kin
