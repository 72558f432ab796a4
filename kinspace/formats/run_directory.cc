#include "kinspace/formats/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCopyAgain = "copy the directory again from where it came from, or train the model again";

std::string escaped_column(std::string_view column) {
  std::string out;
  for (const char c : column) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '_' || c == '-' || (c == '.' && !out.empty())) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (out.empty() || out.size() > 200) {
    throw Error::invalid_argument(fmt::format("the column {} has a name that makes no file name: it has {} bytes",
                                              kin::quoted(column), out.size()),
                                  "name the column with 1 to 200 letters and digits");
  }
  return out;
}

/// Adds the files that the manifest `name` of the directory names; false when there is one that cannot be read.
bool add_named(const std::string& directory, std::string_view name, std::set<std::string>& named) {
  if (!file_exists((fs::path(directory) / name).string())) return true;
  try {
    for (const FileRecord& record : read_run_manifest(directory, name).files) named.insert(record.path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Takes `start` off the front of `text`, if it is there.
bool skip(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

bool skip_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

/// True for names such as weights_path() or checkpoint_path() make, with or without the ".tmp-<pid>-<n>" of an
/// AtomicFile.
bool is_numbered(std::string_view name, std::string_view prefix, std::string_view ending) {
  if (!skip(name, prefix) || !skip_digits(name) || !skip(name, ending)) return false;
  if (name.empty()) return true;
  if (!skip(name, ".tmp-") || !skip_digits(name)) return false;
  return name.empty() || (skip(name, "-") && skip_digits(name) && name.empty());
}

/// True for "<anything>.tmp-<pid>-<n>", as an AtomicFile calls a file until it is whole.
bool is_unfinished(std::string_view name) {
  const std::size_t at = name.rfind(".tmp-");
  if (at == std::string_view::npos) return false;
  name.remove_prefix(at);
  return skip(name, ".tmp-") && skip_digits(name) && skip(name, "-") && skip_digits(name) && name.empty();
}

constexpr std::string_view kTensors = ".safetensors";
constexpr std::string_view kJson = ".json";
constexpr std::string_view kWeights = "weights-";
constexpr std::string_view kCheckpoint = "checkpoint-";

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  return names;
}

/// Removes numbered files that nothing names any more, and what an interrupted writer of `manifest` left.
void sweep(const std::string& directory, std::string_view manifest, std::string_view prefix, std::string_view ending,
           const std::set<std::string>& named) {
  for (const std::string& name : names_in(directory)) {
    const bool left_over = is_numbered(name, prefix, ending) || name.starts_with(fmt::format("{}.tmp-", manifest));
    std::error_code ignored;  // a file that stays costs space, nothing else
    if (left_over && !named.contains(name)) fs::remove(fs::path(directory) / name, ignored);
  }
}

}  // namespace

std::string weights_path(std::int64_t step) {
  return fmt::format("weights-{:06}.safetensors", step);
}

std::string checkpoint_path(std::int64_t step) {
  return fmt::format("checkpoint-{:06}.safetensors", step);
}

std::string kept_checkpoint_manifest(std::int64_t step) {
  return fmt::format("checkpoint-{:06}.json", step);
}

std::vector<std::int64_t> kept_checkpoints(const std::string& directory) {
  std::vector<std::int64_t> steps;
  for (const std::string& name : names_in(directory)) {
    if (!is_numbered(name, kCheckpoint, kJson)) continue;
    std::int64_t step = 0;
    const char* const first = name.data() + kCheckpoint.size();
    std::from_chars(first, name.data() + name.size(), step);
    if (name == kept_checkpoint_manifest(step)) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::string vocabulary_path(std::string_view column) {
  return fmt::format("vocabulary/{}.txt", escaped_column(column));
}

std::string labels_path(std::string_view column) {
  return fmt::format("vocabulary/{}.labels.txt", escaped_column(column));
}

std::string resolve_model_file(const std::string& directory, const std::string& path) {
  fs::path at = directory;
  for (const std::string_view part : split(path, '/')) {
    at /= part;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(at, error);
    if (status.type() == fs::file_type::not_found) {
      throw Error::corruption(fmt::format("{} is missing; the manifest names it", at.string()), kCopyAgain);
    }
    if (error) throw Error::io(fmt::format("cannot read {}: {}", at.string(), error.message()));
    if (status.type() == fs::file_type::symlink) {
      throw Error::corruption(fmt::format("{} is a symbolic link; the files of a model are plain files", at.string()),
                              "put the file itself there");
    }
  }
  std::error_code error;
  if (!fs::is_regular_file(at, error)) {
    throw Error::corruption(fmt::format("{} is no plain file", at.string()), kCopyAgain);
  }
  return at.string();
}

Manifest read_run_manifest(const std::string& directory, std::string_view name) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    throw Error::io(fmt::format("cannot read the model {}: there is no such directory", directory),
                    "name a directory that kin train made");
  }
  const std::string path = (fs::path(directory) / name).string();
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) {
    throw Error::io(fmt::format("cannot read the model {}: it has no {}", directory, name),
                    "name a directory that kin train made; a run that was interrupted early has no model yet");
  }
  return read_manifest(resolve_model_file(directory, std::string(name)));
}

std::string publish_manifest(const std::string& directory, const Manifest& manifest) {
  const bool model = manifest.kind == "model";
  const std::string name(model ? kModelManifest : kCheckpointManifest);
  std::string checksum = write_manifest((fs::path(directory) / name).string(), manifest);

  std::set<std::string> named;
  for (const FileRecord& record : manifest.files) named.insert(record.path);
  if (!add_named(directory, model ? kCheckpointManifest : kModelManifest, named)) return checksum;
  sweep(directory, name, model ? kWeights : kCheckpoint, kTensors, named);
  return checksum;
}

std::string publish_checkpoint(const std::string& directory, const Manifest& manifest, std::int64_t step,
                               std::span<const std::int64_t> keep) {
  if (!keep.empty()) write_manifest((fs::path(directory) / kept_checkpoint_manifest(step)).string(), manifest);
  std::string checksum = write_manifest((fs::path(directory) / kCheckpointManifest).string(), manifest);

  std::set<std::string> named;
  for (const FileRecord& record : manifest.files) named.insert(record.path);
  for (const std::int64_t kept : keep) {
    named.insert(kept_checkpoint_manifest(kept));
    named.insert(checkpoint_path(kept));
  }
  if (!add_named(directory, kModelManifest, named)) return checksum;
  sweep(directory, kCheckpointManifest, kCheckpoint, kJson, named);
  sweep(directory, kCheckpointManifest, kCheckpoint, kTensors, named);
  return checksum;
}

void remove_unfinished_files(const std::string& directory) {
  for (const fs::path& folder : {fs::path(directory), fs::path(directory) / "vocabulary"}) {
    for (const std::string& name : names_in(folder.string())) {
      std::error_code ignored;  // a file that stays costs space, nothing else
      if (is_unfinished(name)) fs::remove(folder / name, ignored);
    }
  }
}

}  // namespace kin
