#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kinspace/formats/manifest.h"

namespace kin {

/// Names of the files of a run directory, below it.
inline constexpr std::string_view kModelManifest = "model.json";
inline constexpr std::string_view kCheckpointManifest = "checkpoint.json";
std::string weights_path(std::int64_t step);     ///< "weights-000120.safetensors"
std::string checkpoint_path(std::int64_t step);  ///< "checkpoint-000120.safetensors"

/// "vocabulary/watched.txt". Bytes of the column's name other than letters, digits, '_', '-' and '.' are written as
/// %XX, a leading '.' too. Errors: kInvalidArgument when the name is empty or longer than 200 bytes then.
std::string vocabulary_path(std::string_view column);
std::string labels_path(std::string_view column);  ///< "vocabulary/watched.labels.txt"

/// `directory`/`path`, where a file of a model must lie: a plain file, no part of `path` a symbolic link.
///
/// Errors   kCorruption when it is missing, a link or no plain file; kIo.
std::string resolve_model_file(const std::string& directory, const std::string& path);

/// The manifest `name` (kModelManifest or kCheckpointManifest) of a run directory.
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

}  // namespace kin
