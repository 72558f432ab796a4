#include "apps/cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/testing.h"

namespace kin::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Help, BeginsWithExamples) {
  for (const Command& command : all_commands()) {
    const std::string text = help_text(command);
    EXPECT_THAT(text, StartsWith("$ " + std::string(command.examples.front().line))) << command.name;
    for (const Flag& flag : command.flags) EXPECT_THAT(text, HasSubstr(std::string(flag.name))) << command.name;
    for (const Argument& argument : command.arguments) EXPECT_THAT(text, HasSubstr(std::string(argument.name)));
  }
  EXPECT_THAT(overview(), StartsWith("$ kin train "));
}

TEST(Help, FitsIntoATerminal) {
  for (const Command& command : all_commands()) {
    std::istringstream lines(help_text(command));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120U) << line;
  }
}

TEST(Help, IsTheSameHoweverItIsAskedFor) {
  const Outcome asked = kin_says({"train", "--help"});
  EXPECT_EQ(asked.status, 0);
  EXPECT_EQ(asked.err, "");
  EXPECT_EQ(asked.out, kin_says({"train", "-h"}).out);
  EXPECT_EQ(asked.out, kin_says({"help", "train"}).out);
  EXPECT_EQ(asked.out, kin_says({"-h", "train"}).out);
  EXPECT_EQ(kin_says({"--help"}).out, kin_says({"help"}).out);
  EXPECT_EQ(kin_says({"--help"}).status, 0);
}

TEST(Help, WithoutACommandIsAUsageError) {
  const Outcome bare = kin_says({});
  EXPECT_EQ(bare.status, 2);
  EXPECT_EQ(bare.out, "");
  EXPECT_EQ(bare.err, overview());
}

TEST(Help, NamesEveryCommandAndFlagInJson) {
  const Outcome asked = kin_says({"help", "--json"});
  const auto json = nlohmann::json::parse(asked.out);
  EXPECT_EQ(json["schema"], "kin.help/1");
  ASSERT_EQ(json["commands"].size(), all_commands().size());
  for (std::size_t i = 0; i < all_commands().size(); ++i) {
    EXPECT_EQ(json["commands"][i]["name"], all_commands()[i].name);
    EXPECT_EQ(json["commands"][i]["flags"].size(), all_commands()[i].flags.size());
  }
  EXPECT_EQ(json["flags"].size(), global_flags().size());
  EXPECT_EQ(nlohmann::json::parse(kin_says({"help", "info", "--json"}).out)["commands"].size(), 1U);
}

TEST(Help, SuggestsCommands) {
  const Outcome wrong = kin_says({"help", "recomend"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'recommend'?"));
}

}  // namespace
}  // namespace kin::cli
