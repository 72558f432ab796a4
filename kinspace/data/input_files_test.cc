#include "kinspace/data/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/table_testing.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class InputFiles : public ::testing::Test {
 protected:
  InputFiles() : directory_(fs::path(::testing::TempDir()) / ("kin-input-files-" + std::to_string(::getpid()))) {
    fs::create_directories(directory_ / "2024");
    fs::create_directories(directory_ / "2025");
    for (const char* name : {"b.csv", "a.csv", "c.tsv", "x[1].csv", "x1.csv", "2024/log.csv", "2025/log.csv"}) {
      std::ofstream(directory_ / name) << name;
    }
  }
  ~InputFiles() override { fs::remove_all(directory_); }

  // What the paths name, below the directory.
  std::vector<std::string> found(const std::vector<std::string>& paths) const {
    std::vector<std::string> names;
    for (const std::string& file : find_input_files(paths, directory_.string())) {
      names.push_back(file == "-" ? file : fs::path(file).lexically_relative(directory_).string());
    }
    return names;
  }

  std::string refused(const std::vector<std::string>& paths, ErrorCode code = ErrorCode::kIo) const {
    return refused_with(code, [&] { find_input_files(paths, directory_.string()); });
  }

  fs::path directory_;
};

TEST_F(InputFiles, PathsKeepTheirOrderAndPatternsAreSorted) {
  EXPECT_THAT(found({"c.tsv", "a.csv"}), ElementsAre("c.tsv", "a.csv"));
  EXPECT_THAT(found({"?.csv"}), ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(found({"[ab].*"}), ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(found({"20*/log.csv"}), ElementsAre("2024/log.csv", "2025/log.csv"));
}

TEST_F(InputFiles, EveryFileComesOnce) {
  EXPECT_THAT(found({"b.csv", "?.csv", "./b.csv", (directory_ / "2024/../a.csv").string()}),
              ElementsAre("b.csv", "a.csv"));
  EXPECT_THAT(found({"-", "a.csv", "-"}), ElementsAre("-", "a.csv"));
}

TEST_F(InputFiles, AFileThatIsThereIsNoPattern) {
  EXPECT_THAT(found({"x[1].csv"}), ElementsAre("x[1].csv"));
}

TEST_F(InputFiles, PatternsDoNotMatchDirectories) {
  EXPECT_THAT(refused({"2*"}), HasSubstr("no file matches"));
}

TEST_F(InputFiles, TheCurrentDirectoryComesSecond) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_ / "2024");
  std::ofstream("only-here.csv") << "x";
  EXPECT_THAT(find_input_files(std::vector<std::string>{"only-here.csv"}, directory_.string()),
              ElementsAre("only-here.csv"));
  EXPECT_THAT(find_input_files(std::vector<std::string>{"only-*.csv"}, directory_.string()),
              ElementsAre("only-here.csv"));
  EXPECT_THAT(find_input_files(std::vector<std::string>{"log.csv"}, ""), ElementsAre("log.csv"));
  fs::current_path(before);
}

TEST_F(InputFiles, SaysWhatIsThereInstead) {
  EXPECT_THAT(refused({"*.parquet"}), AllOf(HasSubstr("no file matches"), HasSubstr("*.parquet"),
                                            HasSubstr("holds 2024, 2025, a.csv, b.csv, c.tsv")));
  EXPECT_THAT(refused({"2026/*.csv"}), HasSubstr("there is no directory"));
  fs::create_directory(directory_ / "empty");
  EXPECT_THAT(refused({"empty/*.csv"}), HasSubstr("is empty"));
  EXPECT_THAT(refused({"d.csv"}), AllOf(HasSubstr("cannot read"), HasSubstr("d.csv"), HasSubstr("did you mean")));
  EXPECT_THAT(refused({"2024"}), AllOf(HasSubstr("it is a directory"), HasSubstr("2024/*.csv")));
  EXPECT_THAT(refused({}, ErrorCode::kInvalidArgument), HasSubstr("data.path is missing"));
  EXPECT_THAT(refused({""}, ErrorCode::kInvalidArgument), HasSubstr("data.path"));
}

}  // namespace
}  // namespace kin
