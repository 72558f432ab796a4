#include <fmt/core.h>
#include <fnmatch.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/find_checkpoint.h"
#include "kinspace/formats/internal/tensor_sources.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_bundle.h"
#include "kinspace/formats/tf_v1_checkpoint.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 10> kFormats = {
    "tf-checkpoint", "tf-v1-checkpoint", "run",          "safetensors", "npy",
    "npz",           "word2vec",         "word2vec-bin", "glove",       "csv"};

bool is_run(const fs::path& directory) {
  return file_exists((directory / kModelManifest).string()) || file_exists((directory / kCheckpointManifest).string());
}

/// "checkpoint-000120.json".
bool is_kept_manifest(const std::string& name) {
  constexpr std::string_view kStart = "checkpoint-";
  std::int64_t step = 0;
  if (!name.starts_with(kStart)) return false;
  std::from_chars(name.data() + kStart.size(), name.data() + name.size(), step);
  return name == kept_checkpoint_manifest(step);
}

/// The manifest of the newest checkpoint of a run, kept or published, that a pattern such as "london/*-000120*" means;
/// each is also known by TensorFlow's name, "london/*ckpt-120*". Nothing when the directory is no run or has none so
/// called.
std::optional<std::string> kept_in_run(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return std::nullopt;
  const fs::path parent = fs::path(pattern).parent_path();
  const std::string wanted = fs::path(pattern).filename().string();
  const std::string directory = parent.empty() ? "." : parent.string();
  std::vector<std::int64_t> steps = kept_checkpoints(directory);
  const auto matches = [&](const std::string& name) { return ::fnmatch(wanted.c_str(), name.c_str(), 0) == 0; };
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::string name = kept_checkpoint_manifest(*step);
    if (matches(name) || matches(checkpoint_path(*step)) || matches(fmt::format("model.ckpt-{}", *step)) ||
        matches(fmt::format("model.ckpt-{}.index", *step))) {
      return (fs::path(directory) / name).string();
    }
  }
  // The newest checkpoint and the published model have no manifest with a number; their files have.
  for (const std::string_view manifest : {kModelManifest, kCheckpointManifest}) {
    if (!file_exists((fs::path(directory) / manifest).string())) continue;
    for (const FileRecord& file : read_run_manifest(directory, manifest).files) {
      const std::int64_t step = checkpoint_step(fs::path(file.path).stem().string());
      if (step >= 0 && (matches(file.path) || matches(fmt::format("model.ckpt-{}", step)))) {
        return (fs::path(directory) / manifest).string();
      }
    }
  }
  return std::nullopt;
}

/// The only run directory or file that a pattern means; nothing when it means none or several, such as the files of one
/// checkpoint of TensorFlow.
std::optional<std::string> only_match(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return std::nullopt;
  const fs::path parent = fs::path(pattern).parent_path();
  const std::string wanted = fs::path(pattern).filename().string();
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent.empty() ? "." : parent, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") || ::fnmatch(wanted.c_str(), name.c_str(), 0) != 0) continue;
    if (entry.is_regular_file(error) || is_run(entry.path())) found.push_back(entry.path().string());
  }
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

/// What a file is, from its content and what lies beside it; empty when it is nothing known.
std::string_view sniff(const std::string& path) {
  const InputFile file(path);
  const std::uint64_t size = file_size(path);
  std::string start(64, '\0');
  start.resize(file.read_some_at(0, start.data(), start.size()));
  if (start.starts_with("\x93NUMPY")) return "npy";
  if (start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06")) return "npz";
  std::uint64_t header = 0;
  if (start.size() > sizeof header && start[sizeof header] == '{') {
    std::memcpy(&header, start.data(), sizeof header);
    if (header <= size - sizeof header) return "safetensors";
  }
  const fs::path name = fs::path(path).filename();
  if (name == kModelManifest || name == kCheckpointManifest || is_kept_manifest(name)) return "run";
  const bool part =
      name.extension() == ".index" || name.extension() == ".meta" || name.string().find(".data-") != std::string::npos;
  if (part || is_sstable(file, size)) return "tf-checkpoint";
  return internal::sniff_word_vectors(path);
}

std::unique_ptr<TensorFile> open_checkpoint(const std::string& path) {
  const FoundCheckpoint found = find_checkpoint(path);
  std::unique_ptr<TensorFile> file;
  if (found.v1) {
    file = std::make_unique<TfV1Checkpoint>(found.prefix, found.files);
  } else {
    file = std::make_unique<TfBundle>(found.prefix);
  }
  for (const std::string& note : found.notes) file->add_note(note);
  return file;
}

std::unique_ptr<TensorFile> open_run(const std::string& path) {
  if (fs::is_directory(path)) {
    const bool model = file_exists((fs::path(path) / kModelManifest).string());
    return internal::open_run(path, model ? kModelManifest : kCheckpointManifest);
  }
  const fs::path parent = fs::path(path).parent_path();
  return internal::open_run(parent.empty() ? "." : parent.string(), fs::path(path).filename().string());
}

}  // namespace

std::unique_ptr<TensorFile> open_tensor_file(const std::string& path, const TensorFileOptions& options) {
  std::string format = options.format;
  if (format == "auto") {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      format = is_run(path) ? "run" : "tf-checkpoint";
    } else if (!file_exists(path) || file_exists(tf_index_path(path))) {
      if (const auto kept = kept_in_run(path)) return open_run(*kept);
      if (const auto only = only_match(path)) return open_tensor_file(*only, options);
      format = "tf-checkpoint";
    } else {
      format = sniff(path);
    }
    if (format.empty()) {
      throw Error::not_supported(fmt::format("{} is no file of tensors or vectors that is known", path),
                                 "known are TensorFlow checkpoints, safetensors, NumPy (.npy, .npz), word2vec, GloVe, "
                                 "fastText (.vec) and CSV");
    }
  }
  if (format == "tf-checkpoint" || format == "tf-v1-checkpoint") return open_checkpoint(path);
  if (format == "run") return open_run(path);
  if (format == "safetensors") return internal::open_safetensors(path);
  if (format == "npy") return internal::open_npy(path);
  if (format == "npz") return internal::open_npz(path);
  for (const std::string_view known : kFormats) {
    if (format == known) return internal::open_word_vectors(path, known);
  }
  const std::vector<std::string> names(kFormats.begin(), kFormats.end());
  throw Error::invalid_argument(fmt::format("unknown format {}{}", kin::quoted(format), did_you_mean(format, names)));
}

}  // namespace kin
