#include "kinspace/features/vocabulary_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kinspace/data/temporary_file.h"
#include "kinspace/features/testing/test_table.h"

namespace kin::testing {
namespace {

std::vector<std::string> read(const std::string& text, std::int64_t rows = 0, bool integers = false) {
  const TemporaryFile file(text, ".txt");
  const KeyList keys = read_vocabulary_file(file.path(), rows, integers);
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < keys.size(); ++i) out.push_back(keys.text(i));
  return out;
}

std::string refusal(const std::string& text, std::int64_t rows = 0, bool integers = false) {
  return error_of([&] { read(text, rows, integers); });
}

using Keys = std::vector<std::string>;

TEST(VocabularyFile, HasAKeyALineWithOrWithoutALastLineEnd) {
  EXPECT_EQ(read("a\nb\nc\n"), (Keys{"a", "b", "c"}));
  EXPECT_EQ(read("a\nb\nc"), (Keys{"a", "b", "c"}));
}

TEST(VocabularyFile, DropsOneCarriageReturnBeforeALineEndAndNothingElse) {
  EXPECT_EQ(read("a\r\nb\r\r\n\rc\nd\re\n f \n"), (Keys{"a", "b\r", "\rc", "d\re", " f "}));
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "a\n"),
            Keys{"\xEF\xBB\xBF"
                 "a"});
  EXPECT_EQ(read("a\nb\r"), (Keys{"a", "b"}));
  EXPECT_EQ(read(std::string("a\0b\n", 4)), Keys{std::string("a\0b", 3)});
}

TEST(VocabularyFile, RefusesEmptyLinesAndRepetitionsByLine) {
  EXPECT_NE(refusal("a\n\nb\n").find(".txt:2: the line of the vocabulary is empty"), std::string::npos);
  EXPECT_NE(refusal("a\n\r\nb\n").find(".txt:2: "), std::string::npos);
  EXPECT_NE(refusal("a\nb\n\n").find(".txt:3: "), std::string::npos);
  EXPECT_NE(refusal("a\nb\na\n").find(".txt:3: the line of the vocabulary repeats 'a', which stands on line 1"),
            std::string::npos);
  EXPECT_EQ(refusal("").substr(0, 9), "bad_data:");
}

TEST(VocabularyFile, TakesTheFirstLinesAndDoesNotLookAtTheRest) {
  EXPECT_EQ(read("a\nb\n\na\n", 2), (Keys{"a", "b"}));
  EXPECT_NE(refusal("a\nb\n", 3).find("has 2 lines; path_rows asks for 3"), std::string::npos);
}

TEST(VocabularyFile, OfIntegersAllowsBlanksAndLeadingZeros) {
  EXPECT_EQ(read("005 \n\t-7\r\n9223372036854775807\n", 0, true), (Keys{"5", "-7", "9223372036854775807"}));
  for (const char* const bad : {"+5\n", "5.0\n", "0x5\n", "9223372036854775808\n", " \n", "a\n"}) {
    EXPECT_NE(refusal(bad, 0, true).find("bad_data"), std::string::npos) << bad;
  }
  EXPECT_NE(refusal("5\n05\n", 0, true).find("repeats"), std::string::npos);
}

TEST(VocabularyFile, LinesMayCrossTheBlocksThatAreRead) {
  std::string text;
  Keys keys;
  for (const char letter : {'a', 'b', 'c'}) keys.emplace_back(100000, letter);
  for (const std::string& key : keys) text += key + "\n";
  EXPECT_EQ(read(text), keys);
}

TEST(VocabularyFile, IsSoughtBelowTheDirectoryOfTheSpecFirst) {
  const TemporaryFile file("q\np\n", ".txt");
  const std::size_t slash = file.path().rfind('/');
  VocabularyColumn column;
  column.path = file.path().substr(slash + 1);
  Encoder encoder({{"x", column}}, {}, {.directory = file.path().substr(0, slash)});
  EXPECT_EQ(encoder.vocabulary("x")->find("p"), 1);
  EXPECT_NE(error_of([&] { Encoder e({{"x", column}}, {}, {.directory = "/nowhere"}); }), "");
}

TEST(VocabularyFile, OfAMillionKeysIsReadInOnePass) {
  std::string text;
  for (int i = 0; i < 1000000; ++i) text += std::to_string(i * 7) + "\n";
  const TemporaryFile file(text, ".txt");
  EXPECT_EQ(read_vocabulary_file(file.path(), 0, false).size(), 1000000);
}

}  // namespace
}  // namespace kin::testing
