#include "kinspace/features/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kin {
namespace {

std::string suggest(std::string_view text, const std::vector<std::string>& candidates) {
  return suggest_text(text, static_cast<std::int64_t>(candidates.size()),
                      [&](std::int64_t i) -> std::string_view { return candidates[static_cast<std::size_t>(i)]; });
}

TEST(Suggest, ComparesIgnoringTheCaseOfAsciiLetters) {
  EXPECT_EQ(compare_ignoring_case("aBc", "AbC"), 0);
  EXPECT_LT(compare_ignoring_case("ab", "ABC"), 0);
  EXPECT_GT(compare_ignoring_case("b", "AZ"), 0);
  EXPECT_LT(compare_ignoring_case("z", "é"), 0);
  EXPECT_NE(compare_ignoring_case("É", "é"), 0);
  EXPECT_EQ(compare_ignoring_case("", ""), 0);
}

TEST(Suggest, NamesTheFirstThreeTextsThatHoldTheWord) {
  EXPECT_EQ(suggest("star", {"Star Wars", "x", "All-Star", "Starman", "A Star Is Born"}),
            ", did you mean 'Star Wars', 'All-Star' or 'Starman'?");
  EXPECT_EQ(suggest("Wars", {"Star Wars"}), ", did you mean 'Star Wars'?");
}

TEST(Suggest, ElseNamesTheNearestText) {
  EXPECT_EQ(suggest("Pulp Fictoin", {"Fiction", "Pulp Fiction", "Pulp"}), ", did you mean 'Pulp Fiction'?");
  EXPECT_EQ(suggest("cta", {"cat", "dog"}), ", did you mean 'cat'?");
  EXPECT_EQ(suggest("completely different", {"Pulp Fiction", "cat", ""}), "");
}

TEST(Suggest, LeavesOutWhatNobodyTyped) {
  EXPECT_EQ(suggest("", {"", "a"}), "");
  const std::string huge(100000, 'x');
  EXPECT_EQ(suggest(huge, {huge}), "");
  EXPECT_EQ(suggest("xxx", {huge}), "");
}

TEST(Suggest, NamesTheNearestIntegers) {
  const KeyList keys(std::vector<std::int64_t>{30, 10, 20});
  EXPECT_EQ(nearest_integers(15, keys), "; the nearest keys are 10 and 20");
  EXPECT_EQ(nearest_integers(5, keys), "; the smallest key is 10");
  EXPECT_EQ(nearest_integers(35, keys), "; the largest key is 30");
  EXPECT_EQ(nearest_integers(5, KeyList()), "");
}

}  // namespace
}  // namespace kin
