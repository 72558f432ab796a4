#include "kinspace/base/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kin {
namespace {

using Words = std::vector<std::string>;

TEST(NearestWord, FindsSlipsOfOneAThirdOrATransposition) {
  const Words words = {"train", "recommend", "similar", "evaluate"};
  EXPECT_EQ(nearest_word("trian", words), "train");
  EXPECT_EQ(nearest_word("recomend", words), "recommend");
  EXPECT_EQ(nearest_word("evalute", words), "evaluate");
  EXPECT_EQ(nearest_word("train", words), "train");
}

TEST(NearestWord, GivesNothingWhenAllAreFar) {
  EXPECT_EQ(nearest_word("xyz", Words{"train", "similar"}), std::nullopt);
  EXPECT_EQ(nearest_word("anything", Words{}), std::nullopt);
  EXPECT_EQ(nearest_word("", Words{"train"}), std::nullopt);
}

TEST(NearestWord, TakesTheNearestAndTheFirstOnATie) {
  EXPECT_EQ(nearest_word("batch", Words{"match", "batch_", "catch"}), "match");
  EXPECT_EQ(nearest_word("epoch", Words{"epic", "epochs"}), "epochs");
}

TEST(DidYouMean, IsReadyToBeAppended) {
  EXPECT_EQ(did_you_mean("epoch", Words{"epochs"}), ", did you mean 'epochs'?");
  EXPECT_EQ(did_you_mean("zzz", Words{"epochs"}), "");
}

TEST(Quoted, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(quoted("plain"), "'plain'");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("a\tb\n\x1b[31m\x7f"), "'a\\x09b\\x0a\\x1b[31m\\x7f'");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), "'\\x00'");
  EXPECT_EQ(quoted("\xc2\x9b"
                   "2J"),
            "'\\xc2\\x9b2J'");  // U+009B starts a command as ESC [ does
}

TEST(Quoted, KeepsUtf8AndEscapesOtherBytes) {
  EXPECT_EQ(quoted("Amélie \u00a0 東京"), "'Amélie \u00a0 東京'");
  EXPECT_EQ(quoted("caf\xe9"), "'caf\\xe9'");
}

/// `count` times x, then `end`.
std::string x_then(std::size_t count, std::string_view end) {
  std::string out(count, 'x');
  out.append(end);
  return out;
}

TEST(Quoted, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(kin::quoted(x_then(60, "")).substr(1), x_then(60, "'"));
  EXPECT_EQ(kin::quoted(x_then(61, "")).substr(1), x_then(60, "…'"));
  // A character of two, three or four bytes that lies across byte 60 is left out whole.
  EXPECT_EQ(kin::quoted(x_then(59, "éy")).substr(1), x_then(59, "…'"));
  EXPECT_EQ(kin::quoted(x_then(58, "東京")).substr(1), x_then(58, "…'"));
  EXPECT_EQ(kin::quoted(x_then(57, "😀😀")).substr(1), x_then(57, "…'"));
  EXPECT_GT(kin::quoted(std::string(200, '\x80')).size(), 57U * 4);  // no UTF-8 at all: still shows what came
}

TEST(WithThousands, GroupsDigitsByThree) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1 000");
  EXPECT_EQ(with_thousands(1234567), "1 234 567");
  EXPECT_EQ(with_thousands(-999), "-999");
  EXPECT_EQ(with_thousands(-1000), "-1 000");
  EXPECT_EQ(with_thousands(-123456), "-123 456");
  EXPECT_EQ(with_thousands(std::numeric_limits<std::int64_t>::min()), "-9 223 372 036 854 775 808");
}

TEST(HumanBytes, UsesPowersOf1024AndOneDecimal) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes((1U << 20) - 1), "1.0 MiB");  // never "1024.0 KiB"
  EXPECT_EQ(human_bytes(std::uint64_t{5} << 30), "5.0 GiB");
  EXPECT_EQ(human_bytes(~std::uint64_t{0}), "16384.0 PiB");
}

TEST(ParseBytes, ReadsNumbersWithOrWithoutUnit) {
  EXPECT_EQ(parse_bytes("512"), 512U);
  EXPECT_EQ(parse_bytes("512B"), 512U);
  EXPECT_EQ(parse_bytes("64K"), 65536U);
  EXPECT_EQ(parse_bytes("64k"), 65536U);
  EXPECT_EQ(parse_bytes("1.5G"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_bytes("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("2 MB"), std::uint64_t{2} << 20);
  EXPECT_EQ(parse_bytes("1T"), std::uint64_t{1} << 40);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "G", "abc", "-1", "1X", "1GX", "1 Gi", "nan", "inf", "1e30", "9999999T", "1..5", " "}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

TEST(IsUtf8, AcceptsEveryKindOfCharacter) {
  for (const char* text : {"", "plain", "é", "東京", "😀", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << quoted(text);
  }
}

TEST(IsUtf8, RefusesOverlongSurrogateTruncatedAndStray) {
  for (const char* text : {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3",
                           "\xe6\x9d", "\xf0\x9f\x98", "\xc3x", "a\xe9z"}) {
    EXPECT_FALSE(is_utf8(text)) << quoted(text);
  }
}

TEST(Split, KeepsEmptyParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a,b,c", ','), (Parts{"a", "b", "c"}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(split(",", ','), (Parts{"", ""}));
  EXPECT_EQ(split("a,,b,", ','), (Parts{"a", "", "b", ""}));
}

TEST(Trim, TakesBlanksAndTabsFromBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("\na\n"), "\na\n");
}

}  // namespace
}  // namespace kin
