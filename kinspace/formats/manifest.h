#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/checked_file.h"

namespace kin {

/// What a model, a checkpoint or an encoded table consists of; the text of model.json, checkpoint.json and encoded.json (docs/formats/model.md).
struct Manifest {
  std::string kind = "model";     ///< model | checkpoint | encoded: a cache of ids
  std::string spec = "{}";        ///< a JSON object; read back with sorted keys and without blanks
  std::string attributes = "{}";  ///< likewise: step, metrics, sizes, whatever the writer wants to find again
  std::vector<FileRecord> files;  ///< by rising path
  std::string checksum;           ///< of the text, and so of every file; set by reading and writing
};

inline constexpr std::int64_t kManifestVersion = 1;
inline constexpr std::uint64_t kMaxManifest = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxManifestFiles = 100'000;

/// The text of a manifest, a function of its content alone; `files` may come in any order, `checksum` is ignored.
///
/// Errors   kInvalidArgument when spec or attributes are no JSON objects, a path is refused (see check_model_path) or
///          comes twice, or the text would be longer than kMaxManifest.
std::string render_manifest(const Manifest& manifest);

/// Reads the text of a manifest. A change of any byte, blanks included, is detected.
///
/// Errors   kCorruption naming `where`, which is the path of the file; kNotSupported for another version or kind.
Manifest parse_manifest(std::string_view text, const std::string& where);

/// Errors: as parse_manifest, and kIo when there is no such file.
Manifest read_manifest(const std::string& path);

/// Writes the manifest under its name, whole or not at all, and returns its checksum. Errors: as render_manifest; kIo.
std::string write_manifest(const std::string& path, const Manifest& manifest);

/// The record of a file. Errors: kCorruption when the manifest names no such file.
const FileRecord& find_file(const Manifest& manifest, std::string_view path);

/// Says why `path` may not stand in a manifest, or nothing when it may: it must be relative, of at most 1000 bytes of
/// UTF-8, its parts between '/' neither empty nor "." nor "..", without backslashes and control characters.
std::string check_model_path(std::string_view path);

}  // namespace kin
