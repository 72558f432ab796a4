#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/formats/vocabulary_text.h"

namespace kin {

/// A fresh directory, removed at the end of the test; in memory where there is such a place, since thousands of
/// rewritten files would otherwise wait for the disk.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const std::filesystem::path memory = "/dev/shm";
    std::string name = (memory / "kin-formats-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      name = (std::filesystem::temp_directory_path() / "kin-formats-XXXXXX").string();
      if (mkdtemp(name.data()) == nullptr) throw Error::io("cannot create " + name);
    }
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void spill(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// The error that `action` throws; a test failure when it throws none.
template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error::internal("none");
}

/// Expects `action` to throw an Error of that code whose message has all the given parts.
#define EXPECT_KIN_ERROR(action, wanted, ...)                                                  \
  do {                                                                                         \
    const ::kin::Error kin_error = ::kin::error_of([&] { (void)(action); });                   \
    EXPECT_EQ(error_name(kin_error.code()), error_name(wanted)) << kin_error.message();        \
    for (const std::string kin_part : std::initializer_list<std::string>{__VA_ARGS__}) {       \
      EXPECT_NE(kin_error.message().find(kin_part), std::string::npos) << kin_error.message(); \
    }                                                                                          \
  } while (false)

/// Records of the files that a small model and its checkpoint consist of.
struct SmallModel {
  Manifest model;
  Manifest checkpoint;
};

/// Writes a whole run directory of a few kilobytes: a table of 6 rows whose slots lie behind the weights, a bias, two
/// vocabularies and titles.
inline SmallModel write_small_model(const std::string& directory) {
  Matrix table(6, 8);
  for (std::int64_t r = 0; r < 6; ++r) {
    for (int c = 0; c < 8; ++c) table.row(r)[c] = static_cast<float>(r) + 0.125F * static_cast<float>(c);
  }
  const ConstMatrixView weights(table.row(0), 6, 4, 8);
  const ConstMatrixView slots(table.row(0) + 4, 6, 4, 8);
  const std::vector<float> bias = {0.5F, -1, 2, 0, 1e-20F, 3};
  const std::vector<std::int64_t> position = {120, 7};

  SmallModel small;
  const FileRecord keys =
      write_vocabulary_text(directory, vocabulary_path("watched"),
                            {std::vector<std::int64_t>{318, 296, 356, 593, -4, 1}, {900, 800, 700, 10, 10, 5}});
  const FileRecord genres =
      write_vocabulary_text(directory, vocabulary_path("genre"),
                            {std::vector<std::string>{"Drama", "a\tb\\c\r\n", "", "Comédie"}, {4, 3, 2, 1}});
  const FileRecord labels = write_labels_text(
      directory, labels_path("watched"), {"Shawshank Redemption", "Pulp Fiction", "", "a\nb", "Amélie", "Toy Story"});
  small.model.kind = "model";
  small.model.spec = R"({"spec":1,"train":{"lr":0.003}})";
  small.model.attributes = R"({"step":120,"metrics":{"recall@20":0.25}})";
  small.model.files = {write_safetensors(directory, weights_path(120),
                                         {TensorSource::rows("item_embedding", weights),
                                          TensorSource::contiguous<float>("item_bias", {6}, bias)},
                                         {{"kinspace", "1"}}),
                       keys, genres, labels};
  small.checkpoint = small.model;
  small.checkpoint.kind = "checkpoint";
  small.checkpoint.files[0] = write_safetensors(
      directory, checkpoint_path(120),
      {TensorSource::rows("item_embedding", weights), TensorSource::rows("item_embedding/accumulator", slots),
       TensorSource::contiguous<float>("item_bias", {6}, bias),
       TensorSource::contiguous<std::int64_t>("position", {2}, position)});
  publish_manifest(directory, small.model);
  publish_manifest(directory, small.checkpoint);
  return small;
}

/// Reads everything that both manifests name, as a loader does; returns the sum of all numbers so that nothing is
/// optimised away.
inline double load_everything(const std::string& directory) {
  double sum = 0;
  for (const std::string_view name : {kModelManifest, kCheckpointManifest}) {
    const Manifest manifest = read_run_manifest(directory, name);
    for (const FileRecord& record : manifest.files) {
      const std::string path = resolve_model_file(directory, record.path);
      if (record.path.ends_with(".labels.txt")) {
        sum += static_cast<double>(read_labels_text(path, &record).size());
      } else if (record.path.ends_with(".txt")) {
        sum += static_cast<double>(read_vocabulary_text(path, &record).rows());
      } else if (record.path.ends_with(".safetensors")) {
        SafetensorsReader reader(path, &record);
        for (const TensorInfo& tensor : reader.tensors()) {
          if (tensor.type != TensorType::kF32) continue;
          std::vector<float> values(static_cast<std::size_t>((tensor.end - tensor.begin) / 4));
          reader.read<float>(tensor.name, values);
          for (const float value : values) sum += value;
        }
        if (reader.find("position") != nullptr) {
          std::int64_t position[2] = {};
          reader.read<std::int64_t>("position", position);
          sum += static_cast<double>(position[0]);
        }
      }
    }
  }
  return sum;
}

}  // namespace kin
