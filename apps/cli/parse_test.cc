#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "apps/cli/arguments.h"
#include "kinspace/base/error.h"

namespace kin::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string no_environment(std::string_view) {
  return "";
}

Arguments parsed(const std::vector<std::string>& words) {
  return parse(words, no_environment);
}

std::string refusal(const std::vector<std::string>& words, Environment environment = no_environment) {
  try {
    parse(words, environment);
  } catch (const Error& error) {
    EXPECT_EQ(exit_status(error.code()), 2);
    EXPECT_FALSE(error.fix().empty() && error.message().find("needs") == std::string::npos) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(Parse, TellsCommandFlagsAndArgumentsApart) {
  const Arguments a = parsed({"recommend", "run/", "--history", "1,260", "-k", "5", "--why", "--json"});
  ASSERT_NE(a.command, nullptr);
  EXPECT_EQ(a.command->name, "recommend");
  EXPECT_THAT(a.positionals, ElementsAre("run/"));
  EXPECT_EQ(a.text("history"), "1,260");
  EXPECT_EQ(a.integer("count"), 5);
  EXPECT_TRUE(a.on("why"));
  EXPECT_TRUE(a.on("json"));
  EXPECT_FALSE(a.on("quiet"));
}

TEST(Parse, FlagsMayStandAnywhere) {
  const std::vector<std::vector<std::string>> lines = {
      {"--json", "info", "run/"}, {"info", "--json", "run/"}, {"info", "run/", "--json"}};
  for (const auto& words : lines) {
    const Arguments a = parsed(words);
    EXPECT_EQ(a.command->name, "info");
    EXPECT_TRUE(a.on("json"));
    EXPECT_THAT(a.positionals, ElementsAre("run/"));
  }
}

TEST(Parse, TakesValuesWithAnEqualsSign) {
  const Arguments a = parsed({"similar", "run/", "x", "--count=3", "--metric=l2"});
  EXPECT_EQ(a.integer("count"), 3);
  EXPECT_EQ(a.text("metric"), "l2");
}

TEST(Parse, FillsInPresets) {
  const Arguments a = parsed({"similar", "run/", "x"});
  EXPECT_EQ(a.integer("count"), 10);
  EXPECT_EQ(a.text("metric"), "cosine");
  EXPECT_EQ(a.integer("threads"), 0);
  EXPECT_EQ(a.integer("memory-limit"), std::nullopt);
  EXPECT_FALSE(a.given("count"));
}

TEST(Parse, KeepsRepeatedFlagsInOrder) {
  const Arguments a = parsed({"train", "s.toml", "--set", "a=1", "--set=b=[1, 2]", "--set", "c=-1"});
  EXPECT_THAT(a.texts("set"), ElementsAre("a=1", "b=[1, 2]", "c=-1"));
  EXPECT_THAT(a.positionals, ElementsAre("s.toml"));
}

TEST(Parse, ASwitchCanBeTurnedOff) {
  EXPECT_TRUE(parsed({"recommend", "r", "--history", "1"}).on("exclude-seen", true));
  EXPECT_FALSE(parsed({"recommend", "r", "--history", "1", "--no-exclude-seen"}).on("exclude-seen", true));
  EXPECT_TRUE(parsed({"recommend", "r", "--no-exclude-seen", "--exclude-seen"}).on("exclude-seen", true));
}

TEST(Parse, TakesKeysThatLookLikeSomethingElse) {
  EXPECT_THAT(parsed({"similar", "run/", "version", "help", "[REC]", "-"}).positionals,
              ElementsAre("run/", "version", "help", "[REC]", "-"));
  EXPECT_THAT(parsed({"similar", "run/", "--", "-5", "--json"}).positionals, ElementsAre("run/", "-5", "--json"));
  EXPECT_EQ(parsed({"recommend", "r", "--history", "-"}).text("history"), "-");
  EXPECT_EQ(parsed({"recommend", "r", "--history", "[REC]"}).text("history"), "[REC]");
}

TEST(Parse, SuggestsTheNearestName) {
  EXPECT_EQ(refusal({"trian"}), "unknown command 'trian', did you mean 'train'?");
  EXPECT_EQ(refusal({"train", "s.toml", "--treads", "3"}), "unknown flag '--treads', did you mean '--threads'?");
  EXPECT_EQ(refusal({"recommend", "r", "--no-exclude-sen"}),
            "unknown flag '--no-exclude-sen', did you mean '--no-exclude-seen'?");
  EXPECT_EQ(refusal({"similar", "r", "x", "--metric", "cosin"}),
            "--metric needs one of cosine|dot|l2, not 'cosin', did you mean 'cosine'?");
  EXPECT_EQ(refusal({"similar", "r", "x", "-z"}), "unknown flag '-z'");
}

TEST(Parse, DoesNotTakeAbbreviations) {
  EXPECT_THAT(refusal({"train", "s", "--thread", "1"}), HasSubstr("unknown flag '--thread'"));
}

TEST(Parse, RefusesImpossibleValues) {
  EXPECT_EQ(refusal({"similar", "r", "x", "-k", "0"}), "--count needs an integer from 1 to 1000000, not '0'");
  EXPECT_EQ(refusal({"similar", "r", "x", "-k", "5x"}), "--count needs an integer from 1 to 1000000, not '5x'");
  EXPECT_EQ(refusal({"similar", "r", "x", "-k", "99999999999999999999"}),
            "--count needs an integer from 1 to 1000000, not '99999999999999999999'");
  EXPECT_EQ(refusal({"train", "s", "--seed", "-1"}), "--seed needs an integer from 0 on, not '-1'");
  EXPECT_EQ(refusal({"train", "s", "--memory-limit", "much"}),
            "--memory-limit needs a size such as 512M or 4G, not 'much'");
  EXPECT_EQ(refusal({"similar", "r", "x", "-k", "1", "-k", "2"}), "--count is given 2 times");
  EXPECT_THAT(refusal({"similar", "r", "x", "-k"}), HasSubstr("--count"));
}

TEST(Parse, CountsArguments) {
  EXPECT_EQ(refusal({"train"}), "kin train needs SPEC");
  EXPECT_EQ(refusal({"similar", "run/"}), "kin similar needs KEY");
  EXPECT_EQ(refusal({"info", "a", "b"}), "kin info takes no argument 'b'");
  EXPECT_EQ(parsed({"evaluate", "a", "b", "c"}).positionals.size(), 3U);
  EXPECT_TRUE(parsed({"train", "--help"}).help);
}

TEST(Parse, TheEnvironmentStandsForAbsentFlags) {
  const auto environment = [](std::string_view name) -> std::string {
    return name == "KIN_THREADS" ? "3" : name == "KIN_MEMORY_LIMIT" ? "2G" : "";
  };
  EXPECT_EQ(parse({"version"}, environment).integer("threads"), 3);
  EXPECT_EQ(parse({"version"}, environment).integer("memory-limit"), std::int64_t{2} << 30);
  EXPECT_EQ(parse({"version", "-j", "5"}, environment).integer("threads"), 5);
  const auto bad = [](std::string_view name) -> std::string { return name == "KIN_THREADS" ? "many" : ""; };
  EXPECT_EQ(refusal({"version"}, bad), "KIN_THREADS needs an integer from 0 to 1024, not 'many'");
}

TEST(CommandTable, IsComplete) {
  std::set<std::string_view> names;
  for (const Command& command : all_commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_GE(command.examples.size(), 2U) << command.name;
    EXPECT_LE(command.examples.size(), 3U) << command.name;
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with('.')) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    std::set<std::string_view> flags = {"help"};
    std::set<char> letters = {'h'};
    const auto look = [&](const Flag& flag) {
      EXPECT_FALSE(flag.help.empty()) << flag.name;
      EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << command.name << " -" << flag.letter;
      EXPECT_EQ(flag.kind == FlagKind::kSwitch, flag.argument.empty()) << flag.name;
      EXPECT_EQ(flag.kind == FlagKind::kChoice, !flag.choices.empty()) << flag.name;
    };
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(flags.insert(flag.name).second) << command.name << " --" << flag.name;
      look(flag);
    }
    for (const Flag& flag : global_flags()) {
      if (flags.insert(flag.name).second) look(flag);
    }
  }
}

TEST(CommandTable, ExamplesParse) {
  for (const Command& command : all_commands()) {
    for (const Example& example : command.examples) {
      std::string line(example.line);
      line.resize(std::min(
          {line.find(" > "), line.find(" | "), line.find(" 2> "), line.find(')', line.find("<(")), line.size()}));
      if (const std::size_t inner = line.find("<("); inner != std::string::npos) line.erase(0, inner + 2);
      std::vector<std::string> words = {""};
      bool inside = false;
      for (const char c : line) {
        if (c == '"') {
          inside = !inside;
        } else if (c == ' ' && !inside) {
          words.emplace_back();
        } else {
          words.back().push_back(c);
        }
      }
      EXPECT_EQ(words.front(), "kin") << example.line;
      words.erase(words.begin());
      EXPECT_NO_THROW(EXPECT_EQ(parsed(words).command, &command)) << example.line;
    }
  }
}

}  // namespace
}  // namespace kin::cli
