#include "kinspace/estimator/warm_start.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "kinspace/base/error.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/estimator/estimator.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/warm_start_settings.h"
#include "kinspace/formats/tf_bundle_writer.h"

namespace kin {
namespace {

class WarmStartTest : public ::testing::Test {
 protected:
  WarmStartTest() {
    std::filesystem::create_directories(directory_);
    write("old.txt", "london\nparis\noslo\n");
    // Row r of the table is r r, of its slot 10 + r 10 + r; the last one is out of vocabulary.
    const std::vector<float> table = {0, 0, 1, 1, 2, 2, 3, 3}, slot = {10, 10, 11, 11, 12, 12, 13, 13}, bias = {7, 8};
    write_tf_bundle(file("model.ckpt"), {TensorSource::contiguous<float>("theirs", {4, 2}, table),
                                         TensorSource::contiguous<float>("theirs/Adagrad", {4, 2}, slot),
                                         TensorSource::contiguous<float>("bias", {2}, bias)});
    keys_.vocabulary = [this](const std::string& name) {
      return name.ends_with("/embedding") ? &vocabulary_ : nullptr;
    };
    for (const char* name : {"city/embedding", "town/embedding"}) {
      store_.parameter(pool_, name, 4, 2, {.initial = Initial::constant(-1.0F)});
    }
    store_.parameter(pool_, "bias", 1, 2, {});
  }
  ~WarmStartTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }

  /// Starts city/embedding by the keys of a vocabulary file.
  WarmStartOptions options(const std::string& keys = "old.txt") const {
    WarmStartOptions out;
    out.path = "model.ckpt";
    out.include = {"city/*"};
    out.rename = {{"city/embedding", "theirs"}};
    if (!keys.empty()) out.keys = {{"city/embedding", keys}};
    return out;
  }

  WarmStartReport start(const WarmStartOptions& options) { return warm_start(options, directory_, keys_, store_); }

  /// The first number of each row.
  static std::vector<float> column(ConstMatrixView matrix) {
    std::vector<float> out;
    for (std::int64_t r = 0; r < matrix.rows; ++r) out.push_back(matrix.row(r)[0]);
    return out;
  }
  std::vector<float> weights(const std::string& name) { return column(store_.get(name).weights()); }
  std::vector<float> slots(const std::string& name) {
    Parameter& parameter = store_.get(name);
    return column(parameter.slot(parameter.slots().front()));
  }

  void expect_error(const WarmStartOptions& options, ErrorCode code, const std::string& words) {
    try {
      start(options);
      ADD_FAILURE() << "no error; wanted: " << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.message();
      EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
    }
  }

  std::string directory_ =
      (std::filesystem::temp_directory_path() / ("kin-warm-start-" + std::to_string(getpid()))).string();
  ThreadPool pool_{1};
  OptimizerOptions adagrad_ = [] {
    OptimizerOptions out;
    out.name = "adagrad";
    out.lr = 0.1F;
    return out;
  }();
  ParameterStore store_{1, adagrad_};
  Vocabulary vocabulary_{KeyList(std::vector<std::string>{"oslo", "lima", "london"}), {3, 2, 1}};
  ParameterKeys keys_;
};

TEST_F(WarmStartTest, RowsJoinByTheKeysOfAVocabularyFile) {
  const WarmStartReport report = start(options());
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, -1, 0, 3}));  // the row behind the keys follows
  EXPECT_EQ(weights("town/embedding"), (std::vector<float>{-1, -1, -1, -1}));
  const auto row = std::find_if(report.rows.begin(), report.rows.end(),
                                [](const WarmStarted& r) { return r.parameter == "city/embedding"; });
  ASSERT_NE(row, report.rows.end());
  EXPECT_TRUE(row->by_key);
  EXPECT_EQ(row->matched, 3);
  EXPECT_EQ(row->fresh, 1);
  EXPECT_EQ(row->unused, 1);
}

TEST_F(WarmStartTest, SlotsFollowTheKeysOfTheirTable) {
  const float fresh = slots("city/embedding")[0];
  WarmStartOptions with = options();
  with.slots = true;
  with.fresh = "mean";
  start(with);
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, 1.5F, 0, 3}));
  EXPECT_EQ(slots("city/embedding"), (std::vector<float>{12, fresh, 10, 13}));
}

TEST_F(WarmStartTest, SlotsOfOtherRowsThanTheirTableAreRefused) {
  const std::vector<float> table(8, 1.0F), slot = {1, 1};
  write_tf_bundle(file("model.ckpt"), {TensorSource::contiguous<float>("theirs", {4, 2}, table),
                                       TensorSource::contiguous<float>("theirs/Adagrad", {1, 2}, slot)});
  WarmStartOptions with = options();
  with.slots = true;
  expect_error(with, ErrorCode::kInvalidArgument, "'theirs/Adagrad' of");
}

TEST_F(WarmStartTest, ATableOfOneKeyIsNoVector) {
  const std::vector<float> weights_of_keys = {4, 5, 6};
  write_tf_bundle(file("model.ckpt"), {TensorSource::contiguous<float>("theirs", {3}, weights_of_keys)});
  store_.parameter(pool_, "one/embedding", 1, 1, {});
  vocabulary_ = Vocabulary(KeyList(std::vector<std::string>{"oslo"}), {1});
  WarmStartOptions one = options();
  one.include = {"one/*"};
  one.rename = {{"one/embedding", "theirs"}};
  one.keys = {{"one/embedding", "old.txt"}};
  start(one);
  EXPECT_EQ(weights("one/embedding"), (std::vector<float>{6}));
}

TEST_F(WarmStartTest, TwoTablesMayStartFromOneTensor) {
  WarmStartOptions both = options();
  both.include = {"*/embedding"};
  both.rename["town/embedding"] = "theirs";
  start(both);
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, -1, 0, 3}));
  EXPECT_EQ(weights("town/embedding"), (std::vector<float>{0, 1, 2, 3}));  // no keys were named: by number
}

TEST_F(WarmStartTest, IntegerKeysJoinByValue) {
  write("old.txt", "07\n5\n3\n");
  vocabulary_ = Vocabulary(KeyList(std::vector<std::int64_t>{3, 7}), {2, 1});
  start(options());
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, 0, 3, -1}));
}

TEST_F(WarmStartTest, OldVocabulariesThatDoNotFitAreSaid) {
  const std::vector<float> before = weights("city/embedding");
  write("long.txt", "a\nb\nc\nd\ne\n");
  expect_error(options("long.txt"), ErrorCode::kInvalidArgument, "holds 5 keys, and 'theirs'");
  write("twice.txt", "a\nb\na\n");
  expect_error(options("twice.txt"), ErrorCode::kBadData, "repeats 'a'");
  expect_error(options("none.txt"), ErrorCode::kIo, "none.txt");
  EXPECT_EQ(weights("city/embedding"), before);
}

TEST_F(WarmStartTest, KeysThatNothingIsJoinedByAreErrors) {
  WarmStartOptions other = options();
  other.include = {"bias"};
  expect_error(other, ErrorCode::kInvalidArgument, "'city/embedding' is not joined by the keys of old.txt: not among");
  other = options();
  other.include = {};
  other.exclude = {"town/*"};
  other.keys = {{"bias", "old.txt"}};
  expect_error(other, ErrorCode::kInvalidArgument, "'bias' is not joined by the keys of old.txt: its rows are numbers");
  other.keys = {{"nothing", "old.txt"}};
  expect_error(other, ErrorCode::kInvalidArgument, "no parameter has that name");
}

TEST_F(WarmStartTest, AColumnNamesTheKeysOfItsTable) {
  VocabularyColumn column;
  column.embed.checkpoint = "model.ckpt";
  column.embed.tensor = "theirs";
  column.embed.keys = "old.txt";
  const FeatureColumns columns = {{"city", column}};
  load_embeddings(columns, directory_, keys_, store_);
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, -1, 0, 3}));
}

TEST_F(WarmStartTest, ARunThatGoesOnDoesNotReadItsSourceAgain) {
  std::string rows = "city,late\n";
  for (int i = 0; i < 24; ++i) rows += std::string(i % 3 == 0 ? "oslo" : "london") + (i % 2 == 0 ? ",0\n" : ",1\n");
  write("rows.csv", rows);
  const Spec spec = parse_spec(
      "spec = 1\ndata = { path = 'rows.csv' }\nmodel = { kind = 'deep', layers = [] }\n"
      "columns.city = { kind = 'vocabulary', embed = { dim = 2, checkpoint = 'model.ckpt', tensor = 'theirs', "
      "keys = 'old.txt', trainable = false } }\n"
      "head = { kind = 'binary', target = 'late' }\ntrain = { batch = 4, epochs = 1 }",
      "test.toml");
  std::vector<float> started;
  const TrainHook look = {.before_step = [&](const StepView& view) {
    if (view.step == 0) started = column(view.parameters->get("city/embedding").weights());
  }};
  Estimator estimator(spec, {.directory = file("run"), .spec_directory = directory_, .threads = 1});
  EXPECT_EQ(estimator.train({.steps = 3, .hooks = {look}}).step, 3);
  EXPECT_EQ(started, (std::vector<float>{0, 2}));
  std::filesystem::remove(file("model.ckpt.index"));
  std::filesystem::remove(file("old.txt"));
  std::vector<float> kept;
  const TrainHook last = {.after_step = [&](const StepView& view) {
    kept = column(view.parameters->get("city/embedding").weights());
    return false;
  }};
  EXPECT_EQ(estimator.train({.hooks = {last}}).step, 6);
  EXPECT_EQ(kept, started);  // not trainable: the same bits
}

// TensorFlow's own settings over a store; the golden cases are in warm_start_golden_test.cc.

TEST_F(WarmStartTest, SettingsReachParametersAndTheirSlots) {
  write("new.txt", "oslo\nlima\nlondon\n");
  const VocabInfo info = {.new_vocab = file("new.txt"),
                          .new_vocab_size = 3,
                          .num_oov_buckets = 1,
                          .old_vocab = file("old.txt"),
                          .backup_initializer = Initial::constant(0.5F)};
  const std::string slot = "city/embedding/" + std::string(store_.get("city/embedding").slots().front().name);
  WarmStartSettings settings;
  settings.ckpt_to_initialize_from = file("model.ckpt");
  settings.vars_to_warm_start = std::vector<std::string>{"city/.*"};
  settings.var_name_to_vocab_info = {{"city/embedding", info}, {slot, info}};
  settings.var_name_to_prev_var_name = {{"city/embedding", "theirs"}, {slot, "theirs/Adagrad"}};
  warm_start(settings, warm_variables(store_));
  EXPECT_EQ(weights("city/embedding"), (std::vector<float>{2, 0.5F, 0, 0.5F}));
  EXPECT_EQ(slots("city/embedding"), (std::vector<float>{12, 0.5F, 10, 0.5F}));
  EXPECT_EQ(weights("town/embedding"), (std::vector<float>{-1, -1, -1, -1}));
}

TEST_F(WarmStartTest, SettingsTakeVectorsForParametersOfOneRow) {
  WarmStartSettings settings;
  settings.ckpt_to_initialize_from = file("model.ckpt");
  settings.vars_to_warm_start = "bias:0$";
  warm_start(settings, warm_variables(store_));
  EXPECT_EQ(store_.get("bias").row(0)[1], 8.0F);
}

TEST_F(WarmStartTest, InitializersThatDrawAreReproducible) {
  write("new.txt", "lima\nlondon\nparis\noslo\n");
  WarmStartSettings settings;
  settings.ckpt_to_initialize_from = file("model.ckpt");
  settings.vars_to_warm_start = std::nullopt;
  settings.var_name_to_prev_var_name = {{"city/embedding", "theirs"}};
  settings.var_name_to_vocab_info = {{"city/embedding",
                                      {.new_vocab = file("new.txt"),
                                       .new_vocab_size = 4,
                                       .old_vocab = file("old.txt"),
                                       .backup_initializer = Initial::truncated_normal(1.0F)}}};
  warm_start(settings, warm_variables(store_));
  const std::vector<float> first = weights("city/embedding");
  EXPECT_NE(first[0], -1.0F);
  EXPECT_EQ((std::vector<float>{first.begin() + 1, first.end()}), (std::vector<float>{0, 1, 2}));
  warm_start(settings, warm_variables(store_));
  EXPECT_EQ(weights("city/embedding"), first);
  settings.seed = 2;
  warm_start(settings, warm_variables(store_));
  EXPECT_NE(weights("city/embedding")[0], first[0]);
}

TEST_F(WarmStartTest, ImpossibleSettingsAreRefused) {
  write("new.txt", "oslo\nlima\nlondon\n");
  const VocabInfo good = {
      .new_vocab = file("new.txt"), .new_vocab_size = 3, .num_oov_buckets = 1, .old_vocab = file("old.txt")};
  const auto refusal = [&](const std::function<void(WarmStartSettings&, VocabInfo&)>& spoil) {
    WarmStartSettings settings;
    settings.ckpt_to_initialize_from = file("model.ckpt");
    settings.vars_to_warm_start = "city";
    settings.var_name_to_prev_var_name = {{"city/embedding", "theirs"}};
    VocabInfo info = good;
    spoil(settings, info);
    settings.var_name_to_vocab_info = {{"city/embedding", info}};
    try {
      warm_start(settings, warm_variables(store_));
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("no error");
  };
  EXPECT_EQ(refusal([](auto&, auto&) {}), "no error");
  EXPECT_NE(refusal([](auto&, auto& info) { info.axis = 2; }).find("axis is 0 or 1, not 2"), std::string::npos);
  EXPECT_NE(refusal([](auto&, auto& info) { info.new_vocab_size = 0; }).find("impossible"), std::string::npos);
  EXPECT_NE(refusal([](auto&, auto& info) { info.old_vocab_size = 0; }).find("impossible"), std::string::npos);
  EXPECT_NE(refusal([](auto&, auto& info) { info.num_oov_buckets = INT64_MAX; }).find("3 tokens"), std::string::npos);
  EXPECT_NE(refusal([](auto&, auto& info) { info.axis = 1; }).find("on axis 1"), std::string::npos);
  EXPECT_NE(refusal([](auto&, auto& info) { info.old_vocab_size = 4; }).find("VocabInfo of 'city/embedding'"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& settings, auto&) { settings.vars_to_warm_start = "("; }).find("no regular expression"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& settings, auto&) { settings.vars_to_warm_start = "ity"; }).find("begins with"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& settings, auto&) {
              settings.vars_to_warm_start = std::vector<std::string>();
            }).find("not among the variables to start"),
            std::string::npos);
  EXPECT_NE(refusal([](auto& settings, auto&) { settings.ckpt_to_initialize_from += "-none"; }).find("model.ckpt-none"),
            std::string::npos);
}

}  // namespace
}  // namespace kin
