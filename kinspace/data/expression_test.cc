#include "kinspace/data/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/data/csv_reader.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Rows = std::vector<std::uint32_t>;

// Rows 0 to 4 of a small table.
constexpr const char* kTable =
    "id,rating,genre,other,big,odd name\n"
    "1,4.5,Drama,Drama,9007199254740993,a\n"
    "2,3,War,Drama,9007199254740992,b\n"
    "3,,,Comedy,-1,c\n"
    "4,4,it's,War,0,d\n"
    "5,-1.5,\"a \"\"b\"\"\",x,9223372036854775807,e\n";

Rows select(const std::string& where, std::size_t block_bytes = std::size_t{1} << 12) {
  CsvOptions options;
  options.limits.block_bytes = block_bytes;
  CsvReader reader(memory_source("t.csv", kTable), options);
  RowFilter filter(where, reader.fields(), "t.csv");
  reader.start(filter.columns());
  Rows all;
  Rows rows;
  std::uint32_t first = 0;
  for (Batch batch; reader.next(batch); first += static_cast<std::uint32_t>(batch.rows)) {
    filter.select(batch, rows);
    for (const std::uint32_t row : rows) all.push_back(first + row);
  }
  return all;
}

std::string refused(const std::string& where) {
  try {
    select(where);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error: " << where;
  return {};
}

TEST(RowFilter, AnEmptyConditionKeepsEverything) {
  EXPECT_THAT(select(""), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(select("  \t"), ElementsAre(0, 1, 2, 3, 4));
}

TEST(RowFilter, ComparesNumbers) {
  EXPECT_THAT(select("rating >= 4"), ElementsAre(0, 3));
  EXPECT_THAT(select("rating > 4"), ElementsAre(0));
  EXPECT_THAT(select("rating < 4"), ElementsAre(1, 4));
  EXPECT_THAT(select("rating <= 3"), ElementsAre(1, 4));
  EXPECT_THAT(select("rating = 4"), ElementsAre(3));
  EXPECT_THAT(select("rating == 4.0"), ElementsAre(3));
  EXPECT_THAT(select("rating != 4"), ElementsAre(0, 1, 4));
  EXPECT_THAT(select("rating = -1.5"), ElementsAre(4));
  EXPECT_THAT(select("rating=-15e-1"), ElementsAre(4));
  EXPECT_THAT(select("4 <= rating"), ElementsAre(0, 3));
  EXPECT_THAT(select("id > 2.5"), ElementsAre(2, 3, 4));
  EXPECT_THAT(select("id = 2.5"), IsEmpty());
  EXPECT_THAT(select("id < 007"), ElementsAre(0, 1, 2, 3, 4));
}

TEST(RowFilter, ComparesLargeIntegersExactly) {
  EXPECT_THAT(select("big = 9007199254740993"), ElementsAre(0));
  EXPECT_THAT(select("big > 9007199254740992.0"), ElementsAre(0, 4));
  EXPECT_THAT(select("big >= 9223372036854775808"), IsEmpty());
  EXPECT_THAT(select("big < 1e300"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(select("big > -1e300"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(select("big > -0.5"), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(select("rating < 9007199254740993"), ElementsAre(0, 1, 3, 4));
}

TEST(RowFilter, ComparesStringsByTheirBytes) {
  EXPECT_THAT(select("genre = 'Drama'"), ElementsAre(0));
  EXPECT_THAT(select("genre = \"Drama\""), ElementsAre(0));
  EXPECT_THAT(select("genre < 'E'"), ElementsAre(0));
  EXPECT_THAT(select("genre > 'Drama'"), ElementsAre(1, 3, 4));
  EXPECT_THAT(select("genre = 'it''s'"), ElementsAre(3));
  EXPECT_THAT(select("genre = 'a \"b\"'"), ElementsAre(4));
  EXPECT_THAT(select("genre = \"a \"\"b\"\"\""), ElementsAre(4));
  EXPECT_THAT(select("`odd name` = 'c'"), ElementsAre(2));
}

TEST(RowFilter, ComparesColumnsWithColumns) {
  EXPECT_THAT(select("genre = other"), ElementsAre(0));
  EXPECT_THAT(select("rating > id"), ElementsAre(0, 1));
  EXPECT_THAT(select("id = rating"), ElementsAre(3));
  EXPECT_THAT(select("big > id"), ElementsAre(0, 1, 4));
}

TEST(RowFilter, CombinesWithTheUsualPrecedence) {
  EXPECT_THAT(select("id = 1 or id = 2 and id = 3"), ElementsAre(0));
  EXPECT_THAT(select("(id = 1 or id = 2) and id < 2"), ElementsAre(0));
  EXPECT_THAT(select("not id = 1 and id < 3"), ElementsAre(1));
  EXPECT_THAT(select("not (id = 1 and id < 3)"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(select("not not id = 1"), ElementsAre(0));
  EXPECT_THAT(select("id = 1 || id = 2 && id = 2"), ElementsAre(0, 1));
  EXPECT_THAT(select("!id = 1 && !(id = 2)"), ElementsAre(2, 3, 4));
  EXPECT_THAT(select("id = 1 OR Not id < 5"), ElementsAre(0, 4));
}

TEST(RowFilter, FindsValuesInLists) {
  EXPECT_THAT(select("id in (5, 1, 1, 99)"), ElementsAre(0, 4));
  EXPECT_THAT(select("id not in (5, 1)"), ElementsAre(1, 2, 3));
  EXPECT_THAT(select("id in (1.0, 2.5)"), ElementsAre(0));
  EXPECT_THAT(select("rating in (4, -1.5, 9007199254740993)"), ElementsAre(3, 4));
  EXPECT_THAT(select("genre in ('War', 'Drama')"), ElementsAre(0, 1));
  EXPECT_THAT(select("big in (9007199254740993, 1e300)"), ElementsAre(0));
}

TEST(RowFilter, ComparisonsWithMissingValuesAreFalse) {
  EXPECT_THAT(select("rating is missing"), ElementsAre(2));
  EXPECT_THAT(select("rating is not missing"), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(select("rating < 1e9 or rating >= 1e9"), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(select("genre != 'x'"), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(select("not rating >= 4"), ElementsAre(1, 2, 4));
  EXPECT_THAT(select("genre in ('')"), IsEmpty());
  EXPECT_THAT(select("rating = rating"), ElementsAre(0, 1, 3, 4));
}

TEST(RowFilter, ResultsDoNotDependOnTheBlockSize) {
  for (const std::size_t block : {4, 17, 60, 100}) {
    EXPECT_EQ(select("rating >= 4 and not genre = 'War' or id in (2, 5)", block),
              select("rating >= 4 and not genre = 'War' or id in (2, 5)"));
  }
}

TEST(RowFilter, NamesEachColumnOnce) {
  const CsvReader reader(memory_source("t.csv", kTable), {});
  const RowFilter filter("genre = 'x' or id = 1 and genre != other", reader.fields(), "t.csv");
  EXPECT_THAT(filter.columns(), ElementsAre(2, 0, 3));
}

TEST(RowFilter, ShowsWhereAnErrorIs) {
  EXPECT_THAT(refused("rating >= 4 and ratng < 5"),
              AllOf(HasSubstr("data.where, column 17:"),
                    HasSubstr("column 17: t.csv has no column 'ratng', did you mean 'rating'?"),
                    HasSubstr("\n  rating >= 4 and ratng < 5\n                  ^")));
  EXPECT_THAT(refused("rating >> 4"),
              AllOf(HasSubstr("column 9: '>' came where a column, a number or a string is needed"),
                    HasSubstr("\n          ^")));
  EXPECT_THAT(refused("genre = 'é' and ?"),
              AllOf(HasSubstr("column 17: '?' has no meaning"), HasSubstr("\n                  ^")));
  EXPECT_THAT(refused("rating >="), HasSubstr("column 10: the end came where"));
  EXPECT_THAT(refused("(rating >= 4"), HasSubstr("column 13: the end came where ')' is needed"));
  EXPECT_THAT(refused("rating >= 4)"), HasSubstr("column 12: ')' came where 'and', 'or' or the end is needed"));
  EXPECT_THAT(refused("rating"), HasSubstr("column 7: the end came where a comparison"));
  EXPECT_THAT(refused("1 < id < 3"), HasSubstr("column 8: '<' came where 'and' or 'or' (comparisons do not chain)"));
  EXPECT_THAT(refused("rating >= 4 rating < 5"), HasSubstr("column 13: 'rating' came where 'and'"));
  EXPECT_THAT(refused("and rating = 1"), HasSubstr("column 1: 'and' came"));
  EXPECT_THAT(refused("genre = 'Drama"), HasSubstr("column 9: the string that starts here does not end"));
  EXPECT_THAT(refused("`genre = 'Drama'"), HasSubstr("column 1: the column name that starts here does not end"));
  EXPECT_THAT(refused("id = 1x"), HasSubstr("column 6: '1x' is not a number"));
  EXPECT_THAT(refused("id = 1.2.3"), HasSubstr("'1.2.3' is not a number"));
  EXPECT_THAT(refused("id = 1e999"), HasSubstr("column 6: 1e999 is out of range"));
  EXPECT_THAT(refused("id in 1"), HasSubstr("column 7: '1' came where '(' is needed"));
  EXPECT_THAT(refused("id in ()"), HasSubstr("column 8: ')' came"));
  EXPECT_THAT(refused("id in (1, rating)"), HasSubstr("column 11: a list holds numbers or strings"));
  EXPECT_THAT(refused("1 in (1)"), HasSubstr("column 1: a column is needed here"));
  EXPECT_THAT(refused("'x' is missing"), HasSubstr("column 1: a column is needed here"));
  EXPECT_THAT(refused("id is 3"), HasSubstr("column 7: '3' came where 'missing' or 'not missing'"));
  EXPECT_THAT(refused("id not = 3"), HasSubstr("'=' came where 'in' is needed"));
  EXPECT_THAT(refused("1 = 1"), HasSubstr("column 1: this compares two constants"));
  EXPECT_THAT(refused("id = \xFF"), HasSubstr("not UTF-8"));
}

TEST(RowFilter, ExplainsTypesThatDoNotCompare) {
  EXPECT_THAT(refused("genre >= 4"),
              AllOf(HasSubstr("column 1: column 'genre' is of type string (line 2 holds 'Drama'), 4 is a number"),
                    HasSubstr("data.types.genre = \"number\"")));
  EXPECT_THAT(refused("'4' = rating"),
              AllOf(HasSubstr("column 7: column 'rating' is of type number (line 2 holds '4.5'), '4' is a string"),
                    HasSubstr("without quotes")));
  EXPECT_THAT(refused("genre = id"),
              HasSubstr("column 'genre' is of type string (line 2 holds 'Drama'), column 'id' is of type integer"));
  EXPECT_THAT(refused("id in (1, 'x')"), HasSubstr("'x' is a string"));
  EXPECT_THAT(refused("genre in ('x', 1)"), HasSubstr("1 is a number"));
}

TEST(RowFilter, ShowsAWindowOfALongText) {
  std::string text = "id = 1";
  for (int i = 0; i < 1000; ++i) text += " or id = 1";
  const std::string message = refused(text + " or ?" + text);
  EXPECT_THAT(message, HasSubstr("column 10011: '?' has no meaning"));
  EXPECT_LT(message.size(), 400U);
}

TEST(RowFilter, DepthAndLengthAreBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "id = 1" + std::string(depth, ')'); };
  EXPECT_THAT(select(nested(200)), ElementsAre(0));
  EXPECT_THAT(refused(nested(201)), HasSubstr("column 201: parentheses nest more than 200 deep"));
  EXPECT_THAT(refused(nested(100000)), HasSubstr("more than 200 deep"));
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "not ";
  EXPECT_THAT(select(text + "id = 1"), ElementsAre(0));
  EXPECT_THAT(refused(std::string((1 << 20) + 1, ' ')), HasSubstr("at most 1.0 MiB"));
}

}  // namespace
}  // namespace kin
