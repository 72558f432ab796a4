#include "kinspace/data/bad_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kinspace/base/error.h"
#include "kinspace/data/temporary_file.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Policy = BadRows::Policy;

template <class F>
Error thrown(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error::internal("");
}

BadRow row(int line) {
  return {"x.csv:" + std::to_string(line), "no good"};
}

TEST(BadRows, TheFirstOneIsAnErrorUnlessAskedOtherwise) {
  BadRows rows;
  const Error error = thrown([&] { rows.add({"x.csv:3", "2 cells, not 3", "add one"}, "a,b"); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_EQ(error.message(), "x.csv:3: 2 cells, not 3");
  EXPECT_EQ(error.fix(), "add one");
}

TEST(BadRows, CountsThemAllAndKeepsTheFirst) {
  BadRows rows(Policy::kReport, 1, "");
  for (int i = 0; i < 9; ++i) rows.add(row(i), "raw");
  rows.finish(1, "x.csv");
  EXPECT_EQ(rows.count(), 9);
  ASSERT_EQ(rows.shown().size(), BadRows::kShown);
  EXPECT_EQ(rows.shown()[4].place, "x.csv:4");
  rows.restart();
  EXPECT_EQ(rows.count(), 0);
  EXPECT_TRUE(rows.shown().empty());
}

TEST(BadRows, TooLargeAShareIsRefusedWithTheFirstRows) {
  BadRows rows(Policy::kSkip, parse_share("0.1%"), "");
  rows.add(row(17), "raw");
  rows.finish(999, "x.csv");
  const Error error = thrown([&] { rows.finish(998, "x.csv"); });
  EXPECT_EQ(error.code(), ErrorCode::kBadData);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("1 of 999 rows of x.csv are bad (0.1%, at most 0.1% are"),
                                     HasSubstr("x.csv:17: no good"), Not(HasSubstr("more"))));
}

TEST(BadRows, ATableOfNothingElseIsRefused) {
  BadRows rows(Policy::kSkip, 1, "");
  for (int i = 0; i < 7; ++i) rows.add(row(i), "raw");
  EXPECT_THAT(thrown([&] { rows.finish(0, "x.csv"); }).message(),
              AllOf(HasSubstr("all 7 rows of x.csv are bad"), HasSubstr("x.csv:4"), HasSubstr("and 2 more")));
}

TEST(BadRows, GoToAFileAsTheyStand) {
  const TemporaryFile file("from an earlier run\n");
  BadRows rows(Policy::kSkip, 1, file.path());
  rows.add(row(1), "a,b\r\n");
  rows.restart();
  rows.add(row(1), "a,b\r\n");
  rows.add(row(2), "c \"d\"\nd");
  EXPECT_EQ(read_file(file.path(), 1000), "from an earlier run\n");
  rows.finish(5, "x.csv");
  EXPECT_EQ(read_file(file.path(), 1000), "a,b\r\nc \"d\"\nd\n");
  rows.restart();
  rows.finish(5, "x.csv");
  EXPECT_EQ(read_file(file.path(), 1000), "");
}

TEST(BadRows, AFileNeedsAPolicyThatLeavesRowsOut) {
  EXPECT_EQ(thrown([] { BadRows(Policy::kError, 1, "rejects.csv"); }).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown([] {
              BadRows rows(Policy::kSkip, 1, "/nowhere/rejects.csv");
              rows.add(row(1), "raw");
            }).code(),
            ErrorCode::kIo);
}

TEST(BadRows, SharesArePercentOrFractions) {
  EXPECT_EQ(parse_share("0%"), 0);
  EXPECT_EQ(parse_share("100%"), 1);
  EXPECT_EQ(parse_share("1"), 1);
  EXPECT_DOUBLE_EQ(parse_share("0.25%"), 0.0025);
  EXPECT_DOUBLE_EQ(parse_share("0.25"), 0.25);
  for (const char* text : {"", "%", "101%", "1.01", "-1%", "nan", "inf%", "1e400", "0,1%", "1%%", "x"}) {
    EXPECT_EQ(thrown([&] { parse_share(text); }).code(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(BadRows, PoliciesHaveNames) {
  EXPECT_EQ(parse_bad_rows_policy("error"), Policy::kError);
  EXPECT_EQ(parse_bad_rows_policy("skip"), Policy::kSkip);
  EXPECT_EQ(parse_bad_rows_policy("report"), Policy::kReport);
  EXPECT_THAT(thrown([] { parse_bad_rows_policy("skipp"); }).message(), HasSubstr("did you mean 'skip'"));
}

}  // namespace
}  // namespace kin
