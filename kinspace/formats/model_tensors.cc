#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/internal/tensor_sources.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/formats/vocabulary_text.h"

namespace kin::internal {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{1} << 18;  // a multiple of every width

void read_tensor(SafetensorsReader& reader, std::int64_t first, std::int64_t count, const TensorInfo& tensor,
                 const ElementSink& sink) {
  const std::uint64_t width = tensor_type_bytes(tensor.type);
  const std::uint64_t end = static_cast<std::uint64_t>(first + count) * width;
  std::string piece;
  for (std::uint64_t at = static_cast<std::uint64_t>(first) * width; at < end; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min(kPiece, end - at)));
    reader.read_bytes(tensor, at, piece.data(), piece.size());
    sink(static_cast<std::int64_t>(at / width), piece);
  }
}

std::vector<StoredTensor> stored_tensors(const SafetensorsReader& reader) {
  std::vector<StoredTensor> tensors;
  for (const TensorInfo& tensor : reader.tensors()) {
    tensors.push_back({tensor.name, stored_type(tensor.type), tensor.shape});
  }
  return tensors;
}

class SafetensorsFile final : public TensorFile {
 public:
  explicit SafetensorsFile(const std::string& path) : TensorFile("safetensors", path), reader_(path) {
    set_tensors(stored_tensors(reader_));
  }

 private:
  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override {
    read_tensor(reader_, first, count, *reader_.find(tensor.name), sink);
  }

  SafetensorsReader reader_;
};

class RunTensors final : public TensorFile {
 public:
  RunTensors(const std::string& directory, std::string_view manifest)
      : TensorFile("run", directory), manifest_(read_run_manifest(directory, manifest)) {
    std::vector<StoredTensor> tensors;
    for (const FileRecord& record : manifest_.files) {
      if (!record.path.ends_with(".safetensors")) continue;
      readers_.push_back(std::make_unique<SafetensorsReader>(resolve_model_file(directory, record.path), &record));
      for (StoredTensor& tensor : stored_tensors(*readers_.back())) tensors.push_back(std::move(tensor));
    }
    set_tensors(std::move(tensors));
  }

  std::string attributes() const override { return manifest_.attributes; }

  const TokenList* tokens(const StoredTensor& tensor) override {
    for (std::size_t slash = tensor.name.rfind('/'); slash != std::string::npos && slash > 0;
         slash = tensor.name.rfind('/', slash - 1)) {
      const TokenList* found = vocabulary(tensor.name.substr(0, slash));
      if (found == nullptr) continue;
      const auto rows = static_cast<std::int64_t>(found->size());
      return tensor.rows() == rows || tensor.rows() == rows + 1 ? found : nullptr;
    }
    return nullptr;
  }

 private:
  /// The keys of a column; nullptr when the run has none of that name.
  const TokenList* vocabulary(const std::string& column) {
    const auto known = vocabularies_.find(column);
    if (known != vocabularies_.end()) return &known->second;
    constexpr std::size_t kLongestName = 60;  // every byte may be written as three
    if (column.size() > kLongestName) return nullptr;
    const std::string path = vocabulary_path(column);
    const auto record = std::find_if(manifest_.files.begin(), manifest_.files.end(),
                                     [&](const FileRecord& file) { return file.path == path; });
    if (record == manifest_.files.end()) return nullptr;
    const VocabularyText text = read_vocabulary_text(resolve_model_file(this->path(), path), &*record);
    TokenList list;
    if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&text.keys)) {
      for (const std::int64_t number : *numbers) list.add(std::to_string(number));
    } else {
      for (const std::string& key : std::get<std::vector<std::string>>(text.keys)) list.add(key);
    }
    return &vocabularies_.emplace(column, std::move(list)).first->second;
  }

  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override {
    for (const auto& reader : readers_) {
      if (const TensorInfo* info = reader->find(tensor.name)) return read_tensor(*reader, first, count, *info, sink);
    }
  }

  Manifest manifest_;
  std::vector<std::unique_ptr<SafetensorsReader>> readers_;
  std::map<std::string, TokenList> vocabularies_;
};

}  // namespace

std::unique_ptr<TensorFile> open_safetensors(const std::string& path) {
  return std::make_unique<SafetensorsFile>(path);
}

std::unique_ptr<TensorFile> open_run(const std::string& directory, std::string_view manifest) {
  return std::make_unique<RunTensors>(directory, manifest);
}

}  // namespace kin::internal
