#include "kinspace/data/sniff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Sniffed whole(const std::string& text) {
  return sniff(text, true);
}

std::string repeated(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

TEST(Sniff, FindsTheSeparator) {
  EXPECT_EQ(whole("user,item\n1,2\n3,4\n").separator, ",");
  EXPECT_EQ(whole("user\titem\n1\t2\n3\t4\n").separator, "\t");
  EXPECT_EQ(whole("user;item\n1;2\n3;4\n").separator, ";");
  EXPECT_EQ(whole("user|item\n1|2\n3|4\n").separator, "|");
  EXPECT_EQ(whole("user item\n1 2\n3 4\n").separator, " ");
  EXPECT_EQ(whole("1::1193::5::978300760\n1::661::3::978302109\n").separator, "::");
}

TEST(Sniff, DoubtIsACommaAndAHeader) {
  for (const char* text : {"", "\n\n", "one", "word\nother\n", "a b,c d\ne f,g h\n"}) {
    const Sniffed found = whole(text);
    EXPECT_EQ(found.format, "csv") << text;
    EXPECT_EQ(found.separator, ",") << text;
    EXPECT_TRUE(found.header) << text;
    EXPECT_THAT(found.names, IsEmpty()) << text;
  }
}

TEST(Sniff, LooksIntoQuotesAsAReaderDoes) {
  const Sniffed found = whole(
      "id,title,text\n1,\"President, The\",\"two\nlines; \"\"said\"\" he\"\n2,x,\"a;b\"\n3,\"y;z\",\"c\r\nd, e, f\"\n");
  EXPECT_EQ(found.separator, ",");
  EXPECT_TRUE(found.header);
  EXPECT_TRUE(found.quotes);
}

TEST(Sniff, CommasInTitlesDoNotSeparateThem) {
  EXPECT_EQ(whole("1::Toy Story (1995)::Animation|Children's\n2::American President, The (1995)::Comedy\n").separator,
            "::");
  EXPECT_EQ(whole("id\ttitle\n1\tA, B\n2\tC, D\n3\tE, F\n").separator, "\t");
}

TEST(Sniff, DatesAndListsInCellsDoNotSeparateThem) {
  EXPECT_EQ(whole("2012-10-02 09:00:00,5,a|b\n2012-10-02 10:00:00,6,a|b\n").separator, ",");
  EXPECT_EQ(whole("time,a,b\n" + repeated("2001-01-01 10:00,x|y,z;w\n", 50)).separator, ",");
  EXPECT_EQ(whole("1,a|b,2001-01-01 10:00\n2,a|b|c,2001-01-01 11:00\n").separator, ",");
}

TEST(Sniff, CommasMayStandBeforeTheFraction) {
  const Sniffed found = whole("1,5;2,25;x\n2,5;3,75;y\n");
  EXPECT_EQ(found.separator, ";");
  EXPECT_EQ(found.decimal, ",");
  EXPECT_EQ(whole("a;b\n1,5;2\n").decimal, ",");
  EXPECT_EQ(whole("a;b\n1.5;2\n").decimal, ".");
  EXPECT_EQ(whole("a\tb\n1,5\t2.5\n").decimal, ".");
}

TEST(Sniff, QuotesMayStandForThemselves) {
  const Sniffed found = whole("id\ttitle\n1\t\"Great\" expectations\n2\t\"never closed\n3\tx\n");
  EXPECT_EQ(found.separator, "\t");
  EXPECT_FALSE(found.quotes);
  EXPECT_FALSE(whole("id\ttitle\n1\t\"never closed\n3\tx\n").quotes);
}

TEST(Sniff, ARowWithOtherCellsDoesNotHideTheTable) {
  EXPECT_EQ(whole("a,b,c\n" + repeated("1,2,3\n", 20) + "1,2\n" + repeated("4,5,6\n", 20)).separator, ",");
}

TEST(Sniff, FirstRowsWithNumbersAreNoHeaders) {
  EXPECT_FALSE(whole("1,2\n3,4\n").header);
  EXPECT_FALSE(whole("love\tsex\t6.77\ntiger\tcat\t7.35\n").header);
  EXPECT_FALSE(whole("0\t1\t\t5\t68fd1e64\n1\t\t2\t3\t8cf07265\n").header);
  EXPECT_THAT(whole("1,2\n3,4\n").names, ElementsAre("column1", "column2"));
  EXPECT_TRUE(whole("user,item\n1,2\n").header);
  EXPECT_TRUE(whole(",x\n0,1\n1,4\n").header);
}

TEST(Sniff, WordsThatComeAgainAreNoHeaders) {
  EXPECT_FALSE(whole("Male,Private\nFemale,Private\nMale,State\n").header);
  EXPECT_TRUE(whole("sex,work\nFemale,Private\nMale,State\n").header);
  EXPECT_FALSE(whole("x,,z\na,b,c\n").header);
}

TEST(Sniff, RecognisesRowsOfKeys) {
  for (const char* separator : {" ", "\t", ","}) {
    std::string text;
    for (int row = 1; row < 30; ++row) {
      text += std::to_string(row);
      for (int i = 0; i < row % 7; ++i) text += separator + std::to_string(i * 31);
      text += "\n";
    }
    const Sniffed found = whole(text);
    EXPECT_EQ(found.separator, separator);
    EXPECT_FALSE(found.header);
    EXPECT_THAT(found.names, ElementsAre("column1", "column2..."));
  }
}

TEST(Sniff, RecognisesComments) {
  const Sniffed found = whole("# one, two\n# Word 1\tWord 2\tHuman\nlove\tsex\t6.77\ntiger\tcat\t7.35\n");
  EXPECT_EQ(found.comment, "#");
  EXPECT_EQ(found.separator, "\t");
  EXPECT_FALSE(found.header);
  EXPECT_EQ(whole("% bip\n1 2\n2 3\n").comment, "%");
  EXPECT_EQ(whole("#user,item\n1,2\n").comment, "");
}

TEST(Sniff, RecognisesOtherFormats) {
  EXPECT_EQ(whole("{\"a\": 1}\n{\"a\": 2}\n").format, "jsonl");
  EXPECT_EQ(whole("\xEF\xBB\xBF [\n {\"a\": 1}]").format, "jsonl");
  EXPECT_EQ(whole("[]").format, "jsonl");
  EXPECT_EQ(whole("{}").format, "jsonl");
  EXPECT_EQ(whole("{a},b\n1,2\n").format, "csv");
  EXPECT_EQ(whole("[1],b\n1,2\n").format, "csv");
  EXPECT_EQ(whole("PAR1\x15").format, "parquet");
}

TEST(Sniff, TextThatIsNoUtf8IsLatin1) {
  EXPECT_EQ(whole("1::Caf\xE9\n2::x\n").encoding, "latin-1");
  EXPECT_EQ(whole("1::Caf\xC3\xA9\n2::x\n").encoding, "utf-8");
  // the sample ends in the middle of a character
  EXPECT_EQ(sniff("a,b\n1,Caf\xC3", false).encoding, "utf-8");
  EXPECT_EQ(sniff("a,b\n1,\xE2\x82", false).encoding, "utf-8");
  EXPECT_EQ(whole("a,b\n1,\xE2\x82").encoding, "latin-1");
}

TEST(Sniff, TheLastRowOfASampleIsNotWhole) {
  EXPECT_EQ(sniff("a,b,c\n1,2,3\n4,5", false).separator, ",");
  EXPECT_EQ(sniff("a;b;c", false).separator, ";");
  const Sniffed found = sniff("a,b\n1,\"x,y\nz", false);
  EXPECT_EQ(found.separator, ",");
  EXPECT_TRUE(found.quotes);
}

TEST(Sniff, TheNameDecidesBetweenTabsAndTheRest) {
  EXPECT_EQ(sniff_source(memory_source("x.tsv.gz", "a\n1\n")).separator, "\t");
  EXPECT_EQ(sniff_source(memory_source("x.TAB", "a,b\n1,2\n")).separator, "\t");
  EXPECT_EQ(sniff_source(memory_source("x.csv", "a;b\n1;2\n")).separator, ";");
  EXPECT_EQ(unpacked_name("Log.CSV.GZ"), "log.csv");
  EXPECT_EQ(unpacked_name("log.zst"), "log");
  EXPECT_EQ(unpacked_name("log"), "log");
}

}  // namespace
}  // namespace kin
