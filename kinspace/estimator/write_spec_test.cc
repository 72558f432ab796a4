#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/random.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/spec_options.h"

namespace kin {
namespace {

Spec small_spec() {
  Spec spec;
  spec.data.path = {"ratings.csv"};
  spec.data.group_by = "userId";
  spec.columns["watched"] = VocabularyColumn{.source = "movieId"};
  resolve(spec);
  return spec;
}

Spec spec_of_all_kinds() {
  Spec spec = small_spec();
  for (const std::string& kind : column_kinds()) set_column_kind(spec.columns["a-" + kind], kind);
  return spec;
}

std::string random_text(RandomStream& random) {
  constexpr const char* kPieces[] = {"a",    "Z",    "9", " ", "\"", "\\", "\n", "\t",
                                     "\x01", "\x7f", "'", "é", "電", "=",  ".",  "#"};
  std::string out;
  for (auto n = random.below(6) + 1; n > 0; --n) out += kPieces[random.below(std::size(kPieces))];
  return out;
}

double random_number(const Allowed& allowed, RandomStream& random) {
  const double low = std::max(allowed.low, -1e6);
  const double high = std::min(allowed.high, 1e6);
  const double value = low + (high - low) * random.uniform_double() * (random.below(2) == 0 ? 1 : 1e-6);
  return allowed.admits(value) ? value : (low + high) / 2;
}

/// Settings that are checked against others, or that the target of a recommender may not have.
bool hangs_together(const std::string& path) {
  static const std::set<std::string> kBound = {
      "data.query", "data.separator",   "data.comment",    "data.max_bad",           "head.target",
      "head.share", "head.kind",        "model.kind",      "train.optimizer.compat", "train.compat",
      "eval.slice", "head.huber_delta", "train.reduction", "train.schedule.kind",    "train.schedule.boundaries"};
  const std::string target = "columns.watched.";
  static const std::set<std::string> kFree = {"source",    "min_count",      "max_size",      "oov",
                                              "embed.dim", "embed.combiner", "embed.init_std"};
  return kBound.count(path) != 0 || path.starts_with("split.") || path.find("metric") != std::string::npos ||
         path.find("clip_") != std::string::npos ||
         (path.starts_with(target) && kFree.count(path.substr(target.size())) == 0);
}

/// Draws every setting that stands alone; those that hang together stay as they are.
Spec random_spec(std::uint64_t seed) {
  RandomStream random(seed, Purpose::kPick, 1, 0);
  Spec spec = small_spec();
  for (const char* name : {"b-2", "c", "d_"}) {
    if (random.below(2) == 0) set_column_kind(spec.columns[name], column_kinds()[random.below(column_kinds().size())]);
  }
  for (Option& option : list_options(spec)) {
    const Allowed& allowed = option.allowed;
    const bool bound = hangs_together(option.path) || allowed.low == -1;
    if (bound || random.below(3) == 0) continue;
    std::visit(
        [&](auto* value) {
          using T = std::remove_pointer_t<decltype(value)>;
          if constexpr (std::is_same_v<T, bool>) {
            *value = random.below(2) == 0;
          } else if constexpr (std::is_same_v<T, std::string>) {
            *value = allowed.words.empty() ? random_text(random) : allowed.words[random.below(allowed.words.size())];
          } else if constexpr (std::is_arithmetic_v<T>) {
            *value = static_cast<T>(random_number(allowed, random));
            if (!allowed.admits(static_cast<double>(*value))) *value = static_cast<T>(allowed.high);
          } else if constexpr (std::is_same_v<T, std::vector<double>>) {
            for (auto n = random.below(4); n > 0; --n) value->push_back(random_number(allowed, random));
          } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
            for (auto n = random.below(4); n > 0; --n)
              value->push_back(static_cast<std::int64_t>(random.below(1000)) + 1);
          } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            if (!allowed.words.empty()) {
              *value = {allowed.words[random.below(allowed.words.size())]};
              return;
            }
            for (auto n = random.below(4); n > 0; --n) value->push_back(random_text(random) + std::to_string(n));
          } else {
            for (auto n = random.below(3); n > 0; --n) (*value)[random_text(random)] = "number";
          }
        },
        option.value);
  }
  for (auto& [name, column] : spec.columns) {
    if (EmbedOptions* embed = embed_options(column)) {  // the other two go with it
      if (!embed->tensor.empty() || !embed->keys.empty()) embed->checkpoint = random_text(random);
    }
    if (auto* vocabulary = std::get_if<VocabularyColumn>(&column))
      vocabulary->names = random.below(2) == 0 ? NamesOptions{} : NamesOptions{"m.csv", random_text(random), "t"};
  }
  if (spec.columns.size() > 1) spec.head.target = "watched";
  OptimizerOptions& optimizer = spec.train.optimizer;  // what the drawn name takes by default
  for (float* value :
       {&optimizer.lr, &optimizer.momentum, &optimizer.epsilon, &optimizer.initial_accumulator, &optimizer.rho}) {
    *value = -1;
  }
  resolve(spec);
  return spec;
}

TEST(WriteSpec, RandomSpecsSurviveJsonAndToml) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Spec spec = random_spec(seed);
    ASSERT_NO_THROW(validate(spec)) << seed;
    const std::string json = canonical_json(spec);
    EXPECT_EQ(canonical_json(spec_from_json(json)), json) << seed;
    const std::string toml = to_toml(spec);
    const Spec again = parse_spec(toml, "printed");
    EXPECT_EQ(canonical_json(again), json) << seed << "\n" << toml;
    EXPECT_EQ(to_toml(again), toml) << seed;
    EXPECT_EQ(differing_keys(spec, again), std::vector<std::string>{}) << seed;
  }
}

TEST(WriteSpec, CanonicalJsonSortsKeysAndPrintsShortestNumbers) {
  Spec spec = small_spec();
  spec.train.optimizer.lr = 0.003F;
  spec.train.l2 = 1e-5F;
  spec.model.layers = {256, 64};
  spec.split.valid = 0.05;
  const std::string json = canonical_json(spec);
  const auto parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed["spec"], 1);
  EXPECT_EQ(parsed["columns"]["watched"]["source"], "movieId");
  EXPECT_NE(json.find("\"l2\":1e-05,"), std::string::npos);
  EXPECT_NE(json.find("\"lr\":0.003"), std::string::npos);
  EXPECT_NE(json.find("\"temperature\":1.0"), std::string::npos);
  EXPECT_NE(json.find("\"layers\":[256,64]"), std::string::npos);
  EXPECT_NE(json.find("\"valid\":0.05,"), std::string::npos);
  EXPECT_EQ(json.find(' '), std::string::npos);
  EXPECT_TRUE(json.starts_with("{\"columns\":{\"watched\":{\"default_value\":-1,\"derive\":")) << json;
}

TEST(WriteSpec, SortsKeysInsideTheirTable) {
  Spec spec = small_spec();
  spec.columns["a-b"];
  spec.columns["a"];
  const std::string json = canonical_json(spec);
  EXPECT_LT(json.find("\"a\":"), json.find("\"a-b\":"));
}

TEST(WriteSpec, CanonicalJsonFillsInWhatASpecLeavesOpen) {
  Spec open;
  open.data.path = {"ratings.csv"};
  open.data.group_by = "userId";
  open.columns["watched"] = VocabularyColumn{.source = "movieId"};
  EXPECT_EQ(canonical_json(open), canonical_json(small_spec()));
}

TEST(WriteSpec, NamesTheKeysThatDiffer) {
  Spec before = small_spec();
  Spec after = before;
  after.train.batch = 512;
  after.data.where = "rating > 3";
  after.columns["other"] = HashColumn{.source = "x"};
  const auto lines = differing_keys(before, after);
  EXPECT_THAT(lines, testing::Contains("train.batch: 256 -> 512"));
  EXPECT_THAT(lines, testing::Contains("data.where: \"\" -> \"rating > 3\""));
  EXPECT_THAT(lines, testing::Contains("columns.other.source: absent -> \"x\""));
}

TEST(StoredSpec, RefusesWhatItDoesNotKnow) {
  const std::string json = canonical_json(small_spec());
  const auto code_of = [](const std::string& text) {
    try {
      spec_from_json(text);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of("{"), ErrorCode::kCorruption);
  EXPECT_EQ(code_of("[]"), ErrorCode::kNotSupported);
  EXPECT_EQ(code_of("{}"), ErrorCode::kNotSupported);
  EXPECT_EQ(code_of(std::string(1000, '[')), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(std::string(1000, '[') + std::string(1000, ']')), ErrorCode::kCorruption);
  std::string extra = json;
  extra.insert(1, "\"future\":1,");
  EXPECT_EQ(code_of(extra), ErrorCode::kNotSupported);
  std::string newer = json;
  newer.replace(newer.find("\"spec\":1"), 8, "\"spec\":2");
  EXPECT_EQ(code_of(newer), ErrorCode::kNotSupported);
  std::string large = json;
  large.replace(large.find("\"seed\":1"), 8, "\"seed\":18446744073709551615");
  EXPECT_EQ(code_of(large), ErrorCode::kCorruption);
}

TEST(SpecSchema, NamesEveryKeyWithTypeDefaultAndHelp) {
  const auto schema = nlohmann::json::parse(spec_json_schema());
  EXPECT_EQ(schema["required"][0], "spec");
  EXPECT_EQ(schema["additionalProperties"], false);
  const auto& lr = schema["properties"]["train"]["properties"]["optimizer"]["properties"]["lr"];
  EXPECT_EQ(lr["type"], "number");
  EXPECT_EQ(lr["minimum"], -1.0);
  EXPECT_EQ(schema["properties"]["model"]["properties"]["temperature"]["exclusiveMinimum"], 0.0);
  const auto& columns = schema["properties"]["columns"]["additionalProperties"]["anyOf"];
  EXPECT_EQ(columns.size(), column_kinds().size());
  EXPECT_EQ(columns[0]["anyOf"][0]["enum"][0], "vocabulary");
  EXPECT_EQ(columns[0]["anyOf"][1]["properties"]["oov"]["enum"], nlohmann::json({"drop", "row"}));
  const auto& boundaries = columns[2]["anyOf"][1]["properties"]["boundaries"]["anyOf"];
  EXPECT_EQ(boundaries[0]["anyOf"][1]["type"], "array");
  EXPECT_EQ(boundaries[1]["properties"]["quantiles"]["type"], "integer");
  Spec spec = spec_of_all_kinds();
  for (const Option& option : list_options(spec)) {
    EXPECT_FALSE(option.help.empty()) << option.path;
    EXPECT_FALSE(option.help.ends_with('.')) << option.path;
  }
}

TEST(SpecSchema, DescribesEveryMemberOfItsStructs) {
  Spec spec = spec_of_all_kinds();
  std::set<std::string> described = {"columns"};
  for (const auto& [path, table] : list_tables(spec)) described.insert(path.substr(path.rfind('.') + 1));
  for (const Option& option : list_options(spec)) described.insert(option.path.substr(option.path.rfind('.') + 1));
  described.insert("version");  // `spec` in the file
  described.insert("exports");  // `export`, which C++ keeps for itself
  const std::regex member(R"(^  (?:std::|bool |float |double |[A-Z])[A-Za-z0-9_:<>, ]*\s(\w+)(?:;| =))");
  int found = 0;
  for (const char* header : {"data/table_options.h", "features/representation.h", "features/feature_column.h",
                             "nn/optimizer.h", "nn/schedule.h", "estimator/spec.h"}) {
    std::istringstream lines(read_file(std::string(KIN_SOURCE_DIR) + "/kinspace/" + header, 1 << 20));
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (line.starts_with("struct "))
        inside = line.find("Options") != std::string::npos || line.find("Column") != std::string::npos ||
                 line.starts_with("struct Spec ");
      if (line.starts_with("}")) inside = false;
      if (!inside || !std::regex_search(line, match, member)) continue;
      ++found;
      EXPECT_EQ(described.count(match[1]), 1U) << header << ": " << match[1];
    }
  }
  EXPECT_GT(found, 60);
}

/// The page is generated: KIN_UPDATE_DOCS=1 writes it.
TEST(SpecReference, IsThePageInTheDocumentation) {
  const std::string path = std::string(KIN_SOURCE_DIR) + "/docs/reference/spec.md";
  if (std::getenv("KIN_UPDATE_DOCS") != nullptr) write_file_atomically(path, spec_markdown());
  EXPECT_EQ(read_file(path, kMaxSpecBytes), spec_markdown());
}

}  // namespace
}  // namespace kin
