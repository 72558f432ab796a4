#include "apps/cli/app.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "apps/cli/testing.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/spec_io.h"

namespace kin::cli {
namespace {

using testing::HasSubstr;

/// A file of this test alone: others run beside it.
std::string spec_file(const std::string& text) {
  const std::string path = testing::TempDir() + fmt::format("kin_app_test-{}.toml", ::getpid());
  write_file_atomically(path, text);
  return path;
}

constexpr const char* kSpec =
    "spec = 1\ndata = { path = 'absent.csv', group_by = 'userId' }\ncolumns.watched = { source = 'movieId' }\n";

TEST(App, ErrorsGoToStderrWithAFix) {
  const Outcome outcome = kin_says({"similar", "run/"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "error: kin similar needs KEY\n  fix: such as: kin similar run/ 260\n");
}

TEST(App, ErrorsAreJsonWhenResultsAre) {
  const std::vector<std::vector<std::string>> lines = {{"info", "/nonexistent", "--json"},
                                                       {"info", "/nonexistent", "--format", "jsonl"},
                                                       {"--json", "info", "/nonexistent"}};
  for (const auto& words : lines) {
    const Outcome outcome = kin_says(words);
    EXPECT_EQ(outcome.status, 5);
    EXPECT_EQ(outcome.out, "");
    const auto json = nlohmann::json::parse(outcome.err);
    EXPECT_EQ(json["schema"], "kin.error/1");
    EXPECT_EQ(json["code"], "io");
    EXPECT_EQ(json["exit"], 5);
    EXPECT_THAT(json["message"].get<std::string>(), HasSubstr("/nonexistent"));
    EXPECT_FALSE(json["fix"].get<std::string>().empty());
  }
}

TEST(App, EveryCommandOnAMissingModelSaysSo) {
  const std::vector<std::vector<std::string>> lines = {{"recommend", "/nonexistent", "--history", "1"},
                                                       {"similar", "/nonexistent", "1"},
                                                       {"lookup", "/nonexistent", "1"},
                                                       {"evaluate", "/nonexistent"},
                                                       {"info", "/nonexistent"},
                                                       {"verify", "/nonexistent"}};
  for (const auto& words : lines) {
    const Outcome outcome = kin_says(words);
    EXPECT_EQ(outcome.status, 5) << words[0];
    EXPECT_THAT(outcome.err, HasSubstr("/nonexistent")) << words[0];
    EXPECT_THAT(outcome.err, HasSubstr("  fix: ")) << words[0];
  }
}

TEST(App, ContradictingFlagsAreRefused) {
  EXPECT_EQ(kin_says({"version", "--json", "--format", "csv"}).status, 2);
  EXPECT_EQ(kin_says({"recommend", "run/"}).status, 2);
  EXPECT_EQ(kin_says({"recommend", "run/", "--history", "1", "--users", "u.csv"}).status, 2);
  EXPECT_EQ(kin_says({"lookup", "run/"}).status, 2);
  EXPECT_EQ(kin_says({"lookup", "run/", "--list", "--format", "npy"}).status, 2);
  EXPECT_EQ(kin_says({"evaluate", "/nonexistent", "--fail-under", "ndcg@10"}).status, 5);  // the model comes first
  EXPECT_EQ(kin_says({"check"}).status, 2);
}

TEST(Version, HasEveryFormat) {
  EXPECT_THAT(kin_says({"version"}).out, testing::MatchesRegex("kin [0-9.]+ \\(.*\\)\n"));
  const auto json = nlohmann::json::parse(kin_says({"version", "--json"}).out);
  EXPECT_EQ(json["schema"], "kin.version/1");
  EXPECT_THAT(json["supported_isas"].get<std::string>(), HasSubstr("scalar"));
  EXPECT_THAT(kin_says({"version", "--format", "csv"}).out, HasSubstr("field,value\nversion,"));
}

TEST(Doctor, FindsThisBuildHealthy) {
  const Outcome outcome = kin_says({"doctor", testing::TempDir(), "--json", "--threads", "2"});
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["healthy"], true);
  EXPECT_EQ(json["rows"].size(), 6U);
}

TEST(Doctor, FindsADirectoryThatCannotBeWritten) {
  const Outcome outcome = kin_says({"doctor", "/nonexistent"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("files\tfailed"));
}

TEST(Check, PrintsTheResolvedSpec) {
  const std::string path = spec_file(kSpec);
  const Outcome toml = kin_says({"check", path, "--resolved", "--set", "train.epochs=3"});
  EXPECT_EQ(toml.status, 0) << toml.err;
  const Spec spec = parse_spec(toml.out, "printed");
  EXPECT_EQ(spec.train.epochs, 3);
  EXPECT_EQ(kin_says({"check", path, "--resolved", "--json", "--set", "train.epochs=3"}).out,
            canonical_json(spec) + "\n");
}

TEST(Check, PrintsTheSchemaWithoutASpec) {
  EXPECT_EQ(nlohmann::json::parse(kin_says({"check", "--schema"}).out)["title"], "Kinspace spec");
  EXPECT_EQ(kin_says({"check", "--schema", "--format", "md"}).out, spec_markdown());
}

TEST(Check, PointsAtMistakesInTheSpec) {
  const std::string path = spec_file(std::string(kSpec) + "train.epoch = 3\n");
  const Outcome outcome = kin_says({"check", path, "--resolved"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr(path + ":4:7: 'epoch' is no key of train, did you mean 'epochs'?"));
}

TEST(Train, SaysWhichFileIsMissing) {
  const Outcome outcome =
      kin_says({"train", spec_file(kSpec), "-o", testing::TempDir() + fmt::format("kin_app_run-{}", ::getpid()),
                "--progress", "none"});
  EXPECT_EQ(outcome.status, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("absent.csv"));
}

}  // namespace
}  // namespace kin::cli
