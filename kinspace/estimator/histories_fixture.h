#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/file.h"
#include "kinspace/base/random.h"
#include "kinspace/data/histories.h"
#include "kinspace/data/read_histories.h"
#include "kinspace/data/split.h"

/// Histories for the tests of this folder.
namespace kin::test {

/// Groups and items with the keys 0, 1, 2, ...
inline Histories make_histories(const std::vector<std::vector<std::uint32_t>>& groups, std::int64_t items) {
  Histories histories;
  histories.offsets = {0};
  std::vector<std::uint32_t> events;
  for (const auto& group : groups) {
    events.insert(events.end(), group.begin(), group.end());
    histories.offsets.push_back(static_cast<std::int64_t>(events.size()));
  }
  histories.items = Buffer<std::uint32_t>(events.size());
  std::copy(events.begin(), events.end(), histories.items.data());
  std::vector<std::int64_t> group_keys(groups.size());
  std::vector<std::int64_t> item_keys(static_cast<std::size_t>(items));
  std::iota(group_keys.begin(), group_keys.end(), 0);
  std::iota(item_keys.begin(), item_keys.end(), 0);
  histories.groups = KeyList(std::move(group_keys));
  histories.item_keys = KeyList(std::move(item_keys));
  return histories;
}

/// `groups` histories of 0 to `longest` items out of `items`; items may repeat.
inline Histories random_histories(std::int64_t groups, std::int64_t longest, std::int64_t items, std::uint64_t seed) {
  RandomStream random(seed, Purpose::kInit, 0, 0);
  std::vector<std::vector<std::uint32_t>> lists(static_cast<std::size_t>(groups));
  for (auto& list : lists) {
    list.resize(random.below(static_cast<std::uint64_t>(longest) + 1));
    for (auto& item : list) item = static_cast<std::uint32_t>(random.below(static_cast<std::uint64_t>(items)));
  }
  return make_histories(lists, items);
}

/// The part of each group in fold s of five, as the protocols have it.
inline std::vector<Part> fold_parts(const Histories& histories, std::int64_t s) {
  return split_by_fold(key_numbers(histories.groups), 5, s);
}

inline std::string demo_path() {
  const char* directory = std::getenv("KIN_DEMO_DATA");
  return std::string(directory != nullptr ? directory : KIN_SOURCE_DIR "/build/demo") + "/ratings.csv";
}

/// The histories of MovieLens as the demo has it; nothing where the file is absent.
inline std::optional<Histories> demo_histories() {
  DataOptions data;
  data.path = {demo_path()};
  if (!file_exists(demo_path())) return std::nullopt;
  data.group_by = "userId";
  data.order_by = {"timestamp", "movieId"};
  HistoriesRequest request;
  request.item = "movieId";
  ThreadPool pool(2);
  return read_histories(data, request, pool).histories;
}

}  // namespace kin::test
