#include "kinspace/base/file_mapping.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace kin {
namespace {

class Mapping : public ::testing::Test {
 protected:
  Mapping() {
    std::string pattern = ::testing::TempDir() + "kin_mapping_XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/f";
    for (int i = 0; i < 5000; ++i) text_ += std::to_string(i);
    write_file_atomically(path_, text_);
  }
  ~Mapping() override { std::filesystem::remove_all(directory_); }

  std::shared_ptr<FileMapping> map(std::uint64_t bytes) const { return FileMapping::of(InputFile(path_), bytes); }

  std::string directory_;
  std::string path_;
  std::string text_;
};

TEST_F(Mapping, HoldsTheBytesOfTheFileAlsoWhenItIsReplaced) {
  const auto mapping = map(text_.size());
  if (mapping == nullptr) GTEST_SKIP() << "files cannot be mapped here";
  write_file_atomically(path_, "new");
  EXPECT_EQ(std::string_view(mapping->data(), text_.size()), text_);
  std::filesystem::remove(path_);
  EXPECT_EQ(std::string_view(mapping->data(), text_.size()), text_);
}

TEST_F(Mapping, KeepsWhatIsWrittenAwayFromTheFile) {
  const auto mapping = map(text_.size());
  if (mapping == nullptr) GTEST_SKIP() << "files cannot be mapped here";
  mapping->data()[0] = 'x';
  EXPECT_EQ(mapping->data()[0], 'x');
  EXPECT_EQ(read_file(path_, 1 << 20), text_);
}

TEST_F(Mapping, IsNotMadeOfAFileThatIsTooShortOrEmpty) {
  EXPECT_EQ(map(text_.size() + (1 << 20)), nullptr);
  EXPECT_EQ(map(0), nullptr);
}

}  // namespace
}  // namespace kin
