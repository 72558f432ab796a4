#include "kinspace/estimator/protocol.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

struct KindRow {
  ProtocolKind kind;
  std::string_view name;
};

constexpr KindRow kKinds[] = {
    {ProtocolKind::kNextItem, "next-item"},
    {ProtocolKind::kWindow, "window"},
    {ProtocolKind::kWindowLong, "window-long"},
    {ProtocolKind::kFoldIn, "fold-in"},
};

void check_length(std::string_view name, std::int64_t value) {
  if (value >= 1 && value <= 1000) return;
  throw Error::invalid_argument(fmt::format("protocol: {} = {} is not in 1 to 1000", name, value));
}

void check(const Histories& histories, const Protocol& protocol, std::span<const Part> parts) {
  check_length("context", protocol.context);
  check_length("predict", protocol.predict);
  const bool next_item = protocol.kind == ProtocolKind::kNextItem;
  KIN_ASSERT((next_item && parts.empty()) || static_cast<std::int64_t>(parts.size()) == histories.group_count());
  if (!next_item) return;
  const auto held_out = std::find_if(parts.begin(), parts.end(), [](Part part) { return part != Part::kTrain; });
  if (held_out == parts.end()) return;
  throw Error::invalid_argument(
      fmt::format("protocol next-item trains on every group, but the split holds out group {}",
                  histories.groups.text(held_out - parts.begin())),
      "split by time, or choose the protocol window, window-long or fold-in, which hold out whole groups");
}

/// The events [first, first + context) in, the `targets` next ones out.
Case cut(const Histories& histories, std::int64_t g, std::size_t first, std::size_t context, std::size_t targets) {
  const std::span<const std::uint32_t> history = histories.group(g);
  return {g, history.subspan(first, context), history.subspan(first + context, targets)};
}

void append_next_item(const Histories& histories, const TimeSplit& last, std::int64_t g, Part which,
                      std::vector<Case>& cases) {
  const auto n = static_cast<std::int64_t>(histories.group(g).size());
  const std::int64_t targets = which == Part::kValid ? last.valid : last.test;
  const std::int64_t trained = last.train_events(n);
  if (trained == 0 || targets == 0) return;
  const std::int64_t context = which == Part::kValid ? trained : trained + last.valid;
  cases.push_back(cut(histories, g, 0, static_cast<std::size_t>(context), static_cast<std::size_t>(targets)));
}

/// Cases of a group that is held out whole and has at least two events.
void append_cases(const Histories& histories, const Protocol& protocol, std::int64_t g, std::vector<Case>& cases) {
  const std::size_t n = histories.group(g).size();
  const auto context = static_cast<std::size_t>(protocol.context);
  const auto predict = static_cast<std::size_t>(protocol.predict);
  switch (protocol.kind) {
    case ProtocolKind::kNextItem:
      break;
    case ProtocolKind::kWindow:
      for (std::size_t first = 0; first + context + predict <= n; first += context + predict) {
        cases.push_back(cut(histories, g, first, context, predict));
      }
      break;
    case ProtocolKind::kWindowLong:
      cases.push_back(cut(histories, g, 0, n / 2, std::min(predict, n - n / 2)));
      break;
    case ProtocolKind::kFoldIn:
      cases.push_back(cut(histories, g, 0, 8 * n / 10, n - 8 * n / 10));
      break;
  }
}

}  // namespace

ProtocolKind parse_protocol(std::string_view text) {
  std::vector<std::string> names;
  for (const KindRow& row : kKinds) {
    if (row.name == text) return row.kind;
    names.emplace_back(row.name);
  }
  throw Error::invalid_argument(fmt::format("there is no protocol {}{}", quoted(text), did_you_mean(text, names)),
                                "write next-item, window, window-long or fold-in");
}

std::string_view protocol_name(ProtocolKind kind) noexcept {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return row.name;
  }
  return {};
}

TrainingPart training_part(const Histories& histories, const Protocol& protocol, std::span<const Part> parts) {
  check(histories, protocol, parts);
  TrainingPart training;
  training.lengths.resize(static_cast<std::size_t>(histories.group_count()));
  training.item_events.resize(static_cast<std::size_t>(histories.item_count()));
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    const std::span<const std::uint32_t> history = histories.group(g);
    std::size_t length = history.size();
    if (protocol.kind == ProtocolKind::kNextItem) {
      length = static_cast<std::size_t>(protocol.last.train_events(static_cast<std::int64_t>(length)));
    } else if (parts[static_cast<std::size_t>(g)] != Part::kTrain) {
      length = 0;
    }
    training.lengths[static_cast<std::size_t>(g)] = static_cast<std::int64_t>(length);
    training.groups += length > 0 ? 1 : 0;
    training.events += static_cast<std::int64_t>(length);
    for (const std::uint32_t item : history.first(length)) ++training.item_events[item];
  }
  training.catalogue = std::count_if(training.item_events.begin(), training.item_events.end(),
                                     [](std::int64_t events) { return events > 0; });
  return training;
}

std::vector<Case> make_cases(const Histories& histories, const Protocol& protocol, std::span<const Part> parts,
                             Part which) {
  check(histories, protocol, parts);
  KIN_ASSERT(which != Part::kTrain);
  const auto needed = static_cast<std::size_t>(std::max<std::int64_t>(protocol.min_events, 2));
  std::vector<Case> cases;
  for (std::int64_t g = 0; g < histories.group_count(); ++g) {
    if (protocol.kind == ProtocolKind::kNextItem) {
      append_next_item(histories, protocol.last, g, which, cases);
    } else if (parts[static_cast<std::size_t>(g)] == which && histories.group(g).size() >= needed) {
      append_cases(histories, protocol, g, cases);
    }
  }
  return cases;
}

}  // namespace kin
