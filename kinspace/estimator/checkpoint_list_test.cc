#include "kinspace/estimator/checkpoint_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kinspace/estimator/run_state.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/verify.h"

namespace kin {
namespace {

using Steps = std::vector<std::int64_t>;

class CheckpointListTest : public ::testing::Test {
 protected:
  CheckpointListTest() { std::filesystem::create_directory(directory_); }
  ~CheckpointListTest() override { std::filesystem::remove_all(directory_); }

  CheckpointList list(const CheckpointOptions& options, std::int64_t resumed_at = 0) {
    return {directory_, options, /*metric_rises=*/true, resumed_at, [this] { return time_; }};
  }

  /// Publishes the checkpoint of a step as a run does.
  void publish(CheckpointList& checkpoints, std::int64_t step, std::optional<double> metric = {}) {
    RunState state;
    state.step = step;
    save_checkpoint(directory_, "{}", state, store_, checkpoints.add(step, metric));
  }

  std::string directory_ = (std::filesystem::temp_directory_path() / ("kin-list-" + std::to_string(getpid()))).string();
  ThreadPool pool_{1};
  ParameterStore store_ = [this] {
    ParameterStore store(1, {});
    store.parameter(pool_, "w", 2, 2, {});
    return store;
  }();
  double time_ = 1000;
};

TEST_F(CheckpointListTest, KeepsTheNewestAndTheBestAndEachLoads) {
  CheckpointList checkpoints = list({.keep = 2, .keep_best = 1});
  publish(checkpoints, 10, 0.5);
  publish(checkpoints, 20, 0.9);
  publish(checkpoints, 30, 0.7);
  publish(checkpoints, 40);
  EXPECT_EQ(kept_checkpoints(directory_), (Steps{20, 30, 40}));
  for (const std::int64_t step : {20, 30, 40}) {
    const Manifest manifest = read_run_manifest(directory_, kept_checkpoint_manifest(step));
    EXPECT_EQ(run_state_from_json(manifest.attributes, "").step, step);
    EXPECT_NO_THROW(load_checkpoint(directory_, manifest, store_));
  }
  EXPECT_EQ(read_run_manifest(directory_, kCheckpointManifest).checksum,
            read_run_manifest(directory_, kept_checkpoint_manifest(40)).checksum);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + checkpoint_path(10)));
}

TEST_F(CheckpointListTest, OneCheckpointNeedsNoManifestOfItsOwn) {
  CheckpointList checkpoints = list({});
  publish(checkpoints, 10);
  publish(checkpoints, 20);
  EXPECT_EQ(kept_checkpoints(directory_), Steps{});
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/checkpoints.json"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/" + checkpoint_path(10)));
  verify_model(directory_);
}

TEST_F(CheckpointListTest, ZeroKeepsAll) {
  CheckpointList checkpoints = list({.keep = 0});
  for (const std::int64_t step : {1, 2, 3, 4, 5, 6}) publish(checkpoints, step);
  EXPECT_EQ(kept_checkpoints(directory_).size(), 6U);
}

TEST_F(CheckpointListTest, HoursCountFromTheFirstStartOfTheRun) {
  const CheckpointOptions options{.keep = 1, .every_hours = 1};
  CheckpointList first = list(options);
  publish(first, 10);
  time_ += 3700;
  publish(first, 20);
  CheckpointList resumed = list(options, 20);
  time_ += 100;
  publish(resumed, 30);
  publish(resumed, 40);
  EXPECT_EQ(kept_checkpoints(directory_), (Steps{20, 40}));
}

TEST_F(CheckpointListTest, ARestartRemembersWhatWasBest) {
  const CheckpointOptions options{.keep = 1, .keep_best = 1};
  CheckpointList first = list(options);
  publish(first, 10, 0.9);
  publish(first, 20, 0.1);
  CheckpointList resumed = list(options, 20);
  publish(resumed, 30, 0.2);
  EXPECT_EQ(kept_checkpoints(directory_), (Steps{10, 30}));
}

TEST_F(CheckpointListTest, StepsThatAreMadeAgainAreNewCheckpoints) {
  const CheckpointOptions options{.keep = 3};
  CheckpointList first = list(options);
  publish(first, 10);
  first.add(20, {});  // the process died before it was published
  CheckpointList resumed = list(options, 10);
  publish(resumed, 20);
  publish(resumed, 25);
  EXPECT_EQ(kept_checkpoints(directory_), (Steps{10, 20, 25}));
}

TEST_F(CheckpointListTest, ADamagedListIsBegunAnewAndAClockSetBackDoesNoHarm) {
  const CheckpointOptions options{.keep = 2};
  for (const char* text : {"", "[]", "{\"checkpoints\": 7}", "{\"checkpoints\": [{\"step\": \"x\"}]}", "nonsense"}) {
    std::ofstream(directory_ + "/checkpoints.json") << text;
    CheckpointList checkpoints = list(options, 5);
    publish(checkpoints, 10);
    time_ -= 500;
    publish(checkpoints, 20);
    EXPECT_EQ(kept_checkpoints(directory_), (Steps{10, 20})) << text;
  }
}

}  // namespace
}  // namespace kin
