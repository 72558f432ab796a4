#pragma once

#include <cstdint>

#include "apps/cli/flags.h"

// Flags and arguments that several commands have.

namespace kin::cli {

inline constexpr std::int64_t kMaxK = 1'000'000;

inline constexpr Argument kModel = {"MODEL", "run directory, as kin train leaves it"};
inline constexpr Argument kSpec = {"SPEC", "TOML file that describes the model; docs/reference/spec.md"};

inline constexpr Flag kSet = {.name = "set",
                              .kind = FlagKind::kText,
                              .repeatable = true,
                              .argument = "KEY=VALUE",
                              .help = "a setting in place of the spec's, such as train.epochs=3; repeatable"};
inline constexpr Flag kUnset = {
    .name = "unset",
    .kind = FlagKind::kText,
    .repeatable = true,
    .argument = "KEY",
    .help = "a setting that the spec is to be without, such as train.early_stop; before --set; repeatable"};
inline constexpr Flag kOutputFile = {.name = "output",
                                     .letter = 'o',
                                     .kind = FlagKind::kFile,
                                     .argument = "FILE",
                                     .help = "write the result there instead of to standard output"};
inline constexpr Flag kOnBad = {
    .name = "on-bad",
    .kind = FlagKind::kChoice,
    .argument = "HOW",
    .help = "rows that cannot be read: error, skip them, or skip and report the first; as data.on_bad",
    .choices = "error|skip|report"};
inline constexpr Flag kMaxBad = {.name = "max-bad",
                                 .kind = FlagKind::kText,
                                 .argument = "SHARE",
                                 .help = "fail if more of the rows are bad, such as 0.1%; as data.max_bad"};
inline constexpr Flag kRejects = {
    .name = "rejects", .kind = FlagKind::kFile, .argument = "FILE", .help = "keep the bad rows there as they stand"};
inline constexpr Flag kTable = {
    .name = "table",
    .kind = FlagKind::kText,
    .argument = "NAME",
    .help = "column or tensor; without it the target of a recommender, or the only table there is"};
inline constexpr Argument kVectors = {
    "MODEL", "run directory, TensorFlow checkpoint, or file of vectors (word2vec, GloVe, CSV, NumPy)"};
inline constexpr Flag kK = {.name = "count",
                            .letter = 'k',
                            .kind = FlagKind::kInteger,
                            .argument = "N",
                            .preset = "10",
                            .help = "how many",
                            .low = 1,
                            .high = kMaxK};

}  // namespace kin::cli
