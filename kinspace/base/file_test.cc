#include "kinspace/base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

class File : public ::testing::Test {
 protected:
  File() {
    std::string pattern = ::testing::TempDir() + "kin_file_XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~File() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) out.push_back(entry.path().filename());
    return out;
  }

  std::string directory_;
};

template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error::internal("");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Files of this process may not grow beyond `bytes` while it lives: a full disk for the test.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*handler_)(int);
};

TEST_F(File, WhatWasWrittenIsRead) {
  std::string content("line\n\0binary", 12);
  content.append(200'000, 'x');
  write_file_atomically(path("a"), content);
  EXPECT_EQ(read_file(path("a"), 1 << 20), content);
  EXPECT_EQ(file_size(path("a")), content.size());
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  write_file_atomically(path("a"), "");
  EXPECT_EQ(read_file(path("a"), 0), "");
}

TEST_F(File, ReadingStopsAtTheLimit) {
  write_file_atomically(path("a"), "12345");
  EXPECT_EQ(read_file(path("a"), 5), "12345");
  const Error e = error_of([&] { read_file(path("a"), 4); });
  EXPECT_EQ(e.code(), ErrorCode::kResourceLimit);
  EXPECT_TRUE(contains(e.message(), path("a")) && contains(e.message(), "4 B")) << e.message();
}

TEST_F(File, AMissingFileIsNamed) {
  for (const Error& e : {error_of([&] { read_file(path("none"), 10); }), error_of([&] { file_size(path("none")); }),
                         error_of([&] { InputFile file(path("none")); })}) {
    EXPECT_EQ(e.code(), ErrorCode::kIo);
    EXPECT_TRUE(contains(e.message(), path("none")) && contains(e.message(), "No such file")) << e.message();
  }
  EXPECT_FALSE(file_exists(path("none")));
}

TEST_F(File, ADirectoryIsNoFileToRead) {
  const Error e = error_of([&] { InputFile file(directory_); });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e.message(), "directory")) << e.message();
  EXPECT_TRUE(file_exists(directory_));
}

TEST_F(File, ReadsInPiecesAndAtOffsets) {
  write_file_atomically(path("a"), "0123456789");
  InputFile file(path("a"));
  EXPECT_EQ(file.path(), path("a"));
  char bytes[16] = {};
  EXPECT_EQ(file.read(bytes, 4), 4U);
  EXPECT_EQ(std::string(bytes, 4), "0123");
  file.read_at(7, bytes, 3);
  EXPECT_EQ(std::string(bytes, 3), "789");
  EXPECT_EQ(file.read(bytes, 16), 6U);  // read_at does not move the place
  EXPECT_EQ(file.read(bytes, 16), 0U);
  const Error e = error_of([&] { file.read_at(8, bytes, 3); });
  EXPECT_EQ(e.code(), ErrorCode::kCorruption);
  EXPECT_TRUE(contains(e.message(), path("a")) && contains(e.message(), "10")) << e.message();
}

TEST_F(File, MinusIsStandardInput) {
  write_file_atomically(path("a"), "from stdin");
  const int saved = ::dup(0);
  ASSERT_NE(::freopen(path("a").c_str(), "r", stdin), nullptr);
  EXPECT_EQ(read_file("-", 100), "from stdin");
  ::dup2(saved, 0);
  ::close(saved);
}

TEST_F(File, AnAtomicFileAppearsOnlyWithItsCommit) {
  write_file_atomically(path("a"), "old");
  {
    AtomicFile file(path("a"));
    file.write("new");
    EXPECT_EQ(read_file(path("a"), 10), "old");
    file.commit();
    EXPECT_EQ(read_file(path("a"), 10), "new");
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, WithoutCommitNothingRemains) {
  {
    AtomicFile file(path("a"));
    file.write("half");
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(File, TwoWritersOfOnePathDoNotMix) {
  AtomicFile first(path("a"));
  AtomicFile second(path("a"));
  first.write("first");
  second.write("2");
  first.commit();
  EXPECT_EQ(read_file(path("a"), 10), "first");
  second.commit();
  EXPECT_EQ(read_file(path("a"), 10), "2");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, AFullDiskLeavesTheOldFile) {
  write_file_atomically(path("a"), "old");
  const Error e = error_of([&] {
    const SizeLimit limit(10'000);
    write_file_atomically(path("a"), std::string(100'000, 'x'));
  });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e.message(), path("a"))) << e.message();
  EXPECT_TRUE(contains(e.fix(), "space")) << e.fix();
  EXPECT_EQ(read_file(path("a"), 10), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, AWrongPlaceIsNamed) {
  const Error missing = error_of([&] { write_file_atomically(path("none/a"), "x"); });
  EXPECT_EQ(missing.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(missing.message(), path("none/a"))) << missing.message();
  make_directories(path("taken"));
  EXPECT_EQ(error_of([&] { write_file_atomically(path("taken"), "x"); }).code(), ErrorCode::kIo);
  EXPECT_EQ(names(), std::vector<std::string>{"taken"});
}

TEST_F(File, DirectoriesAreMadeWithTheirParents) {
  make_directories(path("a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(path("a/b/c")));
  make_directories(path("a/b/c"));  // there already
  write_file_atomically(path("file"), "x");
  const Error e = error_of([&] { make_directories(path("file/d")); });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e.message(), path("file/d"))) << e.message();
}

TEST_F(File, ALockHasOneHolderWhoIsNamed) {
  {
    const FileLock lock(path("lock"));
    const Error e = error_of([&] { FileLock second(path("lock")); });
    EXPECT_EQ(e.code(), ErrorCode::kIo);
    EXPECT_TRUE(contains(e.message(), "process " + std::to_string(::getpid()))) << e.message();
  }
  const FileLock again(path("lock"));
  EXPECT_EQ(read_file(path("lock"), 100), std::to_string(::getpid()));
}

TEST_F(File, ALockInNoDirectoryIsAnError) {
  EXPECT_EQ(error_of([&] { FileLock lock(path("none/lock")); }).code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace kin
