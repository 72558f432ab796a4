#include "kinspace/formats/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/formats/vocabulary_text.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVocabulary = "vocabulary/";
constexpr std::string_view kLabels = ".labels.txt";
constexpr std::string_view kText = ".txt";

class Verifier {
 public:
  explicit Verifier(const std::string& directory) : directory_(directory) {}

  /// Returns the checksum of the manifest.
  std::string verify(std::string_view name) {
    const Manifest manifest = read_run_manifest(directory_, name);
    const bool checkpoint = name != kModelManifest;
    if ((manifest.kind == "checkpoint") != checkpoint) {
      throw Error::corruption(fmt::format("{} describes a {}", (fs::path(directory_) / name).string(), manifest.kind));
    }
    report_.bytes += file_size((fs::path(directory_) / name).string());
    ++report_.files;
    std::map<std::string, std::int64_t> rows;
    for (const FileRecord& record : manifest.files) verify_file(record, rows);
    check_labels(rows);
    return manifest.checksum;
  }

  const VerifyReport& report() const noexcept { return report_; }

 private:
  void verify_file(const FileRecord& record, std::map<std::string, std::int64_t>& rows) {
    const std::string path = resolve_model_file(directory_, record.path);
    CheckedFile(path, &record).verify_whole();
    const std::string_view name = record.path;
    std::int64_t tensors = 0;
    if (name.ends_with(".safetensors")) {
      tensors = static_cast<std::int64_t>(SafetensorsReader(path, &record).tensors().size());
    } else if (name.starts_with(kVocabulary) && name.ends_with(kLabels)) {
      rows[record.path] = static_cast<std::int64_t>(read_labels_text(path, &record).size());
    } else if (name.starts_with(kVocabulary) && name.ends_with(kText)) {
      rows[record.path] = read_vocabulary_text(path, &record).rows();
    }
    if (!counted_.insert(record.path).second) return;
    ++report_.files;
    report_.bytes += record.bytes;
    report_.tensors += tensors;
  }

  void check_labels(const std::map<std::string, std::int64_t>& rows) const {
    for (const auto& [path, labels] : rows) {
      if (!path.ends_with(kLabels)) continue;
      const std::string keys = path.substr(0, path.size() - kLabels.size()).append(kText);
      const auto at = rows.find(keys);
      if (at == rows.end() || at->second != labels) {
        throw Error::corruption(fmt::format("{} has {} titles; {} has {} keys", (fs::path(directory_) / path).string(),
                                            labels, keys, at == rows.end() ? 0 : at->second));
      }
    }
  }

  const std::string& directory_;
  VerifyReport report_;
  std::set<std::string> counted_;
};

}  // namespace

VerifyReport verify_model(const std::string& directory) {
  Verifier verifier(directory);
  VerifyReport report;
  const auto has = [&](std::string_view manifest) {
    std::error_code error;
    return fs::symlink_status(fs::path(directory) / manifest, error).type() != fs::file_type::not_found;
  };
  // A run that was interrupted early has a checkpoint and no model yet.
  const bool checkpoint_only = !has(kModelManifest) && has(kCheckpointManifest);
  const std::string model = checkpoint_only ? std::string() : verifier.verify(kModelManifest);
  const std::string checkpoint = has(kCheckpointManifest) ? verifier.verify(kCheckpointManifest) : std::string();
  for (const std::int64_t step : kept_checkpoints(directory)) verifier.verify(kept_checkpoint_manifest(step));
  report = verifier.report();
  report.model = model;
  report.checkpoint = checkpoint;
  return report;
}

VerifiedTensors verify_tensors(TensorFile& file) {
  VerifiedTensors found;
  for (const StoredTensor& tensor : file.tensors()) {
    if (tensor.type == StoredType::kOther) {
      found.unread.push_back(tensor.name);
      continue;
    }
    if (tensor.type == StoredType::kString) {
      for (const std::string& element : file.read_strings(tensor)) found.bytes += element.size();
    } else {
      file.read_elements(tensor, 0, tensor.elements(),
                         [&](std::int64_t /*first*/, std::string_view bytes) { found.bytes += bytes.size(); });
    }
    ++found.tensors;
  }
  return found;
}

}  // namespace kin
