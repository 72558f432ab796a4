#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/manifest.h"

namespace kin {

/// Names of the files of a run directory, below it.
inline constexpr std::string_view kModelManifest = "model.json";
inline constexpr std::string_view kCheckpointManifest = "checkpoint.json";
std::string weights_path(std::int64_t step);     ///< "weights-000120.safetensors"
std::string checkpoint_path(std::int64_t step);  ///< "checkpoint-000120.safetensors"

/// "checkpoint-000120.json": the manifest of a checkpoint that stays when newer ones come, equal to checkpoint.json as
/// long as it is the newest.
std::string kept_checkpoint_manifest(std::int64_t step);

/// Steps of the checkpoints that have a manifest of their own, rising; none where there is no such directory.
std::vector<std::int64_t> kept_checkpoints(const std::string& directory);

/// "vocabulary/watched.txt". Bytes of the column's name other than letters, digits, '_', '-' and '.' are written as
/// %XX, a leading '.' too. Errors: kInvalidArgument when the name is empty or longer than 200 bytes then.
std::string vocabulary_path(std::string_view column);
std::string labels_path(std::string_view column);  ///< "vocabulary/watched.labels.txt"

/// `directory`/`path`, where a file of a model must lie: a plain file, no part of `path` a symbolic link.
///
/// Errors   kCorruption when it is missing, a link or no plain file; kIo.
std::string resolve_model_file(const std::string& directory, const std::string& path);

/// The manifest `name` (kModelManifest, kCheckpointManifest or one of kept_checkpoint_manifest()) of a run directory.
///
/// Errors   kIo when the directory or the manifest is missing; else as read_manifest and resolve_model_file.
Manifest read_run_manifest(const std::string& directory, std::string_view name);

/// Makes `manifest`, whose files are all written by now, the one that readers see, and then removes what it replaces:
/// the weights-* (of a model) or checkpoint-* (of a checkpoint) files that no manifest names any more, and what an
/// interrupted writer of such files left. Returns the manifest's checksum.
///
/// After a crash at any point the directory has the old manifest with all its files or the new one with all its files.
/// Errors   as write_manifest; the old manifest and its files are then still there.
/// Threads  one writer per directory, which holds its lock.
std::string publish_manifest(const std::string& directory, const Manifest& manifest);

/// The same for the checkpoint of a step, where others may stay: `keep` names the steps of those that are to, this one
/// among them. It then gets a manifest of its own first; of all others the manifest is removed before the tensors, so
/// that every manifest has its files at any time. Without `keep` this one alone stays.
std::string publish_checkpoint(const std::string& directory, const Manifest& manifest, std::int64_t step,
                               std::span<const std::int64_t> keep);

/// Removes the temporary files of interrupted writers from a directory and its vocabulary/. What cannot be removed
/// stays. Threads   one writer per directory, which holds its lock.
void remove_unfinished_files(const std::string& directory);

}  // namespace kin
