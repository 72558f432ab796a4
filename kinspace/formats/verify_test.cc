#include "kinspace/formats/verify.h"

#include <gtest/gtest.h>

#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

TEST(Verify, CountsWhatItChecked) {
  TemporaryDirectory directory;
  const SmallModel small = write_small_model(directory.path());
  const VerifyReport report = verify_model(directory.path());
  EXPECT_EQ(report.files, 7);
  EXPECT_EQ(report.tensors, 6);
  EXPECT_EQ(report.model, read_run_manifest(directory.path(), kModelManifest).checksum);
  EXPECT_EQ(report.checkpoint, read_run_manifest(directory.path(), kCheckpointManifest).checksum);
  std::uint64_t bytes = file_size(directory.file("model.json")) + file_size(directory.file("checkpoint.json"));
  for (const FileRecord& record : small.model.files) bytes += record.bytes;
  EXPECT_EQ(report.bytes, bytes + small.checkpoint.files[0].bytes);
}

TEST(Verify, AModelWithoutACheckpointIsWhole) {
  TemporaryDirectory directory;
  write_small_model(directory.path());
  std::filesystem::remove(directory.file("checkpoint.json"));
  EXPECT_EQ(verify_model(directory.path()).checkpoint, "");
  EXPECT_EQ(verify_model(directory.path()).files, 5);
}

TEST(Verify, IgnoresFilesThatNoManifestNames) {
  TemporaryDirectory directory;
  write_small_model(directory.path());
  for (const std::string name : {"train.jsonl", "origin.json", ".lock", "x.tmp-12", "vocabulary/other.txt"}) {
    spill(directory.file(name), "anything");
  }
  verify_model(directory.path());
}

TEST(Verify, NamesTheFileAndItsBytes) {
  TemporaryDirectory directory;
  write_small_model(directory.path());
  const std::string path = directory.file("weights-000120.safetensors");
  const std::string good = slurp(path);
  std::string bad = good;
  bad[bad.size() / 2] ^= 4;
  spill(path, bad);
  EXPECT_KIN_ERROR(
      verify_model(directory.path()), ErrorCode::kCorruption,
      "weights-000120.safetensors: bytes 0-" + std::to_string(good.size() - 1) + " do not match their checksum");
  spill(path, good.substr(0, 100));
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "weights-000120", "cut off at byte 100");
  spill(path, good + "!");
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "weights-000120", "too many");
  std::filesystem::remove(path);
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "weights-000120.safetensors is missing");
}

TEST(Verify, NoticesFilesThatChangedPlaces) {
  TemporaryDirectory directory;
  write_small_model(directory.path());
  std::filesystem::rename(directory.file("vocabulary/watched.txt"), directory.file("t"));
  std::filesystem::rename(directory.file("vocabulary/genre.txt"), directory.file("vocabulary/watched.txt"));
  std::filesystem::rename(directory.file("t"), directory.file("vocabulary/genre.txt"));
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "vocabulary/");
}

TEST(Verify, NoticesManifestsThatChangedPlaces) {
  TemporaryDirectory directory;
  write_small_model(directory.path());
  std::filesystem::copy_file(directory.file("checkpoint.json"), directory.file("model.json"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "model.json describes a checkpoint");
}

TEST(Verify, LooksIntoFilesWhoseChecksumsAreRight) {
  TemporaryDirectory directory;
  SmallModel small = write_small_model(directory.path());
  const auto replace = [&](std::size_t index, const std::string& content) {
    Manifest manifest = small.model;
    RecordedFile file(directory.path(), manifest.files[index].path);
    file.write(content);
    manifest.files[index] = file.commit();
    write_manifest(directory.file("model.json"), manifest);
  };
  replace(0, "no tensors");
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "weights-000120.safetensors");
  write_small_model(directory.path());
  replace(1, "# kinspace-vocabulary version=1 keys=int64 rows=2\n1\t1\n1\t1\n");
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "vocabulary/watched.txt:3",
                   "'1' stands on line 2 too");
  write_small_model(directory.path());
  replace(3, "# kinspace-labels version=1 rows=2\na\nb\n");
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kCorruption, "watched.labels.txt has 2 titles",
                   "vocabulary/watched.txt has 6 keys");
}

TEST(Verify, SaysWhenThereIsNoModel) {
  TemporaryDirectory directory;
  EXPECT_KIN_ERROR(verify_model(directory.path()), ErrorCode::kIo, directory.path(), "no model.json");
  EXPECT_KIN_ERROR(verify_model(directory.file("none")), ErrorCode::kIo, "no such directory");
}

}  // namespace
}  // namespace kin
