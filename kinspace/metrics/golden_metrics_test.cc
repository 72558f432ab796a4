#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kinspace/metrics/auc.h"
#include "kinspace/metrics/binary_counts.h"
#include "kinspace/metrics/class_counts.h"
#include "kinspace/metrics/errors.h"
#include "kinspace/metrics/weighted_mean.h"

// The streaming metrics of TensorFlow 2.15 (tests/golden/training/metrics.json), a value after each batch.

namespace kin {
namespace {

using Json = nlohmann::json;

double number(const Json& json) {
  if (json == "nan") return NAN;
  if (json == "inf") return INFINITY;
  if (json == "-inf") return -INFINITY;
  return json.is_boolean() ? double(json.get<bool>()) : json.get<double>();
}

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;

  std::size_t rows() const { return shape.empty() ? 0 : static_cast<std::size_t>(shape[0]); }
  std::span<const float> row(std::size_t r) const {
    return std::span(values).subspan(r * (values.size() / rows()), values.size() / rows());
  }
};

struct Batch {
  Tensor labels, predictions, weights;  // of a mean, predictions are its values

  explicit Batch(const Json& json) {
    const auto read = [&](const char* key, Tensor& to) {
      if (!json.contains(key)) return;
      to.shape = json.at(key).at("shape").get<std::vector<std::int64_t>>();
      for (const Json& value : json.at(key).at("values")) to.values.push_back(static_cast<float>(number(value)));
    };
    read("labels", labels);
    read("predictions", predictions);
    read("values", predictions);
    read("weights", weights);
  }

  double weight(std::size_t r) const { return weights.values.empty() ? 1.0 : double(weights.values[r]); }
  std::vector<std::int64_t> labels_of(std::size_t r) const {
    const auto row = labels.row(r);
    return {row.begin(), row.end()};
  }
};

struct Stream {
  std::function<void(const Batch&)> add;
  std::function<std::vector<double>()> values;
};

/// f(batch, row) for each row of each batch, then g() is the value.
template <class Add, class Value>
Stream rows(Add add, Value value) {
  return {[add](const Batch& batch) {
            for (std::size_t r = 0; r < batch.predictions.rows(); ++r) add(batch, r);
          },
          [value] { return std::vector<double>{value()}; }};
}

Stream mean(const std::function<double(const Batch&, std::size_t)>& f,
            const std::function<double(const WeightedMean&)>& value = &WeightedMean::value) {
  auto state = std::make_shared<WeightedMean>();
  return rows([state, f](const Batch& b, std::size_t r) { state->add(f(b, r), b.weight(r)); },
              [state, value] { return value(*state); });
}

Stream element_mean(double (*f)(double, double), double (*last)(double) = nullptr) {
  return mean(
      [f](const Batch& b, std::size_t r) { return f(double(b.labels.values[r]), double(b.predictions.values[r])); },
      [last](const WeightedMean& m) { return last == nullptr ? m.value() : last(m.value()); });
}

Stream thresholds(ThresholdCounts counts,
                  const std::function<std::vector<double>(const std::vector<BinaryCounts>&)>& values) {
  auto state = std::make_shared<ThresholdCounts>(std::move(counts));
  return {[state](const Batch& b) {
            for (std::size_t r = 0; r < b.predictions.rows(); ++r) {
              state->add(b.labels.values[r] != 0, b.predictions.values[r], b.weight(r));
            }
          },
          [state, values] { return values(state->counts()); }};
}

Stream each_threshold(ThresholdCounts counts, double (BinaryCounts::*rate)() const noexcept) {
  return thresholds(std::move(counts), [rate](const std::vector<BinaryCounts>& all) {
    std::vector<double> out;
    for (const BinaryCounts& c : all) out.push_back((c.*rate)());
    return out;
  });
}

Stream one_count(double BinaryCounts::*count) {
  return thresholds(ThresholdCounts({0.5}),
                    [count](const std::vector<BinaryCounts>& all) { return std::vector<double>{all[0].*count}; });
}

Stream area(const Json& arguments, bool v1) {
  AreaOptions options;
  const std::string method = arguments.value("summation_method", v1 ? "trapezoidal" : "interpolation");
  options.curve = arguments.value("curve", "ROC") == "PR" ? Curve::kPrecisionRecall : Curve::kRoc;
  options.summation = method == "minoring"      ? Summation::kMinoring
                      : method == "majoring"    ? Summation::kMajoring
                      : method == "trapezoidal" ? Summation::kTrapezoidal
                                                : Summation::kInterpolation;
  options.epsilon = v1 ? 1e-6 : 0;
  const auto value = [options](const std::vector<BinaryCounts>& all) {
    return std::vector<double>{area_under_curve(all, options)};
  };
  if (arguments.contains("thresholds")) {
    auto given = arguments.at("thresholds").get<std::vector<double>>();
    std::vector<double> ends = {0};
    ends.insert(ends.end(), given.begin(), given.end());
    ends.push_back(1);
    const bool even = ThresholdCounts::evenly_spaced(ends);
    given.insert(given.begin(), -1e-7);
    given.push_back(1 + 1e-7);
    return thresholds(ThresholdCounts(given, even ? ThresholdCounts::Rule::kEven : ThresholdCounts::Rule::kCompare),
                      value);
  }
  return thresholds(ThresholdCounts(ThresholdCounts::spread(arguments.value("num_thresholds", 200)),
                                    v1 ? ThresholdCounts::Rule::kCompare : ThresholdCounts::Rule::kEven),
                    value);
}

Stream rate_at(BinaryRate wanted, BinaryRate other, double least) {
  std::vector<double> t = ThresholdCounts::spread(200);
  t.front() = 0;
  t.back() = 1;
  return thresholds(ThresholdCounts(t, ThresholdCounts::Rule::kEven), [=](const std::vector<BinaryCounts>& all) {
    return std::vector<double>{best_rate(all, wanted, other, least)};
  });
}

Stream classes(std::int64_t count, double (ClassCounts::*value)() const noexcept) {
  auto state = std::make_shared<ClassCounts>(count);
  return rows(
      [state](const Batch& b, std::size_t r) {
        state->add(static_cast<std::int64_t>(b.labels.values[r]), static_cast<std::int64_t>(b.predictions.values[r]),
                   b.weight(r));
      },
      [state, value] { return ((*state).*value)(); });
}

Stream at_k(std::int64_t k, double (LabelsAtK::*value)() const noexcept) {
  auto state = std::make_shared<LabelsAtK>(k);
  return rows([state](const Batch& b, std::size_t r) { state->add(b.predictions.row(r), b.labels_of(r), b.weight(r)); },
              [state, value] { return ((*state).*value)(); });
}

bool same(const Batch& b, std::size_t r) {
  return b.labels.values[r] == b.predictions.values[r];
}

std::vector<double> given_thresholds(const Json& arguments) {
  return arguments.contains("thresholds") ? arguments.at("thresholds").get<std::vector<double>>()
                                          : std::vector<double>{0.5};
}

Stream two_class_stream(const std::string& metric, const Json& a) {
  if (metric == "v1/auc") return area(a, true);
  if (metric == "keras/AUC") return area(a, false);
  if (metric == "v1/precision_at_thresholds") {
    return each_threshold(ThresholdCounts(given_thresholds(a)), &BinaryCounts::precision);
  }
  if (metric == "v1/recall_at_thresholds") {
    return each_threshold(ThresholdCounts(given_thresholds(a)), &BinaryCounts::recall);
  }
  if (metric == "keras/Precision") {
    return each_threshold(ThresholdCounts::keras(given_thresholds(a)), &BinaryCounts::precision);
  }
  if (metric == "keras/Recall") {
    return each_threshold(ThresholdCounts::keras(given_thresholds(a)), &BinaryCounts::recall);
  }
  if (metric == "v1/precision") return each_threshold(ThresholdCounts({0.5}), &BinaryCounts::precision);
  if (metric == "v1/recall") return each_threshold(ThresholdCounts({0.5}), &BinaryCounts::recall);
  if (metric == "keras/BinaryAccuracy") {
    return each_threshold(ThresholdCounts({a.value("threshold", 0.5)}), &BinaryCounts::accuracy);
  }
  if (metric == "keras/TruePositives" || metric == "v1/true_positives") return one_count(&BinaryCounts::tp);
  if (metric == "keras/FalsePositives" || metric == "v1/false_positives") return one_count(&BinaryCounts::fp);
  if (metric == "keras/TrueNegatives" || metric == "v1/true_negatives") return one_count(&BinaryCounts::tn);
  if (metric == "keras/FalseNegatives" || metric == "v1/false_negatives") return one_count(&BinaryCounts::fn);
  if (metric == "keras/SensitivityAtSpecificity") {
    return rate_at(BinaryRate::kRecall, BinaryRate::kSpecificity, a.at("specificity"));
  }
  if (metric == "keras/SpecificityAtSensitivity") {
    return rate_at(BinaryRate::kSpecificity, BinaryRate::kRecall, a.at("sensitivity"));
  }
  if (metric == "keras/PrecisionAtRecall") {
    return rate_at(BinaryRate::kPrecision, BinaryRate::kRecall, a.at("recall"));
  }
  if (metric == "keras/RecallAtPrecision") {
    return rate_at(BinaryRate::kRecall, BinaryRate::kPrecision, a.at("precision"));
  }
  if (metric == "v1/sensitivity_at_specificity") {
    const double specificity = a.at("specificity");
    return thresholds(ThresholdCounts(ThresholdCounts::spread(200)),
                      [specificity](const std::vector<BinaryCounts>& all) {
                        return std::vector<double>{recall_nearest_specificity(all, specificity)};
                      });
  }
  return {};
}

Stream value_stream(const std::string& metric) {
  const auto root = [](double x) { return std::sqrt(x); };
  if (metric == "v1/mean" || metric == "keras/Mean" || metric == "keras/Sum") {
    return mean([](const Batch& b, std::size_t r) { return double(b.predictions.values[r]); },
                metric == "keras/Sum" ? &WeightedMean::total : &WeightedMean::value);
  }
  if (metric == "keras/MeanSquaredError" || metric == "v1/mean_squared_error") {
    return element_mean(squared_difference);
  }
  if (metric == "keras/RootMeanSquaredError" || metric == "v1/root_mean_squared_error") {
    return element_mean(squared_difference, root);
  }
  if (metric == "keras/MeanAbsoluteError" || metric == "v1/mean_absolute_error") {
    return element_mean(absolute_difference);
  }
  if (metric == "keras/MeanAbsolutePercentageError") return element_mean(percentage_difference);
  if (metric == "keras/MeanSquaredLogarithmicError") return element_mean(squared_log_difference);
  if (metric == "keras/LogCoshError") return element_mean(log_cosh);
  if (metric == "keras/BinaryCrossentropy") {
    return mean([](const Batch& b, std::size_t r) {
      return binary_cross_entropy(double(b.labels.values[r]), b.predictions.values[r]);
    });
  }
  if (metric == "keras/CosineSimilarity") {
    return mean([](const Batch& b, std::size_t r) { return cosine_similarity(b.labels.row(r), b.predictions.row(r)); });
  }
  if (metric == "v1/accuracy" || metric == "keras/Accuracy") {
    return mean([](const Batch& b, std::size_t r) { return double(same(b, r)); });
  }
  return {};
}

Stream class_stream(const std::string& metric, const Json& a) {
  const std::int64_t k = a.value("k", 1);
  if (metric == "keras/SparseTopKCategoricalAccuracy") {
    return mean([k](const Batch& b, std::size_t r) {
      return double(in_top_k(b.predictions.row(r), static_cast<std::int64_t>(b.labels.values[r]), k));
    });
  }
  if (metric == "keras/TopKCategoricalAccuracy") {
    return mean([k](const Batch& b, std::size_t r) {
      return double(in_top_k(b.predictions.row(r), best_class(b.labels.row(r)), k));
    });
  }
  if (metric == "keras/CategoricalAccuracy") {
    return mean([](const Batch& b, std::size_t r) {
      return double(best_class(b.predictions.row(r)) == best_class(b.labels.row(r)));
    });
  }
  if (metric == "keras/SparseCategoricalAccuracy") {
    return mean([](const Batch& b, std::size_t r) {
      return double(best_class(b.predictions.row(r)) == static_cast<std::int64_t>(b.labels.values[r]));
    });
  }
  if (metric == "v1/recall_at_k") return at_k(k, &LabelsAtK::recall);
  if (metric == "v1/precision_at_k") return at_k(k, &LabelsAtK::precision);
  if (metric == "v1/average_precision_at_k") return at_k(k, &LabelsAtK::average_precision);
  if (metric == "v1/mean_iou") return classes(a.at("num_classes"), &ClassCounts::mean_iou);
  if (metric == "v1/mean_per_class_accuracy") {
    return classes(a.at("num_classes"), &ClassCounts::mean_per_class_accuracy);
  }
  return {};
}

Stream stream(const std::string& metric, const Json& arguments) {
  for (const Stream& s : {two_class_stream(metric, arguments), value_stream(metric), class_stream(metric, arguments)}) {
    if (s.add) return s;
  }
  throw std::runtime_error("no metric for " + metric);
}

/// TensorFlow sorts scores by a comparison that takes NaN for equal to everything, so the order of a row with one
/// follows from the steps of its heap. Such a row may move these metrics by what it has at most: min(k, labels) hits.
double slack(const Json& c, const Json& input, std::size_t batches) {
  const std::string metric = c.at("metric");
  if (!metric.ends_with("_at_k")) return 0;
  double rows = 0;
  double undefined = 0;
  std::int64_t labels = 1;
  for (std::size_t i = 0; i < batches; ++i) {
    const Batch batch(input.at("batches").at(i));
    labels = static_cast<std::int64_t>(batch.labels.row(0).size());
    for (std::size_t r = 0; r < batch.predictions.rows(); ++r) {
      const auto scores = batch.predictions.row(r);
      rows += batch.weight(r);
      if (std::any_of(scores.begin(), scores.end(), [](float s) { return std::isnan(s); }))
        undefined += batch.weight(r);
    }
  }
  return rows == 0 ? 0 : undefined / rows * double(std::min(labels, c.at("arguments").at("k").get<std::int64_t>()));
}

TEST(GoldenMetrics, EveryValueAfterEveryBatchIsTensorFlows) {
  const char* const other = std::getenv("KIN_GOLDEN_TRAINING");
  const std::string directory = other != nullptr ? other : std::string(KIN_SOURCE_DIR) + "/tests/golden/training";
  std::ifstream file(directory + "/metrics.json");
  const Json golden = Json::parse(file);
  std::size_t compared = 0;
  for (const Json& c : golden.at("cases")) {
    const Json& input = golden.at("inputs").at(c.at("input").get<std::size_t>());
    Stream s = stream(c.at("metric"), c.at("arguments"));
    std::size_t step = 0;
    for (const Json& json : input.at("batches")) {
      s.add(Batch(json));
      const std::vector<double> got = s.values();
      const Json& expected = c.at("after_batch").at(step++);
      const Json list = expected.is_array() ? expected : Json::array({expected});
      ASSERT_EQ(got.size(), list.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        const double want = number(list[i]);
        EXPECT_NEAR(got[i], want, 1e-6 + 1e-5 * std::abs(want) + slack(c, input, step))
            << c.at("metric") << " " << c.at("arguments") << " on " << input.at("name") << " after batch " << step;
      }
    }
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

}  // namespace
}  // namespace kin
