#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "apps/cli/flags.h"
#include "apps/cli/testing.h"
#include "kinspace/base/file.h"

namespace kin::cli {
namespace {

using testing::HasSubstr;

/// What a shell prints and its exit status.
std::pair<std::string, int> shell_says(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string out;
  std::array<char, 4096> block{};
  for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) out.append(block.data(), n);
  return {out, pclose(pipe)};
}

std::string script_file(const std::string& shell) {
  const std::string path = testing::TempDir() + "kin_completion." + shell;
  write_file_atomically(path, kin_says({"completion", shell}).out);
  return path;
}

/// What bash offers for the last of the words.
std::string offers(const std::string& words) {
  const std::string path = script_file("bash");
  const auto [out, status] = shell_says("bash -c 'source \"" + path + "\"; COMP_WORDS=(" + words +
                                        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kin; echo \"${COMPREPLY[*]}\"'");
  EXPECT_EQ(status, 0) << out;
  return out;
}

TEST(Completion, OffersCommandsFlagsAndChoicesInBash) {
  EXPECT_EQ(offers("kin tr"), "train\n");
  EXPECT_EQ(offers("kin --json ver"), "verify version\n");
  EXPECT_EQ(offers("kin recommend run --no"), "--no-exclude-seen --no-color\n");
  EXPECT_EQ(offers("kin similar run --metric c"), "cosine\n");
  EXPECT_EQ(offers("kin lookup run --format n"), "npy\n");
  EXPECT_EQ(offers("kin completion z"), "zsh\n");
}

TEST(Completion, NamesEveryCommandAndFlagForEveryShell) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const Outcome outcome = kin_says({"completion", shell});
    EXPECT_EQ(outcome.status, 0);
    for (const Command& command : all_commands()) {
      EXPECT_THAT(outcome.out, HasSubstr(std::string(command.name))) << shell;
      for (const Flag& flag : command.flags) EXPECT_THAT(outcome.out, HasSubstr(std::string(flag.name))) << shell;
    }
  }
}

TEST(Completion, IsValidSyntaxWhereTheShellIsThere) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    if (shell_says("command -v " + shell).second != 0) continue;
    const auto [out, status] = shell_says(shell + " -n " + script_file(shell));
    EXPECT_EQ(status, 0) << out;
  }
}

TEST(Completion, RefusesOtherShells) {
  const Outcome outcome = kin_says({"completion", "bsh"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'bash'?"));
}

}  // namespace
}  // namespace kin::cli
