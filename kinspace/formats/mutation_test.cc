#include <gtest/gtest.h>

#include <cstring>

#include "kinspace/base/random.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/verify.h"

// Fault row 5 of the reliability plan: a small model directory is changed at random places, thousands of times.

namespace kin {
namespace {

constexpr std::uint64_t kSeed = 20;

class Mutation : public testing::Test {
 protected:
  Mutation() {
    small_ = write_small_model(directory_.path());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
      if (entry.is_regular_file()) {
        paths_.push_back(entry.path().string());
        total_ += entry.file_size();
      }
    }
    std::sort(paths_.begin(), paths_.end());
    for (const std::string& path : paths_) contents_.push_back(slurp(path));
    sum_ = load_everything(directory_.path());
  }

  /// A file, chosen in proportion to its length, and a byte of it.
  std::pair<std::size_t, std::size_t> choose(RandomStream& random) const {
    std::uint64_t at = random.below(total_);
    std::size_t file = 0;
    while (at >= contents_[file].size()) at -= contents_[file++].size();
    return {file, static_cast<std::size_t>(at)};
  }

  /// Expects that verify and a loader both refuse `content` in the place of a file with exit status 4, naming the file.
  void expect_noticed(std::size_t file, const std::string& content, const std::string& what) {
    spill(paths_[file], content);
    const std::string name = std::filesystem::path(paths_[file]).filename().string();
    const Error verifying = error_of([&] { verify_model(directory_.path()); });
    const Error loading = error_of([&] { load_everything(directory_.path()); });
    EXPECT_EQ(verifying.code(), ErrorCode::kCorruption) << name << ": " << what;
    EXPECT_EQ(loading.code(), ErrorCode::kCorruption) << name << ": " << what;
    EXPECT_NE(verifying.message().find(name), std::string::npos) << what << ": " << verifying.message();
    EXPECT_NE(loading.message().find(name), std::string::npos) << what << ": " << loading.message();
    spill(paths_[file], contents_[file]);
  }

  TemporaryDirectory directory_;
  SmallModel small_;
  std::vector<std::string> paths_;
  std::vector<std::string> contents_;
  std::uint64_t total_ = 0;
  double sum_ = 0;
};

TEST_F(Mutation, EveryOneOf8000BitFlipsIsNoticed) {
  ASSERT_EQ(paths_.size(), 7U);
  for (std::uint64_t i = 0; i < 8000 && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 0, i);
    const auto [file, at] = choose(random);
    std::string content = contents_[file];
    content[at] = static_cast<char>(content[at] ^ (1 << random.below(8)));
    expect_noticed(file, content, "flip " + std::to_string(i) + " at byte " + std::to_string(at));
  }
  EXPECT_EQ(load_everything(directory_.path()), sum_);
}

TEST_F(Mutation, EveryOneOf1000TruncationsIsNoticed) {
  for (std::uint64_t i = 0; i < 1000 && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 1, i);
    const auto [file, at] = choose(random);
    expect_noticed(file, contents_[file].substr(0, at), "cut " + std::to_string(i) + " at byte " + std::to_string(at));
  }
}

TEST_F(Mutation, EveryOneOf1000SplicesIsNoticed) {
  for (std::uint64_t i = 0; i < 1000 && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 2, i);
    const auto [file, at] = choose(random);
    const auto [other, from] = choose(random);
    std::string content = contents_[file];
    content.replace(at, random.below(20), contents_[other], from, random.below(20));
    if (content == contents_[file]) continue;
    expect_noticed(file, content, "splice " + std::to_string(i) + " at byte " + std::to_string(at));
  }
}

TEST_F(Mutation, WithChecksumsMadeRightAgainTheEndIsATypedErrorOrAModel) {
  int accepted = 0;
  for (std::uint64_t i = 0; i < 3000 && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 3, i);
    Manifest manifest = small_.model;
    FileRecord& record = manifest.files[random.below(manifest.files.size())];
    std::string content = slurp(directory_.file(record.path));
    const std::string original = content;
    // Structure lies at the start: lengths, headers.
    const std::size_t reach = random.below(2) == 0 ? std::min<std::size_t>(content.size(), 200) : content.size();
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      const std::size_t at = random.below(reach);
      const char byte = "0123456789,:[]{}\"\t\n\\-e\xff"[random.below(23)];
      if (at < content.size()) content[at] = random.below(3) == 0 ? static_cast<char>(random.next_u32()) : byte;
    }
    if (random.below(5) == 0) content.resize(random.below(content.size() + 1));
    FileDigest digest;
    digest.update(content.data(), content.size());
    record = digest.finish(record.path);
    spill(directory_.file(record.path), content);
    spill(directory_.file("model.json"), render_manifest(manifest));
    int status = 0;
    try {
      verify_model(directory_.path());
      load_everything(directory_.path());
      ++accepted;
    } catch (const Error& error) {
      status = exit_status(error.code());
      // The checkpoint names the vocabularies too, so that a changed one is noticed there at the latest.
      EXPECT_EQ(status, 4) << i << ": " << error.message();
    }
    spill(directory_.file(record.path), original);
  }
  // Some edits only change numbers; were there none, the test would not reach the readers of tensors.
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace kin
