// Event files that TensorFlow 2.15.1 wrote, and what it says about damaged ones (tests/golden/README.md).

#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "kinspace/formats/event_file.h"
#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

using Json = nlohmann::json;

std::string golden_directory() {
  const char* other = std::getenv("KIN_GOLDEN_TRAINING");
  return (other != nullptr ? std::string(other) : KIN_SOURCE_DIR "/tests/golden/training") + "/events/";
}

const Json& golden() {
  static const Json json = Json::parse(slurp(golden_directory() + "events.json"));
  return json;
}

double number(const Json& json) {
  if (json.is_number()) return json;
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  return json == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

/// Whether a number of the JSON file, which has 9 digits of a float32 and all of a float64, is `value`.
bool same(const Json& json, float value) {
  const auto want = static_cast<float>(number(json));
  return std::isnan(want) ? std::isnan(value) : want == value && std::signbit(want) == std::signbit(value);
}

std::vector<double> doubles(const Json& json) {
  std::vector<double> out;
  for (const Json& item : json) out.push_back(number(item));
  return out;
}

void expect_value(const Json& want, const EventValue& got) {
  EXPECT_EQ(got.tag, want.at("tag"));
  if (want.contains("simple_value")) {
    ASSERT_TRUE(std::holds_alternative<float>(got.value)) << want;
    EXPECT_TRUE(same(want.at("simple_value"), std::get<float>(got.value))) << want;
    EXPECT_TRUE(got.scalar().has_value());
  }
  if (want.contains("histo")) {
    ASSERT_TRUE(std::holds_alternative<EventHistogram>(got.value)) << want;
    const auto& histogram = std::get<EventHistogram>(got.value);
    const Json& json = want.at("histo");
    const EventHistogram expected{.min = number(json.at("min")),
                                  .max = number(json.at("max")),
                                  .num = number(json.at("num")),
                                  .sum = number(json.at("sum")),
                                  .sum_squares = number(json.at("sum_squares")),
                                  .limits = doubles(json.at("bucket_limit")),
                                  .counts = doubles(json.at("bucket"))};
    EXPECT_EQ(histogram, expected) << want;
  }
  if (want.contains("tensor")) {
    ASSERT_TRUE(std::holds_alternative<EventTensor>(got.value)) << want;
    const auto& tensor = std::get<EventTensor>(got.value);
    const Json& json = want.at("tensor");
    EXPECT_EQ(tensor.shape, json.at("shape").get<std::vector<std::int64_t>>());
    const std::string dtype = json.at("dtype");
    const Json& values = json.at("values");
    if (dtype == "string") {
      EXPECT_EQ(tensor.dtype, 7);
      EXPECT_EQ(tensor.strings, values.get<std::vector<std::string>>());
    } else if (dtype == "float32") {
      EXPECT_EQ(tensor.dtype, 1);
      ASSERT_EQ(values.size(), 1U);
      ASSERT_TRUE(got.scalar().has_value());
      EXPECT_TRUE(same(values.at(0), static_cast<float>(*got.scalar()))) << want;
    } else {
      ASSERT_EQ(dtype, "float64");
      const std::vector<double> all = doubles(values);
      EXPECT_EQ(tensor.content, std::string(reinterpret_cast<const char*>(all.data()), all.size() * sizeof(double)));
    }
  }
  ASSERT_EQ(got.metadata.has_value(), want.contains("metadata"));
  if (!got.metadata) return;
  const Json& json = want.at("metadata");
  EXPECT_EQ(got.metadata->plugin_name, json.at("plugin_name"));
  EXPECT_EQ(got.metadata->plugin_content, json.at("content"));
  EXPECT_EQ(got.metadata->display_name, json.at("display_name"));
  EXPECT_EQ(got.metadata->description, json.at("summary_description"));
  EXPECT_EQ(got.metadata->data_class, json.at("data_class"));
}

void expect_event(const Json& want, const Event& got) {
  EXPECT_EQ(got.wall_time, want.at("wall_time").get<double>());
  EXPECT_EQ(got.step, want.at("step"));
  EXPECT_EQ(got.file_version, want.value("file_version", ""));
  EXPECT_EQ(got.writer, want.contains("source_metadata") ? want.at("source_metadata").at("writer") : Json(""));
  const Json values = want.value("values", Json::array());
  ASSERT_EQ(got.values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) expect_value(values[i], got.values[i]);
  ASSERT_EQ(got.session_log.has_value(), want.contains("session_log"));
  if (got.session_log) {
    EXPECT_EQ(static_cast<int>(got.session_log->status), want.at("session_log").at("status"));
    EXPECT_EQ(got.session_log->checkpoint_path, want.at("session_log").at("checkpoint_path"));
  }
}

TEST(EventGolden, EveryRecordOfTensorFlowIsReadAndWrittenAgainToTheByte) {
  std::size_t records = 0;
  for (const auto& [name, entries] : golden().at("files").items()) {
    SCOPED_TRACE(name);
    EventReader reader(golden_directory() + name, TruncatedEnd::kDamaged);
    std::string again;
    for (const Json& want : entries) {
      const auto event = reader.next();
      ASSERT_TRUE(event.has_value());
      expect_event(want, *event);
      const std::string bytes = encode_event(*event);
      EXPECT_EQ(bytes.size(), want.at("bytes"));
      again += frame_record(bytes);
      ++records;
    }
    EXPECT_FALSE(reader.next().has_value());
    EXPECT_EQ(again, slurp(golden_directory() + name));
    EXPECT_EQ(reader.offset(), again.size());
  }
  EXPECT_GT(records, 20U);
}

TEST(EventGolden, DamagedFilesEndWhereTensorFlowEnds) {
  std::size_t refused = 0;
  for (const Json& want : golden().at("damaged")) {
    SCOPED_TRACE(want.dump());
    EventReader reader(golden_directory() + want.at("file").get<std::string>(), TruncatedEnd::kDamaged);
    std::size_t count = 0;
    std::string failure;
    try {
      while (reader.next()) ++count;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruption);
      failure = error.message();
    }
    EXPECT_EQ(count, want.at("events_read"));
    const Json& error = want.at("error");
    ASSERT_EQ(failure.empty(), error.is_null()) << failure;
    if (error.is_null()) continue;
    std::smatch words;
    const std::string message = error.at("message");
    ASSERT_TRUE(std::regex_search(message, words, std::regex("(corrupted|truncated) record at (\\d+)")));
    EXPECT_NE(failure.find(words.str(1) + " record"), std::string::npos) << failure;
    EXPECT_TRUE(failure.ends_with("at byte " + words.str(2))) << failure;
    ++refused;
  }
  EXPECT_GT(refused, 0U);
}

TEST(EventGolden, AnUnfinishedFileEndsBeforeItsLastRecord) {
  for (const Json& want : golden().at("damaged")) {
    const std::string file = want.at("file");
    if (file.find("truncated") == std::string::npos) continue;
    EventReader reader(golden_directory() + file);
    std::size_t count = 0;
    while (reader.next()) ++count;
    EXPECT_EQ(count, want.at("events_read")) << file;
  }
}

TEST(EventGolden, HistogramsOfTheSameValuesAreThoseOfTensorFlow) {
  std::map<std::string, EventValue> written;
  for (const auto& [name, entries] : golden().at("files").items()) {
    if (!name.starts_with("v2/")) continue;
    EventReader reader(golden_directory() + name);
    while (const auto event = reader.next()) {
      for (const EventValue& value : event->values) written[value.tag] = value;
    }
  }
  ThreadPool pool(2);
  const auto expect_histogram = [&](const std::string& tag, const Json& input, int buckets) {
    ASSERT_TRUE(written.contains(tag)) << tag;
    std::vector<float> values;
    for (const Json& item : input) values.push_back(static_cast<float>(number(item)));
    const auto n = static_cast<std::int64_t>(values.size());
    const ValueSummary summary = summarize_values(pool, {values.data(), 1, n, n}, buckets);
    EXPECT_EQ(histogram_value(tag, summary.histogram), written[tag]) << tag;
    EXPECT_EQ(histogram_of(written[tag]), summary.histogram) << tag;
  };
  for (const auto& [name, input] : golden().at("histogram_inputs").items()) {
    expect_histogram("weights/" + name, input, 30);
  }
  expect_histogram("five_buckets", golden().at("histogram_inputs").at("normal"), 5);
}

TEST(EventGolden, TheEvaluationsOfAnEstimatorAreReadByStep) {
  for (const std::string directory : {"estimator/eval", "estimator/eval_other"}) {
    std::map<std::string, std::vector<EventRow>> want;
    for (const auto& [name, entries] : golden().at("files").items()) {
      if (std::filesystem::path(name).parent_path() != directory) continue;
      for (const Json& entry : entries) {
        for (const Json& value : entry.value("values", Json::array())) {
          if (!value.contains("simple_value")) continue;
          want[value.at("tag")].push_back(
              {entry.at("step"), double{static_cast<float>(number(value.at("simple_value")))}, entry.at("wall_time")});
        }
      }
    }
    EXPECT_EQ(read_event_scalars(golden_directory() + directory), want);
    EXPECT_TRUE(want.contains("loss"));
  }
}

}  // namespace
}  // namespace kin
