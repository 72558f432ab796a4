#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/estimator/head.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/testing/test_table.h"
#include "kinspace/nn/tape.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TestTable;

/// A head whose labels are the column "label" of a table.
struct Fixture {
  std::unique_ptr<Head> head;
  Encoder encoder;
  EncodedBatch batch;

  Fixture(const HeadOptions& options, const TestTable& table, const std::string& reduction = "mean")
      : Fixture(make_head(options, "", reduction), table) {}

  Fixture(std::unique_ptr<Head> made, const TestTable& table)
      : head(std::move(made)), encoder(table.fit({{"label", head->label_columns().at(0)}})) {
    const auto learned = encoder.learned().find("label");
    const FittedColumn* const fitted[] = {learned == encoder.learned().end() ? nullptr : &learned->second};
    head->bind(encoder.columns(), fitted);
    batch = table.encode({{"label", head->label_columns().at(0)}});
  }

  HeadLabels labels(std::span<const float> weights = {}, std::span<const std::uint8_t> mask = {}) const {
    return {&batch.columns.at(0), weights, mask};
  }

  ConstMatrixView view(const std::vector<float>& logits) const {
    const std::int64_t cols = head->logits();
    return {logits.data(), static_cast<std::int64_t>(logits.size()) / cols, cols, cols};
  }

  double loss(const std::vector<float>& logits, const HeadLabels& of) const {
    ThreadPool pool(1);
    Tape tape(pool, 1);
    tape.begin({.training = true});
    return double(head->loss(tape, tape.constant(view(logits)), {&of, 1}).scalar());
  }

  std::map<std::string, double> metrics(const std::vector<float>& logits, const HeadLabels& of,
                                        const std::vector<std::string>& extra = {}) const {
    const std::unique_ptr<HeadMetrics> sums = head->metrics(extra);
    sums->add(view(logits), {&of, 1});
    std::map<std::string, double> out;
    for (const NamedValue& value : sums->result()) out[value.name] = value.value;
    return out;
  }

  template <class T>
  std::vector<T> predicted(const std::vector<float>& logits, const std::string& key) const {
    for (const Prediction& p : head->predict(view(logits))) {
      if (p.key == key) return std::get<std::vector<T>>(p.values);
    }
    return {};
  }
};

TestTable strings(const TestTable::Cells<std::string>& values) {
  TestTable table;
  table.strings("label", values);
  return table;
}
TestTable integers(const TestTable::Cells<std::int64_t>& values) {
  TestTable table;
  table.integers("label", values);
  return table;
}
TestTable numbers(const TestTable::Cells<double>& values) {
  TestTable table;
  table.numbers("label", values);
  return table;
}

TEST(Heads, LabelColumnsFollowFromTheOptions) {
  const auto column = [](HeadOptions options) {
    options.target = "y";
    return make_head(options, "", "mean")->label_columns().at(0);
  };
  EXPECT_EQ(column_kind(column({.kind = "binary"})), "numeric");
  EXPECT_EQ(std::get<NumericColumn>(column({.kind = "binary"})).source, std::vector<std::string>{"y"});
  EXPECT_EQ(std::get<NumericColumn>(column({.kind = "binary"})).missing, "error");
  EXPECT_EQ(std::get<VocabularyColumn>(column({.kind = "binary", .labels = {"no", "yes"}})).values,
            (std::vector<std::string>{"no", "yes"}));
  EXPECT_TRUE(std::get<VocabularyColumn>(column({.kind = "binary", .classes = 2})).values.empty());
  EXPECT_EQ(std::get<IdentityColumn>(column({.kind = "multi_class", .classes = 5})).size, 5);
  EXPECT_TRUE(std::get<VocabularyColumn>(column({.kind = "multi_class"})).values.empty());
  EXPECT_EQ(std::get<VocabularyColumn>(column({.kind = "multi_label", .split = "|"})).split, "|");
  EXPECT_EQ(std::get<NumericColumn>(column({.kind = "multi_label", .dimension = 4})).size, 4);
  const auto price = std::get<NumericColumn>(column({.kind = "regression", .dimension = 2, .transform = "log1p"}));
  EXPECT_EQ(price.size, 2);
  EXPECT_EQ(price.scale, "log1p");
}

TEST(Heads, OfLearnedBinaryLabelsTheRarerIsClassOne) {
  const Fixture f({.kind = "binary", .classes = 2}, strings({"ham", "spam", "ham", "ham"}));
  EXPECT_THAT(f.predicted<std::string>({-1, 2, 0, 0}, "classes"), ElementsAre("ham", "spam", "ham", "ham"));
  EXPECT_DOUBLE_EQ(f.metrics({-1, 2, 0, 0}, f.labels()).at("label/mean"), 0.25);
  EXPECT_DOUBLE_EQ(f.metrics({-1, 2, 0, 0}, f.labels()).at("accuracy"), 1);
  EXPECT_THAT(error_of([] {
                Fixture({.kind = "binary", .classes = 2}, strings({"a", "b", "c"}));
              }),
              HasSubstr("labels have 3 values; a binary head needs two"));
}

TEST(Heads, LearnedClassesAreThoseOfTheTrainingRows) {
  const Fixture f({.kind = "multi_class"}, integers({7, 7, 40, 7, 40, -1}));
  EXPECT_EQ(f.head->logits(), 3);
  EXPECT_THAT(f.predicted<std::string>({1, 3, 2}, "all_classes"), ElementsAre("7", "40", "-1"));
  EXPECT_THAT(f.predicted<std::string>({1, 3, 2}, "classes"), ElementsAre("40"));
  EXPECT_THAT(f.predicted<std::int64_t>({1, 3, 2}, "class_ids"), ElementsAre(1));
  EXPECT_THAT(error_of([] {
                Fixture({.kind = "multi_class"}, integers({1, 2}));
              }),
              HasSubstr("a multi_class head needs 3 classes or more, not 2"));
}

TEST(Heads, ListsOfLabelsAreSets) {
  const Fixture f({.kind = "multi_label", .labels = {"a", "b", "c"}, .split = "|"}, strings({"c|a|c", "b"}));
  const Fixture same({.kind = "multi_label", .dimension = 3}, [] {
    TestTable table;
    table.number_lists("label", {{{1, 0, 1}}, {{0, 1, 0}}}).fixed();
    return table;
  }());
  const std::vector<float> logits = {0.5F, -1, 2, 0.25F, 3, -0.75F};
  EXPECT_EQ(f.loss(logits, f.labels()), same.loss(logits, same.labels()));
  EXPECT_EQ(f.metrics(logits, f.labels()), same.metrics(logits, same.labels()));
}

TEST(Heads, TransformedLabelsArePredictedAndMeasuredInTheirOwnUnit) {
  const std::vector<double> prices = {10, 100, 1000, 250};
  const TestTable table = numbers({10, 100, 1000, 250});
  for (const std::string transform : {"log1p", "zscore"}) {
    const Fixture f({.kind = "regression", .transform = transform}, table);
    // Logits that are the transformed labels: the first one off by a half.
    std::vector<float> logits = f.batch.columns.at(0).dense;
    logits[0] += 0.5F;
    EXPECT_NEAR(f.loss(logits, f.labels()), 0.25 / 4, 1e-6);
    const std::vector<float> predicted = f.predicted<float>(logits, "predictions");
    for (std::size_t i = 1; i < 4; ++i) EXPECT_NEAR(double(predicted[i]), prices[i], 1e-3);
    const double off = double(predicted[0]) - 10;
    EXPECT_GT(off, 1);
    const auto metrics = f.metrics(logits, f.labels(), {"rmse", "mae", "r2"});
    EXPECT_NEAR(metrics.at("label/mean"), 340, 1e-3);
    EXPECT_NEAR(metrics.at("prediction/mean"), 340 + off / 4, 1e-3);
    EXPECT_NEAR(metrics.at("mae"), off / 4, 1e-3);
    EXPECT_NEAR(metrics.at("rmse"), off / 2, 1e-3);
    EXPECT_NEAR(metrics.at("r2"), 1 - off * off / 610200, 1e-5);
    EXPECT_NEAR(metrics.at("average_loss"), 0.25 / 4, 1e-6);
  }
}

TEST(Heads, RobustLossesAreThoseOfTheTransformedLabel) {
  const std::vector<double> prices = {10, 20, 30, 140};  // mean 50, deviation 52.44
  const double deviation = std::sqrt((1600 + 900 + 400 + 8100) / 4.0);
  const std::vector<float> means(4, 0.0F);
  const auto average = [&](const HeadOptions& options) {
    const Fixture f(options, numbers({10, 20, 30, 140}));
    const double loss = f.loss(means, f.labels());
    const auto metrics = f.metrics(means, f.labels(), {"mae", "rmse"});
    EXPECT_NEAR(metrics.at("average_loss"), loss, 1e-6);
    EXPECT_NEAR(metrics.at("mae"), 45, 1e-4);
    EXPECT_NEAR(metrics.at("rmse"), deviation, 1e-4);
    return loss;
  };
  EXPECT_NEAR(average({.kind = "regression", .transform = "zscore"}), 1, 1e-6);
  EXPECT_NEAR(average({.kind = "regression", .transform = "zscore", .loss = "absolute"}), 45 / deviation, 1e-6);
  // Within one deviation all but the last, which counts 90 / deviation - 1 / 2.
  const double squares = (1600 + 900 + 400) / (2 * deviation * deviation);
  EXPECT_NEAR(average({.kind = "regression", .transform = "zscore", .loss = "huber"}),
              (squares + 90 / deviation - 0.5) / 4, 1e-6);
}

TEST(Heads, ThePriorHasTheSmallestLoss) {
  const auto prior = [](const HeadOptions& options, const std::vector<float>& weights = {}) {
    const Fixture f(options, numbers({0, 1, 2, 3, 100}));
    const std::unique_ptr<HeadPrior> made = f.head->prior();
    const HeadLabels labels = f.labels(weights);
    made->add(5, {&labels, 1});
    return double(made->logits().at(0));
  };
  EXPECT_NEAR(prior({.kind = "regression"}), 21.2, 1e-5);
  EXPECT_EQ(prior({.kind = "regression", .loss = "absolute"}), 2);
  EXPECT_EQ(prior({.kind = "regression", .loss = "absolute"}, {1, 1, 0, 0, 3}), 100);
  EXPECT_NEAR(prior({.kind = "regression", .transform = "log1p", .loss = "absolute"}), std::log(3.0), 1e-6);
  EXPECT_NEAR(prior({.kind = "regression", .loss = "huber", .huber_delta = 4}), 2.5, 1e-6);
  EXPECT_NEAR(prior({.kind = "poisson"}), std::log(21.2), 1e-6);
}

TEST(Heads, LabelsThatDoNotVaryAreTheirOwnMean) {
  const Fixture f({.kind = "regression", .transform = "zscore"}, numbers({5, 5}));
  EXPECT_THAT(f.predicted<float>({0, 1}, "predictions"), ElementsAre(5, 6));
  EXPECT_EQ(f.metrics({0, 1}, f.labels(), {"r2"}).at("r2"), 0);
}

TEST(Heads, BinaryHeadsHaveFurtherMetrics) {
  const Fixture f({.kind = "binary"}, numbers({1, 0, 1, 0}));
  const std::vector<float> weights = {1, 1, 2, 0};
  const std::vector<float> logits = {std::log(3.0F), 0, -std::log(3.0F), 50};  // .75 .5 .25
  const auto metrics = f.metrics(logits, f.labels(weights), {"log_loss", "auc_exact", "calibration", "brier"});
  EXPECT_NEAR(metrics.at("log_loss"), (-std::log(0.75) - std::log(0.5) - 2 * std::log(0.25)) / 4, 1e-6);
  EXPECT_NEAR(metrics.at("auc_exact"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(metrics.at("brier"), (0.0625 + 0.25 + 2 * 0.5625) / 4, 1e-6);
  EXPECT_NEAR(metrics.at("calibration"), (0.75 + 0.5 + 0.5) / 3, 1e-6);
  EXPECT_FALSE(f.metrics(logits, f.labels()).contains("brier"));
}

TEST(Heads, MultiClassHeadsKnowTheTopK) {
  const Fixture f({.kind = "multi_class", .classes = 3}, integers({0, 2}));
  const auto metrics = f.metrics({1, 2, 3, 1, 2, 3}, f.labels(), {"top_k@1", "top_k@2", "top_k@3", "log_loss"});
  EXPECT_EQ(metrics.at("top_k@1"), 0.5);
  EXPECT_EQ(metrics.at("top_k@2"), 0.5);
  EXPECT_EQ(metrics.at("top_k@3"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("log_loss"), metrics.at("average_loss"));
}

TEST(Heads, AMetricThatAHeadDoesNotHaveIsRefusedWithThoseThatItHas) {
  const auto refused = [](const HeadOptions& options, const std::string& name) {
    return error_of([&] { make_head(options, "", "mean")->metrics(std::vector<std::string>{name}); });
  };
  EXPECT_EQ(refused({.kind = "regression"}, "rsme"),
            "invalid_argument: head has no metric 'rsme', did you mean 'rmse'?; there are mae, r2, rmse");
  for (const char* name : {"top_k@0", "top_k@", "top_k", "top_k@1x", "auc_exact"}) {
    EXPECT_THAT(refused({.kind = "multi_class", .classes = 3}, name), HasSubstr("log_loss, top_k@K"));
  }
}

TEST(Heads, MaskedRowsAreNoRows) {
  const Fixture all({.kind = "multi_class", .classes = 3}, integers({0, 1, 2, 1}));
  const Fixture some({.kind = "multi_class", .classes = 3}, integers({0, 2}));
  const std::vector<float> weights = {1, NAN, 2, -1};
  const std::vector<std::uint8_t> mask = {1, 0, 1, 0};
  const std::vector<float> logits = {1, 2, 3, 0, 0, 0, 4, 1, 2, NAN, 0, 0};
  const HeadLabels masked = all.labels(weights, mask);
  const std::vector<float> few = {1, 2};
  EXPECT_EQ(all.loss(logits, masked), some.loss({1, 2, 3, 4, 1, 2}, some.labels(few)));
  EXPECT_EQ(all.metrics(logits, masked), some.metrics({1, 2, 3, 4, 1, 2}, some.labels(few)));
}

TEST(Heads, ErrorsNameTheRow) {
  const auto message = [](const HeadOptions& options, const EncodedColumn& label, std::vector<float> weights = {}) {
    return error_of([&] {
      const std::unique_ptr<Head> head = make_head(options, "", "mean");
      const bool ids = !label.offsets.empty();
      const EncodedInfo info{.categorical = ids, .num_buckets = 3, .width = 1};
      const FittedColumn* const fitted[] = {nullptr};
      head->bind({&info, 1}, fitted);
      const HeadLabels labels{&label, weights, {}};
      const std::vector<float> logits(static_cast<std::size_t>(2 * head->logits()));
      ThreadPool pool(1);
      Tape tape(pool, 1);
      tape.begin({});
      head->loss(tape, tape.constant({logits.data(), 2, head->logits(), head->logits()}), {&labels, 1});
    });
  };
  const HeadOptions binary{.kind = "binary"};
  const HeadOptions classes{.kind = "multi_class", .classes = 3};
  const HeadOptions named{.kind = "multi_class", .labels = {"x", "y", "z"}};
  const EncodedColumn good{.dense = {0, 1}};
  EXPECT_EQ(message(binary, {.dense = {0, 1.5F}}), "bad_data: row 1: the label 1.5 is not from 0 to 1");
  EXPECT_EQ(message(binary, {.dense = {NAN, 0}}), "bad_data: row 0: there is no label");
  EXPECT_EQ(message(binary, {.dense = {0}}), "bad_data: there are labels of 1 rows for 2");
  EXPECT_EQ(message({.kind = "poisson"}, {.dense = {3, -1}}), "bad_data: row 1: the label -1 is below 0");
  EXPECT_EQ(message({.kind = "regression"}, {.dense = {3, INFINITY}}), "bad_data: row 1: the label is infinite");
  EXPECT_EQ(message(binary, good, {1, -2}), "bad_data: row 1: the weight is -2; it has to be a number from 0 on");
  EXPECT_EQ(message(binary, good, {NAN, 1}), "bad_data: row 0: the weight is missing; it has to be a number from 0 on");
  EXPECT_EQ(message(binary, good, {1}), "bad_data: head: 1 weights for 2 rows");
  EXPECT_EQ(message({.kind = "binary", .weight = "w"}, good),
            "invalid_argument: head.weight is 'w', and the rows have no weights");
  EXPECT_EQ(message(classes, {.offsets = {0, 1, 2}, .ids = {0, 3}}),
            "bad_data: row 1: the label 3 is no class; there are 0 to 2");
  EXPECT_EQ(message(named, {.offsets = {0, 1, 2}, .ids = {-1, 0}}),
            "bad_data: row 0: the label is none of 'x', 'y', 'z'");
  EXPECT_EQ(message(classes, {.offsets = {0, 1, 1}, .ids = {0}}), "bad_data: row 1: there is no label");
  EXPECT_THAT(message(classes, {.offsets = {0, 2, 3}, .ids = {0, 1, 2}}), HasSubstr("row 0: there are 2 labels"));
  EXPECT_THAT(message(classes, {.offsets = {0, 5, 1}, .ids = {0}}), HasSubstr("internal: the offsets"));
  EXPECT_EQ(message({.kind = "multi_label", .classes = 3}, {.offsets = {0, 0, 2}, .ids = {1, 9}}),
            "bad_data: row 1: the label 9 is no class; there are 0 to 2");
}

TEST(Heads, OptionsThatDoNotGoTogetherAreRefused) {
  const auto refused = [](const HeadOptions& options, const std::string& reduction = "mean") {
    return error_of([&] { make_head(options, "sale", reduction); });
  };
  EXPECT_THAT(refused({.kind = "softmax"}), HasSubstr("heads.sale.kind is 'softmax'; over rows there are binary"));
  EXPECT_THAT(refused({.kind = "binary", .classes = 3}), HasSubstr("two classes, not 3"));
  EXPECT_THAT(refused({.kind = "binary", .labels = {"a"}}), HasSubstr("two classes, not 1"));
  EXPECT_THAT(refused({.kind = "binary", .labels = {"a", "a"}}), HasSubstr("heads.sale.labels has one twice"));
  EXPECT_THAT(refused({.kind = "binary", .dimension = 2}), HasSubstr("heads.sale.dimension says nothing"));
  EXPECT_THAT(refused({.kind = "regression", .thresholds = {0.5}}), HasSubstr("it is for binary, multi_label"));
  EXPECT_THAT(refused({.kind = "regression", .transform = "sqrt"}), HasSubstr("none, log1p, zscore"));
  EXPECT_THAT(refused({.kind = "regression", .link = "log"}), HasSubstr("identity, exp"));
  EXPECT_THAT(refused({.kind = "regression", .loss = "mae"}), HasSubstr("squared, absolute, huber"));
  EXPECT_THAT(refused({.kind = "poisson", .loss = "huber"}), HasSubstr("loss says nothing to heads.sale.kind"));
  EXPECT_THAT(refused({.kind = "regression", .loss = "huber", .huber_delta = 0}), HasSubstr("huber_delta is 0"));
  EXPECT_THAT(refused({.kind = "regression", .loss = "huber", .huber_delta = NAN}), HasSubstr("above 0"));
  EXPECT_THAT(refused({.kind = "regression", .huber_delta = 2}),
              HasSubstr("huber_delta says nothing to heads.sale.loss = 'squared'; it is for huber"));
  EXPECT_EQ(refused({.kind = "regression", .loss = "huber", .huber_delta = 2}), "");
  EXPECT_THAT(refused({.kind = "regression", .dimension = 0}), HasSubstr("dimension is 0"));
  EXPECT_THAT(refused({.kind = "poisson", .transform = "log1p"}), HasSubstr("it is for regression"));
  EXPECT_THAT(refused({.kind = "multi_class", .labels = {"a", "b", "c"}, .classes = 4}), HasSubstr("has 3"));
  EXPECT_THAT(refused({.kind = "multi_label", .classes = 3, .dimension = 2}), HasSubstr("there are 3 classes"));
  EXPECT_THAT(refused({.kind = "multi_label", .classes = 3, .class_metrics = {"3"}}), HasSubstr("'3' is no class"));
  EXPECT_THAT(refused({.kind = "multi_label", .labels = {"a", "b"}, .class_metrics = {"0"}}),
              HasSubstr("'0' is no class; there are 'a', 'b'"));
  EXPECT_THAT(refused({.kind = "binary"}, "none"), HasSubstr("the reduction 'none' is unknown"));
  EXPECT_EQ(refused({.kind = "binary", .thresholds = {0.25}}, "weighted_mean"), "");
}

TEST(Heads, WithoutRowsMetricsAreZero) {
  for (const char* kind : {"binary", "multi_class", "multi_label", "regression", "poisson", "logistic"}) {
    const bool classes = std::string(kind).starts_with("multi");
    const std::unique_ptr<Head> head = make_head({.kind = kind, .classes = classes ? 3 : 0}, "", "mean");
    const EncodedInfo info{.categorical = classes, .num_buckets = 3, .width = 1};
    const FittedColumn* const fitted[] = {nullptr};
    head->bind({&info, 1}, fitted);
    const EncodedColumn none{.offsets = {0}};
    const HeadLabels labels{&none, {}, {}};
    const std::unique_ptr<HeadMetrics> metrics = head->metrics({});
    metrics->add({nullptr, 0, head->logits(), head->logits()}, {&labels, 1});
    for (const NamedValue& value : metrics->result()) EXPECT_EQ(value.value, 0) << kind << " " << value.name;
    for (const Prediction& p : head->predict({nullptr, 0, head->logits(), head->logits()})) {
      EXPECT_TRUE(std::visit([](const auto& v) { return v.empty(); }, p.values)) << p.key;
    }
  }
}

std::unique_ptr<Head> two_heads(float weight) {
  std::vector<std::unique_ptr<Head>> heads;
  heads.push_back(make_head({.kind = "binary", .target = "bought"}, "bought", "mean"));
  heads.push_back(make_head({.kind = "regression", .target = "price"}, "price", "sum"));
  return join_heads(std::move(heads), {"bought", "price"}, {1.0F, weight});
}

TEST(JoinedHeads, AreTheirPartsSideBySide) {
  const std::unique_ptr<Head> head = two_heads(0.5F);
  ASSERT_EQ(head->label_columns().size(), 2U);
  EXPECT_EQ(std::get<NumericColumn>(head->label_columns()[1]).source, std::vector<std::string>{"price"});
  const EncodedInfo infos[] = {{.categorical = false, .width = 1}, {.categorical = false, .width = 1}};
  const FittedColumn* const fitted[] = {nullptr, nullptr};
  head->bind(infos, fitted);
  ASSERT_EQ(head->logits(), 2);

  const EncodedColumn bought{.dense = {1, 0}};
  const EncodedColumn price{.dense = {3, 4}};
  const HeadLabels labels[] = {{&bought, {}, {}}, {&price, {}, {}}};
  const std::vector<float> logits = {0, 5, 0, 4};
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var z = tape.result({logits.data(), 2, 2, 2}, true);
  const Var loss = head->loss(tape, z, labels);
  EXPECT_NEAR(double(loss.scalar()), std::log(2.0) + 0.5 * 4, 1e-6);
  tape.backward(loss);
  const MatrixView d = tape.gradient(z);
  EXPECT_NEAR(double(d.row(0)[0]), -0.25, 1e-6);
  EXPECT_NEAR(double(d.row(0)[1]), 0.5 * 4, 1e-6);
  EXPECT_EQ(d.row(1)[1], 0);

  const std::vector<std::string> extra = {"rmse", "brier"};
  const std::unique_ptr<HeadMetrics> metrics = head->metrics(extra);
  metrics->add({logits.data(), 2, 2, 2}, labels);
  std::map<std::string, double> values;
  for (const NamedValue& value : metrics->result()) values[value.name] = value.value;
  EXPECT_NEAR(values.at("loss"), std::log(2.0) + 2, 1e-6);
  EXPECT_NEAR(values.at("loss/price"), 4, 1e-6);
  EXPECT_NEAR(values.at("rmse/price"), std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(values.at("brier/bought"), 0.25, 1e-6);
  EXPECT_FALSE(values.contains("rmse/bought"));
  EXPECT_EQ(head->predict({logits.data(), 2, 2, 2}).back().key, "price/predictions");

  EXPECT_THAT(error_of([&] { head->metrics(std::vector<std::string>{"top_k@3"}); }),
              HasSubstr("none of the heads has a metric 'top_k@3'; there are auc_exact"));
  EXPECT_THROW(head->loss(tape, z, std::span(labels).first(1)), Error);
  EXPECT_THROW(head->predict({logits.data(), 1, 3, 3}), Error);
}

TEST(JoinedHeads, NeedNamesThatDiffer) {
  const auto join = [](const std::vector<std::string>& names) {
    std::vector<std::unique_ptr<Head>> heads;
    for (const std::string& name : names) heads.push_back(make_head({.kind = "binary"}, name, "mean"));
    return error_of([&] { join_heads(std::move(heads), names, std::vector<float>(names.size(), 1.0F)); });
  };
  EXPECT_EQ(join({"a", "b"}), "");
  EXPECT_THAT(join({"a", ""}), HasSubstr("has no name"));
  EXPECT_THAT(join({"a", "a"}), HasSubstr("two heads have the name 'a'"));
  EXPECT_THAT(join({}), HasSubstr("no heads"));
}

}  // namespace
}  // namespace kin
