#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/estimator/head.h"
#include "kinspace/features/encoder.h"
#include "kinspace/features/testing/golden_tensor.h"
#include "kinspace/features/testing/test_table.h"
#include "kinspace/metrics/auc.h"
#include "kinspace/metrics/binary_counts.h"
#include "kinspace/nn/tape.h"

// TensorFlow's heads (tests/golden/training/heads.json): loss, its gradient by the logits, predictions, and what
// Estimator.evaluate() reports over several batches.

namespace kin {
namespace {

using Json = nlohmann::json;
using testing::TestTable;
using testing::tf_tensor;
using testing::TfTensor;

Json golden() {
  const char* const other = std::getenv("KIN_GOLDEN_TRAINING");
  const std::string directory = other != nullptr ? other : std::string(KIN_SOURCE_DIR) + "/tests/golden/training";
  std::ifstream file(directory + "/heads.json");
  return Json::parse(file);
}

struct HeadCase {
  std::unique_ptr<Head> head;
  std::vector<HeadOptions> options;  ///< of each head
  std::vector<std::string> names;    ///< of several heads
};

std::string reduction_of(const Json& arguments, bool v1) {
  const std::string word = arguments.value("loss_reduction", v1 ? "weighted_sum" : "sum_over_batch_size");
  if (word == "sum" || word == "weighted_sum") return "sum";
  if (word == "weighted_mean") return "weighted_mean";
  return word == "weighted_sum_by_nonzero_weights" ? "nonzero_mean" : "mean";
}

HeadOptions options_of(const std::string& kind, const Json& a, bool dense_labels) {
  static const std::map<std::string, std::string> kKinds = {
      {"BinaryClassHead", "binary"},         {"v1/binary", "binary"},
      {"MultiClassHead", "multi_class"},     {"v1/multi_class", "multi_class"},
      {"MultiLabelHead", "multi_label"},     {"RegressionHead", "regression"},
      {"v1/regression", "regression"},       {"PoissonRegressionHead", "poisson"},
      {"LogisticRegressionHead", "logistic"}};
  HeadOptions o;
  o.kind = kKinds.at(kind);
  o.target = "label";
  o.classes = a.value("n_classes", 0);
  if (a.contains("label_vocabulary")) o.labels = a.at("label_vocabulary").get<std::vector<std::string>>();
  o.dimension = o.kind == "multi_label" && dense_labels ? o.classes : a.value("label_dimension", 1);
  o.weight = a.value("weight_column", "");
  o.link = a.value("inverse_link_fn", "identity");
  if (kind.starts_with("v1/")) o.areas = "tf1";
  o.full_loss = a.value("compute_full_loss", true);
  if (a.contains("thresholds")) o.thresholds = a.at("thresholds").get<std::vector<double>>();
  for (const Json& c : a.value("classes_for_class_based_metrics", Json::array())) {
    o.class_metrics.push_back(c.is_string() ? c.get<std::string>() : std::to_string(c.get<int>()));
  }
  return o;
}

HeadCase make_case(const std::string& kind, const Json& a, const Json& batch) {
  HeadCase out;
  if (kind == "SequentialHeadWrapper") {
    return make_case(a.at("static_head").at("head"), a.at("static_head").at("arguments"), batch);
  }
  if (kind != "MultiHead") {
    const bool dense = !batch.at("labels").contains("rows");
    out.options = {options_of(kind, a, dense)};
    out.head = make_head(out.options[0], a.value("name", ""), reduction_of(a, kind.starts_with("v1/")));
    return out;
  }
  std::vector<std::unique_ptr<Head>> heads;
  for (const Json& part : a.at("heads")) {
    const Json& own = part.at("arguments");
    out.names.push_back(own.at("name"));
    out.options.push_back(options_of(part.at("head"), own, true));
    heads.push_back(make_head(out.options.back(), out.names.back(), reduction_of(own, false)));
  }
  std::vector<float> weights(heads.size(), 1.0F);
  const Json& given = testing::tf_argument(a, "head_weights");
  if (!given.is_null()) weights = given.get<std::vector<float>>();
  out.head = join_heads(std::move(heads), out.names, weights);
  return out;
}

/// The labels of one head as a table of one column.
void add_labels(const TfTensor& t, std::size_t width, TestTable& table) {
  if (t.sparse) {
    TestTable::Lists<std::int64_t> ids(static_cast<std::size_t>(t.shape[0]), TestTable::Cells<std::int64_t>{});
    TestTable::Lists<std::string> words(static_cast<std::size_t>(t.shape[0]), TestTable::Cells<std::string>{});
    for (std::size_t i = 0; i < t.rows.size(); ++i) {
      const auto row = static_cast<std::size_t>(t.rows[i]);
      if (t.is_string()) words[row]->push_back(t.strings[i]);
      if (!t.is_string()) ids[row]->push_back(t.integers[i]);
    }
    t.is_string() ? table.string_lists("label", words) : table.integer_lists("label", ids);
    return;
  }
  const std::vector<double> numbers = t.is_string() ? std::vector<double>() : t.as_numbers();
  if (width > 1) {
    TestTable::Lists<double> rows;
    for (std::size_t i = 0; i < numbers.size(); i += width) {
      rows.emplace_back(TestTable::Cells<double>(numbers.begin() + static_cast<std::ptrdiff_t>(i),
                                                 numbers.begin() + static_cast<std::ptrdiff_t>(i + width)));
    }
    table.number_lists("label", rows).fixed();
  } else if (t.is_string()) {
    table.strings("label", {t.strings.begin(), t.strings.end()});
  } else if (t.is_float()) {
    table.numbers("label", {numbers.begin(), numbers.end()});
  } else {
    table.integers("label", {t.integers.begin(), t.integers.end()});
  }
}

struct Labels {
  std::vector<EncodedColumn> columns;
  std::vector<EncodedInfo> infos;
  std::vector<float> weights;
  std::vector<std::uint8_t> mask;

  std::vector<HeadLabels> view() const {
    std::vector<HeadLabels> out;
    for (const EncodedColumn& column : columns) out.push_back({&column, weights, mask});
    return out;
  }
};

Labels read_labels(const HeadCase& c, const Json& arguments, const Json& batch) {
  Labels out;
  const std::vector<FeatureColumn> columns = c.head->label_columns();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    TestTable table;
    add_labels(tf_tensor(c.names.empty() ? batch.at("labels") : batch.at("labels").at(c.names[i])),
               static_cast<std::size_t>(c.options[i].dimension), table);
    const FeatureColumns one = {{"label", columns[i]}};
    EncodedBatch encoded = table.encode(one);
    out.columns.push_back(std::move(encoded.columns.at(0)));
    out.infos.push_back(table.fit(one).columns().at(0));
  }
  const std::string weight = c.options[0].weight;
  if (!weight.empty()) {
    for (const double w : tf_tensor(batch.at("features").at(weight)).as_numbers()) {
      out.weights.push_back(static_cast<float>(w));
    }
  }
  if (arguments.contains("sequence_length_mask")) {
    for (const Json& m : batch.at("features").at("mask").at("values")) {
      out.mask.push_back(m.is_boolean() ? m.get<bool>() : m.get<int>() != 0);
    }
  }
  return out;
}

Matrix logits_of(const Json& batch) {
  const TfTensor t = tf_tensor(batch.at("logits"));
  const std::int64_t cols = t.shape.back();
  Matrix out(static_cast<std::int64_t>(t.numbers.size()) / cols, cols);
  for (std::size_t i = 0; i < t.numbers.size(); ++i) out.values()[i] = static_cast<float>(t.numbers[i]);
  return out;
}

void expect_close(double got, double want, const std::string& what) {
  if (std::isnan(want)) {
    EXPECT_TRUE(std::isnan(got)) << what;
  } else {
    EXPECT_NEAR(got, want, 1e-6 + 1e-5 * std::abs(want)) << what;
  }
}

void compare_loss(const Head& head, const Matrix& logits, const Labels& labels, const Json& batch,
                  const std::string& what) {
  ThreadPool pool(2);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const Var z = tape.result(logits.view(), true);
  const Var loss = head.loss(tape, z, labels.view());
  expect_close(double(loss.scalar()), testing::tf_number(batch.at("loss")), what + " loss");
  tape.backward(loss);
  const MatrixView gradient = tape.gradient(z);
  std::size_t i = 0;
  for (const Json& want : batch.at("gradient")) {
    const auto at = static_cast<std::int64_t>(i++);
    expect_close(double(gradient.row(at / gradient.cols)[at % gradient.cols]), testing::tf_number(want),
                 what + " gradient " + std::to_string(at));
  }
  EXPECT_EQ(static_cast<std::int64_t>(i), gradient.rows * gradient.cols) << what;
}

void compare_predictions(const Head& head, const Matrix& logits, const Json& expected, bool sequence,
                         const std::string& what) {
  std::set<std::string> keys;
  for (const Prediction& got : head.predict(logits.view())) {
    keys.insert(got.key);
    ASSERT_TRUE(expected.contains(got.key)) << what << " " << got.key;
    // Of sequences TensorFlow says the names of the classes once a sequence, we once a step.
    if (sequence && got.key.starts_with("all_")) continue;
    const TfTensor want = tf_tensor(expected.at(got.key));
    if (const auto* strings = std::get_if<std::vector<std::string>>(&got.values)) {
      EXPECT_EQ(*strings, want.strings) << what << " " << got.key;
    } else if (const auto* ids = std::get_if<std::vector<std::int64_t>>(&got.values)) {
      EXPECT_EQ(*ids, want.integers) << what << " " << got.key;
    } else {
      const auto& numbers = std::get<std::vector<float>>(got.values);
      ASSERT_EQ(numbers.size(), want.numbers.size()) << what << " " << got.key;
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        expect_close(double(numbers[i]), want.numbers[i], what + " " + got.key);
      }
    }
    EXPECT_EQ(got.width, want.shape.back()) << what << " " << got.key;
  }
  for (const auto& [key, value] : expected.items()) EXPECT_TRUE(keys.contains(key)) << what << " lacks " << key;
}

void compare_metrics(const std::vector<NamedValue>& metrics, const Json& expected, const std::string& what) {
  std::set<std::string> names;
  for (const NamedValue& got : metrics) {
    EXPECT_TRUE(names.empty() || *names.rbegin() < got.name) << what << ": order of " << got.name;
    names.insert(got.name);
    ASSERT_TRUE(expected.contains(got.name)) << what << " " << got.name;
    expect_close(got.value, testing::tf_number(expected.at(got.name)), what + " " + got.name);
  }
  for (const auto& [key, value] : expected.items()) {
    EXPECT_TRUE(key == "global_step" || names.contains(key)) << what << " lacks " << key;
  }
}

TEST(GoldenHeads, LossesGradientsPredictionsAndMetricsAreTensorFlows) {
  const Json all = golden();
  ASSERT_FALSE(all.at("cases").empty());
  for (const Json& json : all.at("cases")) {
    const std::string what = json.at("name");
    const Json& arguments = json.at("arguments");
    const bool sequence = arguments.contains("sequence_length_mask");
    HeadCase c = make_case(json.at("head"), arguments, json.at("batches").at(0));
    std::unique_ptr<HeadMetrics> metrics;
    for (const Json& batch : json.at("batches")) {
      const Labels labels = read_labels(c, arguments, batch);
      const Matrix logits = logits_of(batch);
      if (metrics == nullptr) {
        c.head->bind(labels.infos, std::vector<const FittedColumn*>(labels.infos.size()));
        metrics = c.head->metrics({});
      }
      ASSERT_EQ(c.head->logits(), logits.cols()) << what;
      compare_loss(*c.head, logits, labels, batch, what);
      compare_predictions(*c.head, logits, batch.at("predictions"), sequence, what);
      metrics->add(logits.view(), labels.view());
    }
    compare_metrics(metrics->result(), json.at("evaluate"), what);
  }
}

/// A head over one column "label": made, bound to the table's labels and asked for the loss of given logits.
void loss_of(const HeadOptions& options, const TestTable& table, const std::vector<float>& logits, std::int64_t cols,
             std::vector<float> weights = {}) {
  const std::unique_ptr<Head> head = make_head(options, "", "mean");
  const FeatureColumns columns = {{"label", head->label_columns().at(0)}};
  Encoder encoder = table.fit(columns);
  const std::vector<EncodedInfo> infos = encoder.columns();
  const std::vector<const FittedColumn*> fitted(1);
  head->bind(infos, fitted);
  const EncodedBatch batch = table.encode(columns);
  ThreadPool pool(1);
  Tape tape(pool, 1);
  tape.begin({.training = true});
  const auto rows = static_cast<std::int64_t>(logits.size()) / cols;
  const HeadLabels labels{&batch.columns.at(0), weights, {}};
  head->loss(tape, tape.result({logits.data(), rows, cols, cols}, true), {&labels, 1});
}

TestTable integers(const TestTable::Cells<std::int64_t>& values) {
  return std::move(TestTable().integers("label", values));
}
TestTable numbers(const TestTable::Cells<double>& values) {
  return std::move(TestTable().numbers("label", values));
}

TEST(GoldenHeads, WhatTensorFlowRefusesIsRefused) {
  const HeadOptions binary{.kind = "binary"};
  const HeadOptions three{.kind = "multi_class", .classes = 3};
  const HeadOptions weighted{.kind = "binary", .weight = "w"};
  const std::map<std::string, std::function<void()>> calls = {
      {"binary label 2", [&] { loss_of(binary, integers({2}), {0.5F}, 1); }},
      {"binary label -1", [&] { loss_of(binary, integers({-1}), {0.5F}, 1); }},
      {"binary label not in vocabulary",
       [&] {
         TestTable table;
         table.strings("label", {"c"});
         loss_of({.kind = "binary", .labels = {"a", "b"}}, table, {0.5F}, 1);
       }},
      {"binary string label without vocabulary",
       [&] {
         TestTable table;
         table.strings("label", {"a"});
         loss_of(binary, table, {0.5F}, 1);
       }},
      {"binary two logits",
       [&] {
         loss_of(binary, integers({1}), {0.5F, 1}, 2);
       }},
      {"binary labels of another length",
       [&] {
         loss_of(binary, integers({1}), {0.5F, 1}, 1);
       }},
      {"multi-class label 3 of 3",
       [&] {
         loss_of(three, integers({3}), {0, 0, 1}, 3);
       }},
      {"multi-class float label",
       [&] {
         loss_of(three, numbers({1.0}), {0, 0, 1}, 3);
       }},
      {"multi-class n_classes 2", [&] { make_head({.kind = "multi_class", .classes = 2}, "", "mean"); }},
      {"multi-class short vocabulary",
       [&] { make_head({.kind = "multi_class", .labels = {"a"}, .classes = 3}, "", "mean"); }},
      {"multi-label id 4 of 4",
       [&] {
         TestTable table;
         table.integer_lists("label", {{{4}}});
         loss_of({.kind = "multi_label", .classes = 4}, table, {0, 0, 0, 1}, 4);
       }},
      {"multi-label indicator 2",
       [&] {
         TestTable table;
         table.integer_lists("label", {{{0, 2}}}).fixed();
         loss_of({.kind = "multi_label", .dimension = 2}, table, {0, 1}, 2);
       }},
      {"weight column missing", [&] { loss_of(weighted, integers({1}), {0.5F}, 1); }},
      {"weight of another length",
       [&] {
         loss_of(weighted, integers({1}), {0.5F}, 1, {1, 2});
       }},
      {"logistic label 1.5", [&] { loss_of({.kind = "logistic"}, numbers({1.5}), {0.5F}, 1); }},
      // TensorFlow makes NaN of it.
      {"poisson label -1", [&] { loss_of({.kind = "poisson"}, numbers({-1}), {0.5F}, 1); }},
      {"threshold 1.0", [&] { make_head({.kind = "binary", .thresholds = {1.0}}, "", "mean"); }},
      {"reduction NONE", [&] { make_head(binary, "", "none"); }},
      {"MultiHead without names",
       [&] {
         std::vector<std::unique_ptr<Head>> heads;
         heads.push_back(make_head(binary, "", "mean"));
         join_heads(std::move(heads), {""}, {1.0F});
       }},
  };
  const std::map<std::string, std::string> says = {
      {"binary label 2", "row 0: the label 2 is not from 0 to 1"},
      {"binary label -1", "row 0: the label -1 is not from 0 to 1"},
      {"binary label not in vocabulary", "row 0: the label is none of 'a', 'b'"},
      {"binary string label without vocabulary", "has strings; numbers are needed"},
      {"binary two logits", "2 logits a row, and there have to be 1"},
      {"binary labels of another length", "labels of 1 rows for 2"},
      {"multi-class label 3 of 3", "holds 3; ids are 0 to 2"},
      {"multi-class float label", "has numbers; ids are made from strings or integers"},
      {"multi-class n_classes 2", "needs 3 classes or more, not 2"},
      {"multi-class short vocabulary", "head.classes is 3, and head.labels has 1"},
      {"multi-label id 4 of 4", "holds 4; ids are 0 to 3"},
      {"multi-label indicator 2", "row 0: the label 2 is not from 0 to 1"},
      {"weight column missing", "head.weight is 'w', and the rows have no weights"},
      {"weight of another length", "2 weights for 1 rows"},
      {"logistic label 1.5", "row 0: the label 1.5 is not from 0 to 1"},
      {"poisson label -1", "row 0: the label -1 is below 0"},
      {"threshold 1.0", "head.thresholds has 1; a threshold lies between 0 and 1"},
      {"reduction NONE", "the reduction 'none' is unknown"},
      {"MultiHead without names", "one of several heads has no name"},
  };
  const Json all = golden();
  for (const Json& json : all.at("errors")) {
    const std::string name = json.at("case");
    ASSERT_TRUE(calls.contains(name)) << name;
    ASSERT_TRUE(says.contains(name)) << name;
    EXPECT_THAT(testing::error_of(calls.at(name)), ::testing::HasSubstr(says.at(name))) << name;
  }
}

}  // namespace
}  // namespace kin
