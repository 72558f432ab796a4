#include "kinspace/features/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view text, const TokenizerOptions& options = {}) {
  Tokenizer tokenizer(options);
  std::vector<std::string> out;
  tokenizer.each(text, [&](std::string_view word) { out.emplace_back(word); });
  return out;
}

TEST(Tokenizer, WordsAreRunsOfLettersAndDigitsInLowerCase) {
  EXPECT_THAT(words("Great coffee, 12 oz.! A-1 snake_case"),
              ElementsAre("great", "coffee", "12", "oz", "a", "1", "snake_case"));
  EXPECT_THAT(words("  \t\r\n ... "), IsEmpty());
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words("Great Coffee", {.lower = false}), ElementsAre("Great", "Coffee"));
}

TEST(Tokenizer, AnApostropheBetweenLettersBelongsToTheWord) {
  EXPECT_THAT(words("Don't 'quote' rock 'n' roll dogs' 90's l'été"),
              ElementsAre("don't", "quote", "rock", "n", "roll", "dogs", "90", "s", "l'été"));
  EXPECT_THAT(words("don\u2019t"), ElementsAre("don't"));
  EXPECT_THAT(words("a''b"), ElementsAre("a", "b"));
}

TEST(Tokenizer, FoldsCaseOfEveryScriptAndComposes) {
  EXPECT_THAT(words("ÉTÉ Straße ΟΔΟΣ МОСКВА"), ElementsAre("été", "strasse", "οδοσ", "москва"));
  EXPECT_THAT(words("e\u0301te\u0301"), ElementsAre("\u00E9t\u00E9"));
  EXPECT_THAT(words("E\u0301", {.lower = false}), ElementsAre("\u00C9"));
  EXPECT_EQ(words("caf\u00E9"), words("CAFE\u0301"));
}

TEST(Tokenizer, ScriptsWithoutBlanksStayAsTheyRun) {
  EXPECT_THAT(words("東京タワー、高い。 서울 नमस्ते"), ElementsAre("東京タワー", "高い", "서울", "नमस्ते"));
}

TEST(Tokenizer, MarksStartNoWordAndFormatCharactersAreLeftOut) {
  EXPECT_THAT(words("I \u2764\uFE0F it"), ElementsAre("i", "it"));
  EXPECT_THAT(words("I \u2764\uFE0F it", {.punctuation = "keep"}), ElementsAre("i", "\u2764", "it"));
  EXPECT_THAT(words("hy\u00ADphen \uFEFFmark a\u200Bb"), ElementsAre("hyphen", "mark", "a", "b"));
}

TEST(Tokenizer, PunctuationIsDroppedKeptOrJoined) {
  const std::string text = "C++ isn't \u00ABeasy\u00BB...";
  EXPECT_THAT(words(text), ElementsAre("c", "isn't", "easy"));
  EXPECT_THAT(words(text, {.punctuation = "keep"}),
              ElementsAre("c", "+", "+", "isn't", "\u00AB", "easy", "\u00BB", ".", ".", "."));
  EXPECT_THAT(words(text, {.punctuation = "join"}), ElementsAre("c++", "isn't", "\u00ABeasy\u00BB..."));
}

TEST(Tokenizer, NgramsFollowTheWordThatEndsThem) {
  EXPECT_THAT(words("one, two three", {.ngrams = 2}), ElementsAre("one", "two", "one two", "three", "two three"));
  EXPECT_THAT(words("a b c d", {.ngrams = 3}), ElementsAre("a", "b", "a b", "c", "b c", "a b c", "d", "c d", "b c d"));
  EXPECT_THAT(words("a", {.ngrams = 8}), ElementsAre("a"));
}

TEST(Tokenizer, TakesAtMostMaxWords) {
  EXPECT_THAT(words("a b c d", {.ngrams = 2, .max_words = 3}), ElementsAre("a", "b", "a b", "c", "b c"));
}

TEST(Tokenizer, BytesThatAreNotUtf8Separate) {
  EXPECT_THAT(words("caf\xE9 bar"), ElementsAre("caf", "bar"));
  EXPECT_THAT(words("a\xFF"
                    "b\xC3"),
              ElementsAre("a", "b"));
}

TEST(Tokenizer, TextsDoNotTouchOneAnother) {
  Tokenizer tokenizer({.ngrams = 2});
  std::vector<std::string> out;
  for (const char* text : {"a b", "", "c"})
    tokenizer.each(text, [&](std::string_view word) { out.emplace_back(word); });
  EXPECT_THAT(out, ElementsAre("a", "b", "a b", "c"));
}

TEST(Tokenizer, RefusesSettingsThatItDoesNotKnow) {
  EXPECT_THROW(Tokenizer({.punctuation = "none"}), Error);
  EXPECT_THROW(Tokenizer({.ngrams = 0}), Error);
  EXPECT_THROW(Tokenizer({.ngrams = 9}), Error);
}

}  // namespace
}  // namespace kin
