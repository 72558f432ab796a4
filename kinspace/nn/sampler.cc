#include "kinspace/nn/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/radix_sort.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

constexpr std::int64_t kMostItems = std::int64_t{1} << 53;         // numbers that a double holds
constexpr std::int64_t kMostCounts = (std::int64_t{1} << 32) - 1;  // numbers that an alias holds
constexpr std::int64_t kDrawsPerItem = 1000;
constexpr std::int64_t kChunkIds = 256;

void check_items(std::int64_t items, std::int64_t most) {
  if (items < 1 || items > most) {
    throw Error::invalid_argument(fmt::format("a sampler needs 1 to {} items, not {}", most, items));
  }
}

/// A probability that is not 0 stays so.
float to_float(double p) noexcept {
  constexpr double kLeast = std::numeric_limits<float>::min();
  return p > 0 ? static_cast<float>(std::max(p, kLeast)) : 0.0F;
}

/// A set of non-negative numbers of known size, by open addressing.
class SmallSet {
 public:
  SmallSet(Arena& arena, std::int64_t size)
      : cells_(arena.array<std::int64_t>(std::bit_ceil(static_cast<std::size_t>(2 * size)))) {
    std::fill(cells_.begin(), cells_.end(), -1);
  }

  /// False if it was there.
  bool insert(std::int64_t value) noexcept {
    std::size_t cell = mix64(static_cast<std::uint64_t>(value)) & (cells_.size() - 1);
    while (cells_[cell] >= 0) {
      if (cells_[cell] == value) return false;
      cell = (cell + 1) & (cells_.size() - 1);
    }
    cells_[cell] = value;
    return true;
  }

 private:
  std::span<std::int64_t> cells_;
};

}  // namespace

Sampler Sampler::log_uniform(std::int64_t items) {
  check_items(items, kMostItems);
  Sampler sampler;
  sampler.items_ = items;
  sampler.possible_ = items;
  sampler.log_range_ = std::log(double(items) + 1.0);
  return sampler;
}

Sampler Sampler::unigram(std::span<const double> counts, double power) {
  const auto items = static_cast<std::int64_t>(counts.size());
  check_items(items, kMostCounts);
  Sampler sampler;
  sampler.items_ = items;
  sampler.probability_.resize(counts.size());
  double most = 0;
  for (const double count : counts) most = std::max(most, count);
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    // Relative to the largest, so that no power overflows.
    const double p = std::pow(most > 0 ? counts[i] / most : counts[i], power);
    if (!(counts[i] >= 0 && std::isfinite(counts[i]) && std::isfinite(p))) {
      throw Error::invalid_argument(
          fmt::format("unigram sampler: count {} of item {} to the power {} is no probability", counts[i], i, power));
    }
    sampler.probability_[i] = p;
    sum += p;
    if (p > 0) ++sampler.possible_;
  }
  if (sampler.possible_ == 0) throw Error::invalid_argument("unigram sampler: all counts are 0");
  for (double& p : sampler.probability_) p /= sum;

  // Vose's construction: cells with less than their share are filled up from those with more.
  std::vector<double> scaled(counts.size());
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    scaled[i] = sampler.probability_[i] * double(items);
    (scaled[i] < 1.0 ? poor : rich).push_back(static_cast<std::uint32_t>(i));
  }
  sampler.alias_.assign(counts.size(), Alias{1.0F, 0});
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t low = poor.back();
    const std::uint32_t high = rich.back();
    poor.pop_back();
    sampler.alias_[low] = {static_cast<float>(scaled[low]), high};
    scaled[high] -= 1.0 - scaled[low];
    if (scaled[high] < 1.0) {
      rich.pop_back();
      poor.push_back(high);
    }
  }
  // Left over by rounding; an item that cannot be drawn hands its cell to one that can.
  const auto likeliest = static_cast<std::uint32_t>(
      std::max_element(sampler.probability_.begin(), sampler.probability_.end()) - sampler.probability_.begin());
  for (const std::uint32_t i : poor) {
    if (sampler.probability_[i] == 0) sampler.alias_[i] = {0.0F, likeliest};
  }
  return sampler;
}

double Sampler::probability(std::int64_t item) const noexcept {
  if (!probability_.empty()) return probability_[static_cast<std::size_t>(item)];
  return std::log1p(1.0 / (double(item) + 1.0)) / log_range_;
}

std::int64_t Sampler::draw(RandomStream& stream) const noexcept {
  if (!alias_.empty()) {
    const std::uint64_t cell = stream.below(static_cast<std::uint64_t>(items_));
    const Alias& alias = alias_[cell];
    return static_cast<std::int64_t>(stream.uniform() < alias.keep ? cell : alias.other);
  }
  const auto item = static_cast<std::int64_t>(std::exp(stream.uniform_double() * log_range_)) - 1;
  return std::clamp<std::int64_t>(item, 0, items_ - 1);
}

Negatives Sampler::draw(Tape& tape, std::int64_t count) const {
  if (count < 1 || count > (possible_ + 1) / 2) {
    throw Error::invalid_argument(
        fmt::format("{} negatives cannot be drawn from {} items; at most half of them can", count, possible_),
        "take fewer negatives, or 0: the full softmax costs no more then");
  }
  RandomStream stream(tape.seed(), Purpose::kNegatives, static_cast<std::uint64_t>(tape.step()), tape.next_site());
  SmallSet seen(tape.arena(), count);
  const auto found_ids = tape.arena().array<std::uint64_t>(static_cast<std::size_t>(count));
  std::size_t found = 0;
  Negatives negatives;
  while (found < found_ids.size()) {
    if (negatives.draws++ == kDrawsPerItem * count) {
      throw Error::invalid_argument(
          fmt::format("{} draws gave only {} distinct negatives of {}: the sampler is too skewed",
                      kDrawsPerItem * count, found, count),
          "take fewer negatives or a smaller sampler_power");
    }
    const std::int64_t item = draw(stream);
    if (seen.insert(item)) found_ids[found++] = static_cast<std::uint64_t>(item);
  }
  const auto room = tape.arena().array<std::uint64_t>(found_ids.size());
  const auto sorted = radix_sort(found_ids, room, 0, std::bit_width(static_cast<std::uint64_t>(items_ - 1)));
  const auto ids = tape.arena().array<std::int64_t>(sorted.size());
  std::copy(sorted.begin(), sorted.end(), ids.begin());
  negatives.ids = ids;
  negatives.log_expected = log_expected(tape, ids, negatives);
  return negatives;
}

/// Of each item, 0 for ids below 0.
void Sampler::probabilities(std::span<const std::int64_t> ids, std::span<float> out) const {
  const bool counted = !probability_.empty();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= items_) {
      throw Error::invalid_argument(fmt::format("sampler: item {} is beyond the {} items", ids[i], items_));
    }
    out[i] = ids[i] < 0 ? 0.0F
             : counted  ? to_float(probability_[static_cast<std::size_t>(ids[i])])
                        : 1.0F / (static_cast<float>(ids[i]) + 1.0F);
  }
  if (counted) return;
  const kernels::Table& k = kernels::active();
  const auto n = static_cast<std::int64_t>(out.size());
  k.log1p(out.data(), out.data(), n);
  k.scale(static_cast<float>(1.0 / log_range_), out.data(), out.data(), n);
}

double Sampler::expected_count(std::int64_t item, std::int64_t draws) const noexcept {
  return -std::expm1(double(draws) * std::log1p(-probability(item)));
}

std::span<const float> Sampler::log_expected(Tape& tape, std::span<const std::int64_t> ids,
                                             const Negatives& negatives) const {
  const auto logs = tape.arena().array<float>(ids.size());
  parallel_for(tape.pool(), static_cast<std::int64_t>(ids.size()), kChunkIds,
               [&](std::int64_t begin, std::int64_t end) {
                 const auto n = static_cast<std::size_t>(end - begin);
                 const auto part = logs.subspan(static_cast<std::size_t>(begin), n);
                 probabilities(ids.subspan(static_cast<std::size_t>(begin), n), part);
                 kernels::active().log_expected_count(static_cast<float>(negatives.draws), part.data(), part.data(),
                                                      end - begin);
               });
  return logs;
}

}  // namespace kin
