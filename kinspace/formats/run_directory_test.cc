#include "kinspace/formats/run_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/verify.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

TEST(RunDirectory, NamesItsFiles) {
  EXPECT_EQ(weights_path(120), "weights-000120.safetensors");
  EXPECT_EQ(checkpoint_path(12'345'678), "checkpoint-12345678.safetensors");
  EXPECT_EQ(vocabulary_path("watched"), "vocabulary/watched.txt");
  EXPECT_EQ(labels_path("a.b_C-9"), "vocabulary/a.b_C-9.labels.txt");
}

TEST(RunDirectory, ColumnNamesCannotLeaveTheDirectory) {
  EXPECT_EQ(vocabulary_path("../x y%"), "vocabulary/%2E.%2Fx%20y%25.txt");
  EXPECT_EQ(vocabulary_path("é"), "vocabulary/%C3%A9.txt");
  EXPECT_EQ(check_model_path(vocabulary_path("..")), "");
  EXPECT_KIN_ERROR(vocabulary_path(""), ErrorCode::kInvalidArgument, "column");
  EXPECT_KIN_ERROR(vocabulary_path(std::string(201, 'x')), ErrorCode::kInvalidArgument, "201 bytes");
}

TEST(RunDirectory, SaysWhetherTheDirectoryOrTheManifestIsMissing) {
  TemporaryDirectory directory;
  EXPECT_KIN_ERROR(read_run_manifest(directory.file("none"), kModelManifest), ErrorCode::kIo, "none",
                   "no such directory");
  EXPECT_KIN_ERROR(read_run_manifest(directory.path(), kModelManifest), ErrorCode::kIo, directory.path(), "model.json");
}

TEST(RunDirectory, FollowsNoSymbolicLinkAndOpensNoPipe) {
  TemporaryDirectory directory;
  spill(directory.file("outside"), "x");
  make_directories(directory.file("run/vocabulary"));
  const std::string run = directory.file("run");
  fs::create_symlink(directory.file("outside"), run + "/link");
  fs::create_directory_symlink(directory.path(), run + "/folder");
  ASSERT_EQ(mkfifo((run + "/pipe").c_str(), 0600), 0);
  EXPECT_KIN_ERROR(resolve_model_file(run, "link"), ErrorCode::kCorruption, "run/link", "symbolic link");
  EXPECT_KIN_ERROR(resolve_model_file(run, "folder/outside"), ErrorCode::kCorruption, "run/folder", "symbolic link");
  EXPECT_KIN_ERROR(resolve_model_file(run, "pipe"), ErrorCode::kCorruption, "run/pipe", "no plain file");
  EXPECT_KIN_ERROR(resolve_model_file(run, "vocabulary"), ErrorCode::kCorruption, "no plain file");
  EXPECT_KIN_ERROR(resolve_model_file(run, "vocabulary/none"), ErrorCode::kCorruption, "vocabulary/none is missing");
  // The directory itself may well be reached by a link.
  fs::create_directory_symlink(run, directory.file("latest"));
  spill(run + "/plain", "y");
  EXPECT_EQ(resolve_model_file(directory.file("latest"), "plain"), directory.file("latest") + "/plain");
}

TEST(RunDirectory, PublishingRemovesWhatItReplacesAndNothingElse) {
  TemporaryDirectory directory;
  SmallModel small = write_small_model(directory.path());
  const std::vector<float> one = {1};
  const auto tensors = [&](std::int64_t step) {
    return write_safetensors(directory.path(), weights_path(step), {TensorSource::contiguous<float>("w", {1}, one)});
  };
  const std::string kept[] = {"train.jsonl",
                              "origin.json",
                              ".lock",
                              "weights-best.safetensors",
                              "weights-000001.npy",
                              "checkpoint-000007.safetensors"};
  for (const std::string& name : kept) spill(directory.file(name), "mine");
  const std::string litter[] = {"weights-000077.safetensors", "weights-000150.safetensors.tmp-4711",
                                "weights-000160.safetensors.tmp-4711-2", "model.json.tmp-4711-1"};
  for (const std::string& name : litter) spill(directory.file(name), "torn");

  small.model.files[0] = tensors(200);
  const std::string checksum = publish_manifest(directory.path(), small.model);
  EXPECT_EQ(read_run_manifest(directory.path(), kModelManifest).checksum, checksum);
  EXPECT_TRUE(file_exists(directory.file(weights_path(200))));
  EXPECT_FALSE(file_exists(directory.file(weights_path(120))));
  EXPECT_TRUE(file_exists(directory.file(checkpoint_path(120))));
  for (const std::string& name : kept) EXPECT_TRUE(file_exists(directory.file(name))) << name;
  for (const std::string& name : litter) EXPECT_FALSE(file_exists(directory.file(name))) << name;
  EXPECT_EQ(verify_model(directory.path()).model, checksum);
}

/// A checkpoint of that step, its tensors written.
Manifest checkpoint_of(const std::string& directory, std::int64_t step) {
  const std::vector<float> value = {static_cast<float>(step)};
  Manifest manifest;
  manifest.kind = "checkpoint";
  manifest.files = {
      write_safetensors(directory, checkpoint_path(step), {TensorSource::contiguous<float>("w", {1}, value)})};
  return manifest;
}

TEST(RunDirectory, CheckpointsThatAreToStayHaveManifestsOfTheirOwn) {
  TemporaryDirectory directory;
  const std::string run = directory.path();
  const std::vector<std::int64_t> two = {10, 20};
  const std::vector<std::int64_t> other = {20, 30};
  publish_checkpoint(run, checkpoint_of(run, 10), 10, std::vector<std::int64_t>{10});
  publish_checkpoint(run, checkpoint_of(run, 20), 20, two);
  EXPECT_EQ(kept_checkpoints(run), two);
  EXPECT_EQ(slurp(run + "/checkpoint.json"), slurp(run + "/checkpoint-000020.json"));
  for (const std::string name : {"checkpoint-5.json", "checkpoint-000007.txt", "checkpoint-x.json"}) {
    spill(run + "/" + name, "mine");
  }
  spill(run + "/checkpoint-000015.json.tmp-12-0", "torn");
  const std::string newest = publish_checkpoint(run, checkpoint_of(run, 30), 30, other);
  EXPECT_EQ(kept_checkpoints(run), other);
  EXPECT_FALSE(file_exists(run + "/" + checkpoint_path(10)));
  EXPECT_FALSE(file_exists(run + "/checkpoint-000015.json.tmp-12-0"));
  EXPECT_TRUE(file_exists(run + "/checkpoint-000007.txt"));
  EXPECT_EQ(verify_model(run).checkpoint, newest);

  // Without any that are to stay the newest is alone again.
  publish_checkpoint(run, checkpoint_of(run, 40), 40, {});
  EXPECT_EQ(kept_checkpoints(run), std::vector<std::int64_t>{});
  EXPECT_FALSE(file_exists(run + "/" + checkpoint_path(30)));
}

TEST(RunDirectory, TheNewestKeptCheckpointIsWholeAfterACrashBetweenAnyTwoSteps) {
  TemporaryDirectory directory;
  const std::string run = directory.path();
  publish_checkpoint(run, checkpoint_of(run, 10), 10, std::vector<std::int64_t>{10});
  const std::string before = verify_model(run).checkpoint;
  const Manifest next = checkpoint_of(run, 20);
  EXPECT_EQ(verify_model(run).checkpoint, before);
  write_manifest(run + "/" + kept_checkpoint_manifest(20), next);
  EXPECT_EQ(verify_model(run).checkpoint, before);
  const std::string after = write_manifest(run + "/checkpoint.json", next);
  EXPECT_EQ(verify_model(run).checkpoint, after);
  std::filesystem::remove(run + "/" + kept_checkpoint_manifest(10));  // its tensors go next
  EXPECT_EQ(verify_model(run).checkpoint, after);
}

TEST(RunDirectory, WhatInterruptedWritersLeftGoes) {
  TemporaryDirectory directory;
  make_directories(directory.file("vocabulary"));
  const std::string litter[] = {"train.jsonl.tmp-12-0", "vocabulary/city.txt.tmp-4711-23"};
  const std::string mine[] = {"train.jsonl", "vocabulary/city.txt", "notes.tmp", "a.tmp-12", "a.tmp-12-x", "a.tmp--1"};
  for (const std::string& name : litter) spill(directory.file(name), "torn");
  for (const std::string& name : mine) spill(directory.file(name), "mine");
  remove_unfinished_files(directory.path());
  for (const std::string& name : litter) EXPECT_FALSE(file_exists(directory.file(name))) << name;
  for (const std::string& name : mine) EXPECT_TRUE(file_exists(directory.file(name))) << name;
  remove_unfinished_files(directory.file("none"));
}

TEST(RunDirectory, WhatTheOtherManifestNamesStays) {
  TemporaryDirectory directory;
  SmallModel small = write_small_model(directory.path());
  const std::vector<float> one = {1};
  small.checkpoint.files.push_back(small.model.files[0]);
  publish_manifest(directory.path(), small.checkpoint);
  small.model.files[0] =
      write_safetensors(directory.path(), weights_path(200), {TensorSource::contiguous<float>("w", {1}, one)});
  publish_manifest(directory.path(), small.model);
  EXPECT_TRUE(file_exists(directory.file(weights_path(120))));
  verify_model(directory.path());
}

TEST(RunDirectory, NothingIsRemovedWhileTheOtherManifestCannotBeRead) {
  TemporaryDirectory directory;
  SmallModel small = write_small_model(directory.path());
  spill(directory.file("checkpoint.json"), "damaged");
  const std::vector<float> one = {1};
  small.model.files[0] =
      write_safetensors(directory.path(), weights_path(200), {TensorSource::contiguous<float>("w", {1}, one)});
  publish_manifest(directory.path(), small.model);
  EXPECT_TRUE(file_exists(directory.file(weights_path(120))));
}

TEST(RunDirectory, AModelIsWholeAfterACrashBetweenAnyTwoSteps) {
  TemporaryDirectory directory;
  SmallModel small = write_small_model(directory.path());
  const std::string before = verify_model(directory.path()).model;
  const std::vector<float> one = {1};
  // A torn temporary file, then the new weights without the manifest, then the manifest without the removal.
  spill(directory.file("weights-000200.safetensors.tmp-1"), "torn");
  EXPECT_EQ(verify_model(directory.path()).model, before);
  small.model.files[0] =
      write_safetensors(directory.path(), weights_path(200), {TensorSource::contiguous<float>("w", {1}, one)});
  EXPECT_EQ(verify_model(directory.path()).model, before);
  spill(directory.file("model.json.tmp-1"), "torn");
  EXPECT_EQ(verify_model(directory.path()).model, before);
  const std::string after = write_manifest(directory.file("model.json"), small.model);
  EXPECT_EQ(verify_model(directory.path()).model, after);
}

}  // namespace
}  // namespace kin
