#include "kinspace/estimator/floors.h"

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"

namespace kin {
namespace {

constexpr double kShrinkage = 10.0;
constexpr std::int64_t kNeighboursAtOnce = 1 << 23;  // 64 MiB of neighbourhoods
constexpr std::int64_t kItemsPerChunk = 32;
constexpr std::int64_t kCasesPerChunk = 4;

void sort_unique(std::vector<std::uint32_t>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

PopularityScorer::PopularityScorer(const TrainingPart& training)
    : scores_(training.item_events.begin(), training.item_events.end()) {}

void PopularityScorer::score(std::span<const Case> cases, MatrixView scores) {
  KIN_ASSERT(scores.cols == static_cast<std::int64_t>(scores_.size()));
  for (std::size_t c = 0; c < cases.size(); ++c) {
    std::copy(scores_.begin(), scores_.end(), scores.row(static_cast<std::int64_t>(c)));
  }
}

ItemKnnScorer::ItemKnnScorer(ThreadPool& pool, const Histories& histories, const TrainingPart& training) : pool_(pool) {
  const auto items = static_cast<std::size_t>(histories.item_count());
  const std::int64_t groups = histories.group_count();
  group_items_.reserve(static_cast<std::size_t>(training.events));
  item_offsets_.assign(items + 1, 0);
  group_offsets_.push_back(0);
  for (std::int64_t g = 0; g < groups; ++g) {
    const auto length = static_cast<std::size_t>(training.lengths[static_cast<std::size_t>(g)]);
    const std::span<const std::uint32_t> history = histories.group(g).first(length);
    std::vector<std::uint32_t> distinct(history.begin(), history.end());
    sort_unique(distinct);
    group_items_.insert(group_items_.end(), distinct.begin(), distinct.end());
    group_offsets_.push_back(static_cast<std::int64_t>(group_items_.size()));
    for (const std::uint32_t item : distinct) ++item_offsets_[item + 1];
  }
  for (std::size_t i = 0; i < items; ++i) item_offsets_[i + 1] += item_offsets_[i];

  item_groups_.resize(group_items_.size());
  walks_.assign(items, 0);
  std::vector<std::int64_t> next(item_offsets_.begin(), item_offsets_.end() - 1);
  for (std::uint32_t g = 0; g < static_cast<std::uint32_t>(groups); ++g) {
    const std::span<const std::uint32_t> distinct = items_of(g);
    for (const std::uint32_t item : distinct) {
      item_groups_[static_cast<std::size_t>(next[item]++)] = g;
      walks_[item] += static_cast<std::int64_t>(distinct.size());
    }
  }
}

std::span<const std::uint32_t> ItemKnnScorer::items_of(std::uint32_t group) const noexcept {
  const auto begin = static_cast<std::size_t>(group_offsets_[group]);
  return std::span(group_items_).subspan(begin, static_cast<std::size_t>(group_offsets_[group + 1]) - begin);
}

std::span<const std::uint32_t> ItemKnnScorer::groups_of(std::uint32_t item) const noexcept {
  const auto begin = static_cast<std::size_t>(item_offsets_[item]);
  return std::span(item_groups_).subspan(begin, static_cast<std::size_t>(item_offsets_[item + 1]) - begin);
}

std::vector<std::uint32_t> ItemKnnScorer::context_items(std::span<const Case> cases) const {
  std::vector<std::uint32_t> items;
  for (const Case& one : cases) items.insert(items.end(), one.context.begin(), one.context.end());
  sort_unique(items);
  return items;
}

std::int64_t ItemKnnScorer::most_neighbours(std::uint32_t item) const {
  return std::min(walks_[item], static_cast<std::int64_t>(walks_.size()));
}

// `together` [N] is all 0 before and after.
ItemKnnScorer::Neighbourhood ItemKnnScorer::neighbourhood(std::uint32_t item, std::span<std::uint32_t> together) const {
  Neighbourhood near;
  for (const std::uint32_t group : groups_of(item)) {
    for (const std::uint32_t other : items_of(group)) {
      if (together[other]++ == 0) near.items.push_back(other);
    }
  }
  const auto n = static_cast<double>(groups_of(item).size());
  near.similarities.reserve(near.items.size());
  for (const std::uint32_t other : near.items) {
    const double cosine_denominator = std::sqrt(n * static_cast<double>(groups_of(other).size()));
    const double similarity = static_cast<double>(together[other]) / (cosine_denominator + kShrinkage);
    near.similarities.push_back(other == item ? 0.0F : static_cast<float>(similarity));
    together[other] = 0;
  }
  return near;
}

std::vector<ItemKnnScorer::Neighbourhood> ItemKnnScorer::neighbourhoods(std::span<const std::uint32_t> items) const {
  std::vector<Neighbourhood> near(items.size());
  parallel_for(pool_, static_cast<std::int64_t>(items.size()), kItemsPerChunk,
               [&](std::int64_t begin, std::int64_t end) {
                 std::vector<std::uint32_t> together(walks_.size());
                 for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
                   near[i] = neighbourhood(items[i], together);
                 }
               });
  return near;
}

std::size_t ItemKnnScorer::fitting(std::span<const std::uint32_t> items) const {
  std::size_t count = 1;
  for (std::int64_t size = most_neighbours(items[0]); count < items.size(); ++count) {
    size += most_neighbours(items[count]);
    if (size > kNeighboursAtOnce) break;
  }
  return count;
}

void ItemKnnScorer::score(std::span<const Case> cases, MatrixView scores) {
  KIN_ASSERT(scores.cols == static_cast<std::int64_t>(walks_.size()));
  std::vector<std::vector<std::uint32_t>> contexts;  // sorted
  for (std::size_t c = 0; c < cases.size(); ++c) {
    std::fill_n(scores.row(static_cast<std::int64_t>(c)), scores.cols, 0.0F);
    contexts.emplace_back(cases[c].context.begin(), cases[c].context.end());
    std::sort(contexts.back().begin(), contexts.back().end());
  }
  // Neighbourhoods are counted once for all cases, as many items at a time as memory allows; each case adds those of
  // its context by rising item, wherever the cuts lie.
  const std::vector<std::uint32_t> items = context_items(cases);
  std::span<const std::uint32_t> left(items);
  while (!left.empty()) {
    const std::span<const std::uint32_t> some = left.first(fitting(left));
    left = left.subspan(some.size());
    const std::vector<Neighbourhood> near = neighbourhoods(some);
    parallel_for(pool_, static_cast<std::int64_t>(cases.size()), kCasesPerChunk,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t c = begin; c < end; ++c) {
                     const std::vector<std::uint32_t>& context = contexts[static_cast<std::size_t>(c)];
                     auto it = std::lower_bound(context.begin(), context.end(), some.front());
                     for (; it != context.end() && *it <= some.back(); ++it) {
                       const auto slot = std::lower_bound(some.begin(), some.end(), *it) - some.begin();
                       near[static_cast<std::size_t>(slot)].add_to(scores.row(c));
                     }
                   }
                 });
  }
}

double ItemKnnScorer::cost(std::span<const Case> cases) const {
  const auto items = static_cast<std::int64_t>(walks_.size());
  const auto block = static_cast<std::size_t>(cases_at_once(items));
  double steps = 0;
  for (std::size_t first = 0; first < cases.size(); first += block) {
    const std::span<const Case> some = cases.subspan(first, std::min(block, cases.size() - first));
    for (const std::uint32_t item : context_items(some)) steps += static_cast<double>(walks_[item]);
    for (const Case& one : some) {
      steps += static_cast<double>(items);
      for (const std::uint32_t item : one.context) steps += static_cast<double>(most_neighbours(item));
    }
  }
  return steps;
}

}  // namespace kin
