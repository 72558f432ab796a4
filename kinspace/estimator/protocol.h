#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/histories.h"
#include "kinspace/data/split.h"

namespace kin {

enum class ProtocolKind : std::uint8_t { kNextItem, kWindow, kWindowLong, kFoldIn };

/// How a history h[0 .. n-1] becomes a question and its answers. c = `context`, p = `predict`.
///
///   next-item     every group is trained on: h[0 .. n-3]. Validation: h[0 .. n-3] in, h[n-2] out;
///                 test: h[0 .. n-2] in (the validation item included), h[n-1] out. (More than one event each where
///                 `last` says so; then all of them are targets of one case.)
///   window        groups of the validation and test part are held out whole. Cases are the windows
///                 h[w (c+p) .. w (c+p) + c + p - 1], w = 0, 1, ..., floor(n / (c+p)) - 1: the first c events in and
///                 nothing else, the next p out. The rest of the history is unused.
///   window-long   the same groups, one case each: with m = floor(n / 2), h[0 .. m-1] in, the next p events out.
///   fold-in       the same groups, one case each: with m = floor(8 n / 10), h[0 .. m-1] in, all the rest out.
///
/// Short histories: a group with n < 3 (next-item) has no event to train on and gives no case. For the others a group
/// with n < `min_events` gives no case, but trains all the same where it belongs to the training part.
struct Protocol {
  ProtocolKind kind = ProtocolKind::kWindow;
  std::int64_t context = 3;
  std::int64_t predict = 7;
  std::int64_t min_events = 20;
  TimeSplit last{.valid = 1, .test = 1};  ///< next-item: the events that are held out
};

/// Reads "next-item", "window", "window-long" or "fold-in".
/// Errors   kInvalidArgument naming `text` and what is needed.
ProtocolKind parse_protocol(std::string_view text);

/// The text that parse_protocol() reads.
std::string_view protocol_name(ProtocolKind kind) noexcept;

/// One question: the model sees `context`, in order, and ranks the catalogue; `targets` are hidden. The numbers are
/// those of the Histories, which must outlive the case.
struct Case {
  std::int64_t group = 0;
  std::span<const std::uint32_t> context;
  std::span<const std::uint32_t> targets;
};

/// The events that a model may be trained on, and what follows from them.
struct TrainingPart {
  std::vector<std::int64_t> lengths;      ///< G: group g trains on its first lengths[g] events
  std::vector<std::int64_t> item_events;  ///< N: training events of each item; the catalogue is where it is not 0
  std::int64_t groups = 0;                ///< with at least one training event
  std::int64_t events = 0;
  std::int64_t catalogue = 0;  ///< items with at least one training event

  bool in_catalogue(std::uint32_t item) const noexcept { return item_events[item] > 0; }
};

/// Shapes   `parts` holds the part of each of the G groups; under next-item it may be empty, which says that all train.
/// Errors   kInvalidArgument when a group is held out under next-item, or `context` or `predict` is not in 1 to 1000.
/// Cost     O(E) time, 8 (G + N) bytes.
TrainingPart training_part(const Histories& histories, const Protocol& protocol, std::span<const Part> parts);

/// The cases of part kValid or kTest, ordered by group, then by time; none when no group is long enough.
/// Errors   as training_part(); kInternal for kTrain.
std::vector<Case> make_cases(const Histories& histories, const Protocol& protocol, std::span<const Part> parts,
                             Part which);

}  // namespace kin
