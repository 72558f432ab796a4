#include "kinspace/estimator/run_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/formats/run_directory.h"

namespace kin {
namespace {

class RunDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "kin-run-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

ModelAttributes of_step(std::int64_t step) {
  ModelAttributes attributes;
  attributes.step = step;
  return attributes;
}

TEST(RunState, SurvivesItsText) {
  RunState state;
  state.step = 120;
  state.slot_steps = 500;
  state.stopped_early = true;
  state.best_step = 80;
  state.validation = {{40, 0.1}, {80, 0.1 + 0.2}, {120, 0.25}};
  state.data_digest = "00ff";
  const RunState back = run_state_from_json(to_json(state), "checkpoint.json");
  EXPECT_EQ(to_json(back), to_json(state));
  EXPECT_EQ(back.slot_steps, 500);
  EXPECT_EQ(back.best_value(), 0.1 + 0.2);
}

TEST(RunState, AMetricThatIsNoNumberSurvivesAsNone) {
  RunState state;
  state.validation = {{10, std::numeric_limits<double>::quiet_NaN()}, {20, 0.5}};
  const std::string text = to_json(state);
  EXPECT_NE(text.find("[10,null]"), std::string::npos);
  const RunState back = run_state_from_json(text, "checkpoint.json");
  EXPECT_TRUE(std::isnan(back.validation[0].value));
  EXPECT_EQ(back.validation[1].value, 0.5);
}

TEST(RunState, OfAnotherShapeIsCorrupt) {
  for (const char* text : {"", "{}", "[]", "{\"step\":\"x\"}"}) {
    try {
      run_state_from_json(text, "run/checkpoint.json");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruption);
      EXPECT_NE(error.message().find("run/checkpoint.json"), std::string::npos);
    }
  }
}

TEST(ModelAttributes, SurviveTheirText) {
  ModelAttributes attributes;
  attributes.step = 7;
  attributes.dim = 64;
  attributes.metric = "ndcg@20";
  attributes.metric_value = 0.125;
  attributes.data_digest = "ab";
  attributes.labels = true;
  const ModelAttributes back = model_attributes_from_json(to_json(attributes), "model.json");
  EXPECT_EQ(to_json(back), to_json(attributes));
  EXPECT_EQ(back.metric_value, 0.125);
}

TEST_F(RunDirectory, ACheckpointBringsBackWeightsAndSlots) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  Parameter& table = store.parameter(pool, "item/embedding", 5, 3, {.initial = Initial::truncated_normal(1)});
  table.slot(table.slots()[0]).row(2)[1] = 0.75F;
  RunState state;
  state.step = 9;
  save_checkpoint(directory_, "{}", state, store);

  ParameterStore other(2, {});
  Parameter& loaded = other.parameter(pool, "item/embedding", 5, 3, {.initial = Initial::constant(0)});
  load_checkpoint(directory_, read_run_manifest(directory_, kCheckpointManifest), other);
  for (std::int64_t r = 0; r < 5; ++r) {
    for (std::int64_t d = 0; d < 3; ++d) EXPECT_EQ(loaded.row(r)[d], table.row(r)[d]);
  }
  EXPECT_EQ(loaded.slot(loaded.slots()[0]).row(2)[1], 0.75F);
}

TEST_F(RunDirectory, APublishedModelBringsBackWeightsOfAnyWidth) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  store.parameter(pool, "bias", 70000, 1, {.initial = Initial::truncated_normal(1)});
  store.parameter(pool, "table", 7000, 60, {.initial = Initial::truncated_normal(1)});
  publish_model(directory_, "{}", of_step(3), {}, store);

  ParameterStore loaded;
  load_weights(directory_, read_run_manifest(directory_, kModelManifest), 3, loaded);
  ASSERT_EQ(loaded.all().size(), 2U);
  for (const Parameter* parameter : loaded.all()) {
    const Parameter& written = store.get(parameter->name());
    for (std::int64_t r = 0; r < written.rows(); ++r) {
      ASSERT_TRUE(std::equal(written.row(r), written.row(r) + written.dim(), parameter->row(r))) << r;
    }
  }
}

TEST_F(RunDirectory, AModelWithANaNIsRefused) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  store.parameter(pool, "a", 9, 60, {.initial = Initial::constant(1)});
  Parameter& table = store.parameter(pool, "b", 9, 60, {.initial = Initial::constant(1)});
  table.row(8)[59] = std::numeric_limits<float>::quiet_NaN();
  publish_model(directory_, "{}", of_step(3), {}, store);
  ParameterStore loaded;
  try {
    load_weights(directory_, read_run_manifest(directory_, kModelManifest), 3, loaded);
    FAIL() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruption);
    EXPECT_NE(error.message().find("tensor 'b' holds a NaN"), std::string::npos) << error.message();
  }
}

TEST_F(RunDirectory, ACheckpointOfAnotherModelIsRefused) {
  ThreadPool pool(1);
  ParameterStore store(1, {});
  store.parameter(pool, "item/embedding", 5, 3, {.initial = Initial::constant(1)});
  save_checkpoint(directory_, "{}", {}, store);
  ParameterStore other(1, {});
  other.parameter(pool, "item/embedding", 6, 3, {.initial = Initial::constant(0)});
  const Manifest manifest = read_run_manifest(directory_, kCheckpointManifest);
  EXPECT_THROW(load_checkpoint(directory_, manifest, other), Error);
}

TEST_F(RunDirectory, ACheckpointWithoutItsFileIsCorrupt) {
  ParameterStore store(1, {});
  try {
    load_checkpoint(directory_,
                    Manifest{.kind = "checkpoint", .spec = "{}", .attributes = "{}", .files = {}, .checksum = ""},
                    store);
    FAIL() << "nothing was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace kin
