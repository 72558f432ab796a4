#include "kinspace/estimator/slices.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "kinspace/base/error.h"
#include "kinspace/estimator/estimator.h"
#include "kinspace/estimator/spec_io.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string country;  // no column of the model; some are missing
  int hour = 0;
  double load = 0;
  int size = 0, late = 0;
  double weight = 1;
};

std::vector<Row> rows() {
  std::vector<Row> out;
  for (int i = 0; i < 97; ++i) {
    const char* const country[] = {"de", "at", "de", "", "ch", "de"};
    out.push_back({country[i % 6], i % 3 + 9, i % 2 == 0 ? 0.5 : -2, i % 7, i * i % 5 < 2 ? 1 : 0, 0.5 + i % 4});
  }
  return out;
}

class SlicesTest : public ::testing::Test {
 protected:
  SlicesTest() {
    fs::create_directories(directory_);
    write("rows.csv", [](const Row&) { return true; });
  }
  ~SlicesTest() override { fs::remove_all(directory_); }

  void write(const std::string& name, FunctionRef<bool(const Row&)> wanted) const {
    std::ofstream file(directory_ + "/" + name);
    file << "country,hour,load,size,late,weight\n";
    for (const Row& r : rows()) {
      if (!wanted(r)) continue;
      file << r.country << ',' << r.hour << ',' << r.load << ',' << r.size << ',' << r.late << ',' << r.weight << '\n';
    }
  }

  static Spec spec(const std::string& more = "") {
    return parse_spec(
        "spec = 1\ndata = { path = 'rows.csv' }\ncolumns.size = 'numeric'\n"
        "head = { kind = 'binary', target = 'late', weight = 'weight' }\nsplit.by = 'none'\n"
        "model = { kind = 'deep', layers = [4] }\ntrain = { batch = 16, max_steps = 20 }\n" +
            more,
        "test.toml");
  }

  std::unique_ptr<Estimator> trained(int threads = 2, const std::string& more = "") const {
    const RunConfig config{.directory = directory_ + "/run", .spec_directory = directory_, .threads = threads};
    auto estimator = std::make_unique<Estimator>(spec(more), config);
    estimator->train();
    return estimator;
  }

  RowEvaluation sliced(const std::vector<std::string>& by, std::int64_t most = 0, int threads = 2) const {
    return trained(threads)->evaluate({.files = {"rows.csv"}, .slice = by, .max_slices = most});
  }

  std::string directory_ = (fs::temp_directory_path() / ("kin-slices-" + std::to_string(getpid()))).string();
};

using Values = std::vector<std::optional<std::string>>;

std::vector<Values> values_of(const Slicing& slicing) {
  std::vector<Values> out;
  for (const EvaluatedSlice& slice : slicing.slices) out.push_back(slice.values);
  return out;
}

double metric(const std::vector<NamedValue>& metrics, const std::string& name) {
  for (const NamedValue& m : metrics) {
    if (m.name == name) return m.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return 0;
}

void expect_error(ErrorCode code, const std::string& words, FunctionRef<void()> body) {
  try {
    body();
    FAIL() << "no error; wanted: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_NE((error.message() + error.fix()).find(words), std::string::npos) << error.message();
  }
}

TEST_F(SlicesTest, AddUpToTheWhole) {
  const RowEvaluation found = sliced({"country", "hour", "hour, country"});
  EXPECT_EQ(found.rows, 97);
  ASSERT_EQ(found.slicings.size(), 3U);
  const std::vector<Row> all = rows();
  for (const Slicing& slicing : found.slicings) {
    std::int64_t count = 0;
    double weight = 0;
    std::map<std::string, double> sums;
    for (const EvaluatedSlice& slice : slicing.slices) {
      double own = 0;
      std::int64_t mine = 0;
      for (const Row& row : all) {
        bool in = true;
        for (std::size_t c = 0; c < slice.values.size(); ++c) {
          const std::string value = slicing.columns[c] == "hour" ? std::to_string(row.hour) : row.country;
          in = in && value == slice.values[c].value_or("");
        }
        own += in ? row.weight : 0;
        mine += in ? 1 : 0;
      }
      EXPECT_EQ(slice.rows, mine);
      count += slice.rows;
      weight += own;
      for (const char* name : {"average_loss", "accuracy", "label/mean", "prediction/mean"})
        sums[name] += own * metric(slice.metrics, name);
    }
    EXPECT_EQ(count, 97);
    // Sums of a hundred doubles.
    for (const auto& [name, sum] : sums) EXPECT_NEAR(sum / weight, metric(found.metrics, name), 1e-12) << name;
  }
}

TEST_F(SlicesTest, MeasuresASliceAsIfItsRowsWereAFile) {
  const RowEvaluation found = sliced({"country"});
  for (const EvaluatedSlice& slice : found.slicings[0].slices) {
    write("one.csv", [&](const Row& row) { return row.country == slice.values[0].value_or(""); });
    const RowEvaluation alone = trained()->evaluate({.files = {"one.csv"}});
    ASSERT_EQ(alone.metrics.size(), slice.metrics.size());
    for (std::size_t i = 0; i < alone.metrics.size(); ++i) {
      EXPECT_EQ(alone.metrics[i].name, slice.metrics[i].name);
      EXPECT_EQ(alone.metrics[i].value, slice.metrics[i].value) << slice.metrics[i].name;
    }
  }
}

TEST_F(SlicesTest, ComeBySizeThenByValueWithMissingOnesFirst) {
  const RowEvaluation found = sliced({"country", "hour", "load"});
  EXPECT_EQ(values_of(found.slicings[0]), (std::vector<Values>{{"de"}, {std::nullopt}, {"at"}, {"ch"}}));
  EXPECT_EQ(found.slicings[0].slices[1].rows, 16);
  EXPECT_EQ(values_of(found.slicings[1]), (std::vector<Values>{{"9"}, {"10"}, {"11"}}));
  EXPECT_EQ(values_of(found.slicings[2]), (std::vector<Values>{{"0.5"}, {"-2"}}));
}

TEST_F(SlicesTest, BeyondTheMostAreCounted) {
  const Slicing slicing = sliced({"country"}, 2).slicings[0];
  EXPECT_EQ(values_of(slicing), (std::vector<Values>{{"de"}, {std::nullopt}}));
  EXPECT_EQ(slicing.left_out, 2);
  EXPECT_EQ(slicing.left_out_rows, 32);
}

TEST_F(SlicesTest, DoNotDependOnTheNumberOfThreads) {
  const RowEvaluation one = sliced({"country"}, 0, 1);
  fs::remove_all(directory_ + "/run");
  const RowEvaluation three = sliced({"country"}, 0, 3);
  for (std::size_t s = 0; s < one.slicings[0].slices.size(); ++s) {
    for (std::size_t m = 0; m < one.metrics.size(); ++m)
      EXPECT_EQ(one.slicings[0].slices[s].metrics[m].value, three.slicings[0].slices[s].metrics[m].value);
  }
}

TEST_F(SlicesTest, CountOnlyThePartThatIsEvaluated) {
  Estimator estimator(
      parse_spec("spec = 1\ndata = { path = 'rows.csv', where = 'hour > 9' }\ncolumns.size = 'numeric'\n"
                 "head = { kind = 'binary', target = 'late' }\nsplit = { by = 'row', test = 0.3 }\n"
                 "train.max_steps = 5\neval.slice = ['hour']\n",
                 "test.toml"),
      {.directory = directory_ + "/run", .spec_directory = directory_, .threads = 1});
  estimator.train();
  const RowEvaluation found = estimator.evaluate({.part = Part::kTest});
  ASSERT_EQ(found.slicings.size(), 1U);
  std::int64_t count = 0;
  for (const EvaluatedSlice& slice : found.slicings[0].slices) {
    EXPECT_TRUE(slice.values[0] == "10" || slice.values[0] == "11");
    count += slice.rows;
  }
  EXPECT_EQ(count, found.rows);
  EXPECT_LT(found.rows, 40);
  EXPECT_TRUE(estimator.evaluate({.part = Part::kTest, .slice = std::vector<std::string>{}}).slicings.empty());
}

TEST_F(SlicesTest, RefuseWhatTheyCannotSliceBy) {
  const std::unique_ptr<Estimator> estimator = trained();
  const auto by = [&](const std::string& entry) {
    estimator->evaluate({.files = {"rows.csv"}, .slice = std::vector<std::string>{entry}});
  };
  expect_error(ErrorCode::kInvalidArgument, "did you mean 'country'", [&] { by("contry"); });
  expect_error(ErrorCode::kInvalidArgument, "lacks the name of a column", [&] { by("country,"); });
  expect_error(ErrorCode::kInvalidArgument, "names 'hour' twice", [&] { by("hour,hour"); });
  write("none.csv", [](const Row&) { return false; });
  EXPECT_THROW(estimator->evaluate({.files = {"none.csv"}, .slice = std::vector<std::string>{"country"}}), Error);
  std::ofstream(directory_ + "/lists.jsonl") << R"({"size":1,"late":1,"weight":1,"tags":["a","b"]})" << '\n'
                                             << R"({"size":2,"late":0,"weight":1,"tags":["a"]})" << '\n';
  expect_error(ErrorCode::kInvalidArgument, "'tags' holds lists",
               [&] { estimator->evaluate({.files = {"lists.jsonl"}, .slice = std::vector<std::string>{"tags"}}); });
}

TEST_F(SlicesTest, OfASpecAreCheckedBeforeTraining) {
  expect_error(ErrorCode::kInvalidArgument, "did you mean 'country'", [&] { trained(1, "eval.slice = ['contry']\n"); });
  EXPECT_FALSE(fs::exists(directory_ + "/run/checkpoint.json"));
  expect_error(ErrorCode::kInvalidArgument, "eval.slice", [&] { spec("eval.slice = ['hour,,']\n"); });
  expect_error(ErrorCode::kInvalidArgument, "goes with models over rows", [&] {
    parse_spec(
        "spec = 1\ndata = { path = 'r.csv', group_by = 'user', order_by = 'time' }\n"
        "columns.item = 'vocabulary'\nmodel.kind = 'recommender'\neval.slice = ['user']\n",
        "test.toml");
  });
}

TEST_F(SlicesTest, NameDatesAsPeopleDo) {
  const auto text = [](TimeUnit unit, std::int64_t value) {
    SliceValues values(Field{.name = "day", .type = ColumnType::kInteger, .unit = unit});
    const std::int64_t cells[] = {value};
    Column column;
    column.type = ColumnType::kInteger;
    column.integers = cells;
    return values.text(values.number(column, 0)).value();
  };
  EXPECT_EQ(text(TimeUnit::kDays, 11687), "2001-12-31");
  EXPECT_EQ(text(TimeUnit::kDays, -1), "1969-12-31");
  EXPECT_EQ(text(TimeUnit::kSeconds, -1), "1969-12-31T23:59:59");
  EXPECT_EQ(text(TimeUnit::kMilliseconds, 1500), "1970-01-01T00:00:01.500");
  EXPECT_EQ(text(TimeUnit::kNone, 11687), "11687");
}

}  // namespace
}  // namespace kin
