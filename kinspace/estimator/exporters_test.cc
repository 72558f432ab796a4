#include "kinspace/estimator/exporters.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace kin {
namespace {

namespace fs = std::filesystem;

class ExportersTest : public ::testing::Test {
 protected:
  ~ExportersTest() override { fs::remove_all(run_); }

  static constexpr auto write = [](const std::string& directory) {
    std::ofstream(directory + "/model.json") << directory;
  };

  std::vector<std::string> exported(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(run_ + "/export/" + name)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  std::string run_ = (fs::temp_directory_path() / ("kin-exporters-" + std::to_string(getpid()))).string();
};

using Names = std::vector<std::string>;

TEST_F(ExportersTest, TheNewestOfEachNameStay) {
  Exporters exporters(run_, 3, 0);
  for (const std::int64_t step : {10, 20, 30, 40, 50, 60}) {
    EXPECT_EQ(exporters.add("latest", step, write), run_ + "/export/latest/0000" + std::to_string(step));
  }
  exporters.add("final", 60, write);
  EXPECT_EQ(exported("latest"), (Names{"000040", "000050", "000060"}));
  EXPECT_EQ(exported("final"), Names{"000060"});
  EXPECT_TRUE(fs::exists(run_ + "/export/latest/000050/model.json"));
}

TEST_F(ExportersTest, ZeroKeepsAll) {
  Exporters exporters(run_, 0, 0);
  for (std::int64_t step = 1; step <= 8; ++step) exporters.add("latest", step, write);
  EXPECT_EQ(exported("latest").size(), 8U);
}

TEST_F(ExportersTest, AModelThatFailsHalfwayIsNotThereAndGoesWithTheNextRun) {
  Exporters exporters(run_, 3, 0);
  exporters.add("best", 10, write);
  const auto half = [](const std::string& directory) {
    write(directory);
    throw std::runtime_error("no space");
  };
  EXPECT_THROW(exporters.add("best", 20, half), std::runtime_error);
  EXPECT_FALSE(fs::exists(run_ + "/export/best/000020"));
  Exporters resumed(run_, 3, 10);
  EXPECT_EQ(exported("best"), Names{"000010"});
}

TEST_F(ExportersTest, StepsThatAreMadeAgainReplaceTheirModels) {
  Exporters exporters(run_, 5, 0);
  for (const std::int64_t step : {10, 20, 30}) exporters.add("best", step, write);
  fs::create_directory(run_ + "/export/best/mine");
  Exporters resumed(run_, 5, 20);
  EXPECT_EQ(exported("best"), (Names{"000010", "000020", "mine"}));
  resumed.add("best", 20, write);
  EXPECT_EQ(exported("best"), (Names{"000010", "000020", "mine"}));
}

}  // namespace
}  // namespace kin
