#include "kinspace/estimator/estimator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/event_file.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/nn/layers.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

/// A network of one layer with a metric and a prediction of its own.
EstimatorSpec model_fn(Step& step) {
  const Var h = step.dense("hidden", step.input(), {.units = 4, .activation = kernels::Activation::kTanh});
  EstimatorSpec out = step.estimate(step.dense("logits", step.dropout(h, 0.1F), {.units = step.head().logits()}));
  out.predictions.push_back({"hidden", h});
  if (step.mode() == Mode::kEval) out.metrics.push_back({"own_loss", out.loss});
  return out;
}

class EstimatorTest : public ::testing::Test {
 protected:
  EstimatorTest() {
    fs::create_directories(directory_);
    std::ofstream rows(directory_ + "/rows.csv");
    rows << "city,size,late\n";
    for (int i = 0; i < 120; ++i) rows << "abc"[i % 3] << ',' << i % 7 << ',' << (i % 3 == 0 ? 1 : 0) << '\n';
  }
  ~EstimatorTest() override { fs::remove_all(directory_); }

  /// 72 rows to train on or so: a few steps an epoch.
  static Spec spec(const std::string& train = "") {
    return parse_spec(
        "spec = 1\ndata = { path = 'rows.csv' }\ncolumns.city = { kind = 'vocabulary', embed = { dim = 2 } }\n"
        "columns.size = 'numeric'\nhead = { kind = 'binary', target = 'late' }\n"
        "split = { by = 'row', valid = 0.2, test = 0.2 }\n"
        "train = { batch = 8, epochs = 20, evaluate_steps = 10, seed = 3" +
            train + " }\n",
        "test.toml");
  }

  RunConfig config(const std::string& name = "run") const {
    return {.directory = directory_ + "/" + name, .spec_directory = directory_, .threads = 2};
  }

  std::string file(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_ = (fs::temp_directory_path() / ("kin-estimator-" + std::to_string(getpid()))).string();
};

void expect_error(ErrorCode code, const std::string& words, FunctionRef<void()> body) {
  try {
    body();
    FAIL() << "no error; wanted: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
  }
}

std::string bytes(const std::string& path) {
  return read_file(path, 1 << 24);
}

TEST_F(EstimatorTest, StepsAddAndMaxStepsAreAbsolute) {
  Estimator estimator(model_fn, spec(), config());
  EXPECT_EQ(estimator.train({.steps = 12}).step, 12);
  EXPECT_EQ(estimator.train({.steps = 12}).step, 24);
  EXPECT_EQ(estimator.train({.max_steps = 30}).step, 30);
  const std::string before = bytes(file("run/checkpoint.json"));
  for (const std::int64_t reached : {30, 20}) {
    const TrainResult nothing = estimator.train({.max_steps = reached});
    EXPECT_EQ(nothing.step, 30);
    EXPECT_TRUE(nothing.already_complete);
  }
  EXPECT_EQ(bytes(file("run/checkpoint.json")), before);
  EXPECT_FALSE(estimator.train().already_complete);
  EXPECT_TRUE(estimator.train({.steps = 5}).already_complete);
}

TEST_F(EstimatorTest, ImpossibleLimitsAreRefused) {
  Estimator estimator(model_fn, spec(), config());
  expect_error(ErrorCode::kInvalidArgument, "steps 1, max_steps 2",
               [&] { estimator.train({.steps = 1, .max_steps = 2}); });
  expect_error(ErrorCode::kInvalidArgument, "steps -1", [&] { estimator.train({.steps = -1}); });
  expect_error(ErrorCode::kInvalidArgument, "exporter is called 'newest'",
               [&] { train_and_evaluate(estimator, {}, {.exporters = {"newest"}}); });
  expect_error(ErrorCode::kInvalidArgument, "directory", [] { Estimator(spec(), {}); });
  expect_error(ErrorCode::kInvalidArgument, "train.checkpoint.keep",
               [&] { Estimator(spec(), {.directory = "x", .keep_checkpoint_max = -1}); });
}

TEST_F(EstimatorTest, CallsThatEndEarlierDoNotChangeTheWeights) {
  Estimator whole(model_fn, spec(), config("whole"));
  Estimator parts(model_fn, spec(), config("parts"));
  whole.train({.max_steps = 40});
  for (const std::int64_t step : {7, 10, 33, 40}) parts.train({.max_steps = step});
  EXPECT_EQ(bytes(file("whole/checkpoint-000040.safetensors")), bytes(file("parts/checkpoint-000040.safetensors")));
}

TEST_F(EstimatorTest, WithoutACheckpointNothingAnswers) {
  Estimator estimator(model_fn, spec(), config());
  expect_error(ErrorCode::kIo, "run", [&] { estimator.evaluate(); });
  expect_error(ErrorCode::kIo, "run", [&] { estimator.predict({"rows.csv"}, [](auto, const auto&) {}); });
}

TEST_F(EstimatorTest, MetricsAndPredictionsOfTheModelFunctionComeWithThoseOfTheHead) {
  Estimator estimator(model_fn, spec(), config());
  estimator.train({.steps = 20});
  std::map<std::string, double> metrics;
  const auto evaluation = estimator.evaluate({.part = Part::kTest});
  for (const NamedValue& value : evaluation.metrics) metrics[value.name] = value.value;
  ASSERT_TRUE(metrics.contains("own_loss") && metrics.contains("auc"));
  EXPECT_NEAR(metrics["own_loss"], metrics["average_loss"], 1e-6);  // both are means over the rows

  std::int64_t rows = 0;
  estimator.predict({"rows.csv"}, [&](std::int64_t n, const std::vector<Prediction>& found) {
    rows += n;
    EXPECT_EQ(found.back().key, "hidden");
    EXPECT_EQ(found.back().width, 4);
    EXPECT_EQ(std::get<std::vector<float>>(found.back().values).size(), static_cast<std::size_t>(4 * n));
  });
  EXPECT_EQ(rows, 120);
}

TEST_F(EstimatorTest, EvaluatesFilesAndAsManyBatchesAsAsked) {
  Estimator estimator(model_fn, spec(), config());
  estimator.train({.steps = 5});
  EXPECT_EQ(estimator.evaluate({.files = {"rows.csv"}}).rows, 120);
  EXPECT_EQ(estimator.evaluate({.files = {"rows.csv"}, .steps = 3}).rows, 24);
  EXPECT_EQ(estimator.evaluate({.steps = 1}).rows, 8);
}

TEST_F(EstimatorTest, ThePredictorStaysUntilAnotherModelIsPublished) {
  Estimator estimator(spec(), config());
  estimator.train({.steps = 5});
  Predictor* loaded = &estimator.predictor();
  const std::string name = loaded->checksum();
  estimator.evaluate();
  EXPECT_EQ(&estimator.predictor(), loaded);
  EXPECT_EQ(estimator.predictor().checksum(), name);
  estimator.train({.steps = 50});
  EXPECT_NE(estimator.predictor().checksum(), name);
}

TEST_F(EstimatorTest, AnotherEstimatorOfTheSpecGoesOn) {
  Estimator(spec(), config()).train({.steps = 5});
  EXPECT_EQ(Estimator(spec(), config()).train({.steps = 5}).step, 10);
  expect_error(ErrorCode::kInvalidArgument, "train.seed", [&] {
    RunConfig other = config();
    other.tf_random_seed = 9;
    Estimator(spec(), other).train({.steps = 5});
  });
}

/// A parameter as it is before the first step of a call.
std::vector<float> before_training(Estimator& estimator, const std::string& name) {
  std::vector<float> values;
  estimator.train({.steps = 1, .hooks = {{.before_step = [&](const StepView& view) {
                                 const Parameter* const parameter = view.parameters->find(name);
                                 for (std::int64_t r = 0; r < parameter->rows(); ++r)
                                   values.insert(values.end(), parameter->row(r), parameter->row(r) + parameter->dim());
                               }}}});
  return values;
}

std::vector<float> published(Estimator& estimator, const std::string& name) {
  const Parameter* const parameter = estimator.predictor().parameters().find(name);
  std::vector<float> values;
  for (std::int64_t r = 0; r < parameter->rows(); ++r)
    values.insert(values.end(), parameter->row(r), parameter->row(r) + parameter->dim());
  return values;
}

TEST_F(EstimatorTest, WarmStartSettingsStartTheFirstTrainingOfADirectory) {
  Estimator old(model_fn, spec(), config("old"));
  old.train({.steps = 15});
  std::ofstream(file("old.txt")) << "c\nb\na\n";
  std::ofstream(file("new.txt")) << "a\nz\nc\n";
  VocabInfo cities{.new_vocab = file("new.txt"), .new_vocab_size = 3, .old_vocab = file("old.txt")};
  cities.backup_initializer = Initial::constant(0.25F);
  RunConfig warm = config("warm");
  warm.tf_random_seed = 4;
  warm.warm_start_from = WarmStartSettings{.ckpt_to_initialize_from = file("old"),
                                           .vars_to_warm_start = "(city|.*bias)",
                                           .var_name_to_vocab_info = {{"city/embedding", cities}},
                                           .var_name_to_prev_var_name = {{"logits/bias", "logits/bias"}}};
  Estimator estimator(model_fn, spec(), warm);
  const std::vector<float> was = published(old, "city/embedding");
  EXPECT_EQ(before_training(estimator, "city/embedding"),
            (std::vector<float>{was[4], was[5], 0.25F, 0.25F, was[0], was[1]}));
  // There is a checkpoint now, and it counts.
  EXPECT_NE(before_training(estimator, "hidden/bias"), published(old, "hidden/bias"));
  EXPECT_EQ(Estimator(model_fn, spec(),
                      [&] {
                        RunConfig same = warm;
                        same.warm_start_from = {};
                        return same;
                      }())
                .train({.steps = 1})
                .step,
            3);
}

TEST_F(EstimatorTest, WarmStartsFromAPathByKey) {
  Estimator old(model_fn, spec(), config("old"));
  old.train({.steps = 15});
  std::ofstream rows(file("rows.csv"));  // without b, and with z the most frequent
  rows << "city,size,late\n";
  for (int i = 0; i < 120; ++i)
    rows << (i % 4 == 0 ? "a" : i % 4 == 1 ? "c" : "z") << ',' << i % 7 << ',' << i % 2 << '\n';
  rows.close();
  RunConfig warm = config("warm");
  warm.warm_start_from = file("old");
  Estimator estimator(model_fn, spec(), warm);
  const std::vector<float> was = published(old, "city/embedding");
  const Vocabulary& old_cities = *old.predictor().encoder().vocabulary("city");
  const std::vector<float> now = before_training(estimator, "city/embedding");
  const Vocabulary& cities = *estimator.predictor().encoder().vocabulary("city");
  for (std::int64_t row = 0; row < cities.size(); ++row) {
    const std::string city = cities.keys().text(row);
    if (city == "z") continue;
    const std::int64_t from = *old_cities.find(city);
    EXPECT_EQ(now[static_cast<std::size_t>(2 * row)], was[static_cast<std::size_t>(2 * from)]) << city;
  }
}

TEST_F(EstimatorTest, AWarmStartThatCannotBeIsRefused) {
  Estimator(model_fn, spec(), config("old")).train({.steps = 2});
  RunConfig warm = config("warm");
  warm.warm_start_from = WarmStartSettings{.ckpt_to_initialize_from = file("old"), .vars_to_warm_start = "dnn/.*"};
  expect_error(ErrorCode::kInvalidArgument, "no trainable variable begins with",
               [&] { Estimator(model_fn, spec(), warm).train({.steps = 1}); });
  warm.warm_start_from = file("old");
  expect_error(ErrorCode::kInvalidArgument, "exclude each other",
               [&] { Estimator(model_fn, spec(", warm_start = { path = 'old' }"), warm).train({.steps = 1}); });
}

TEST_F(EstimatorTest, AMetricThatNobodyHasIsRefusedBeforeTraining) {
  std::int64_t steps = 0;
  const ModelFn counts = [&](Step& step) {
    steps += step.mode() == Mode::kTrain ? 1 : 0;
    return model_fn(step);
  };
  const auto train = [&](const std::string& metric) {
    Estimator(counts, spec(", max_steps = 1, early_stop = { metric = '" + metric + "' }"), config("m" + metric))
        .train();
  };
  expect_error(ErrorCode::kInvalidArgument, "has no metric 'aucs', did you mean 'auc'?", [&] { train("aucs"); });
  expect_error(ErrorCode::kInvalidArgument, "has no metric 'auc_exact'", [&] { train("auc_exact"); });
  EXPECT_EQ(steps, 2);  // the dry run of each
  train("own_loss");
}

TEST_F(EstimatorTest, ANetworkOfLayersIsAModel) {
  Estimator estimator(estimator_from({layers::dense(4).named("hidden")}), spec(), config());
  estimator.train({.steps = 5});
  EXPECT_NE(estimator.predictor().parameters().find("hidden/kernel"), nullptr);
}

TEST_F(EstimatorTest, HooksSeeEveryStepAndMayEndTheCall) {
  Estimator estimator(model_fn, spec(), config());
  std::vector<std::int64_t> before;
  std::vector<double> losses;
  const TrainHook hook{.before_step = [&](const StepView& view) { before.push_back(view.step); },
                       .after_step =
                           [&](const StepView& view) {
                             EXPECT_NE(view.parameters->find("hidden/kernel"), nullptr);
                             losses.push_back(view.loss);
                             return view.step == 4;
                           }};
  const TrainResult result = estimator.train({.hooks = {hook}});
  EXPECT_EQ(result.step, 4);
  EXPECT_EQ(before, (std::vector<std::int64_t>{0, 1, 2, 3}));
  ASSERT_EQ(losses.size(), 4U);
  for (const double loss : losses) EXPECT_GT(loss, 0);
  EXPECT_EQ(Estimator(model_fn, spec(), config()).train({.steps = 1}).step, 5);  // a checkpoint of step 4 was there
}

TEST_F(EstimatorTest, TrainAndEvaluateReportsAndExports) {
  Estimator estimator(model_fn, spec(), config());
  const EvalSpec eval{.every_steps = 5, .exporters = {"latest", "best", "final"}};
  const TrainResult result = train_and_evaluate(estimator, {.max_steps = 12}, eval);
  EXPECT_EQ(result.step, 12);
  EXPECT_FALSE(result.metrics.empty());
  EXPECT_TRUE(fs::exists(file("run/export/final/000012/model.json")));
  for (const char* step : {"000005", "000010", "000012"}) {
    EXPECT_TRUE(fs::exists(file(std::string("run/export/latest/") + step + "/model.json"))) << step;
  }
  EXPECT_EQ(result.exports.back(), file("run/export/final/000012"));
  Predictor exported = Predictor::load(result.exports.back(), model_fn);
  EXPECT_EQ(exported.attributes().step, 12);

  const TrainResult again = train_and_evaluate(estimator, {.max_steps = 12}, eval);
  EXPECT_TRUE(again.already_complete && again.metrics.empty() && again.exports.empty());
}

TEST_F(EstimatorTest, SettingsOfTheRunConfigTakeThePlaceOfTheSpecs) {
  RunConfig settings = config();
  settings.save_checkpoints_steps = 4;
  settings.keep_checkpoint_max = 3;
  settings.save_summary_steps = 5;
  Estimator(spec(), settings).train({.steps = 14});
  EXPECT_EQ(kept_checkpoints(file("run")), (std::vector<std::int64_t>{10, 12, 14}));
  const auto values = read_event_scalars(file("run"));
  std::vector<std::int64_t> steps;
  for (const EventRow& row : values.at("loss")) steps.push_back(row.step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 6, 11}));
  EXPECT_EQ(read_event_scalars(file("run/eval")).at("auc").size(), 2U);  // at 10 and at the end
}

TEST_F(EstimatorTest, AModelThatReadsLabelsWhilePredictingIsRefusedBeforeTraining) {
  const ModelFn reads_labels = [](Step& step) {
    step.row_labels();
    return model_fn(step);
  };
  Estimator estimator(reads_labels, spec(), config());
  expect_error(ErrorCode::kInternal, "reads labels while predicting", [&] { estimator.train(); });
  EXPECT_FALSE(fs::exists(file("run/checkpoint.json")));
}

TEST_F(EstimatorTest, AModeThatDoesNotFitIsFoundBeforeTheFirstStep) {
  std::int64_t steps = 0;
  const ModelFn other_shape = [&](Step& step) {
    const std::int64_t units = step.mode() == Mode::kEval ? 5 : 4;
    steps += step.mode() == Mode::kTrain ? 1 : 0;
    return step.estimate(step.dense("logits", step.dense("hidden", step.input(), {.units = units}), {.units = 1}));
  };
  Estimator estimator(other_shape, spec(), config());
  expect_error(ErrorCode::kCorruption, "hidden/kernel", [&] { estimator.train(); });
  EXPECT_EQ(steps, 1);
}

}  // namespace
}  // namespace kin
