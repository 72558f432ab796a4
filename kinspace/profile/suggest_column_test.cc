#include "kinspace/profile/suggest_column.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "kinspace/base/hash.h"
#include "kinspace/profile/memory_table.h"
#include "kinspace/profile/names.h"

namespace kin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using CellOf = std::function<std::string(std::uint64_t row)>;

std::uint64_t draw(std::uint64_t i, std::uint64_t n) {
  return mix64(i) % n;
}

ColumnSuggestion suggested(const std::string& name, const CellOf& cell, std::uint64_t rows = 500) {
  std::string text = name + ",other\n";
  for (std::uint64_t i = 0; i < rows; ++i) text += fmt::format("\"{}\",{}\n", cell(i), i % 3);
  MemoryTable table(text);
  return suggest_column(profile_table(*table).columns[0]);
}

template <class Column>
const Column& only(const ColumnSuggestion& suggestion) {
  EXPECT_EQ(suggestion.columns.size(), 1U);
  return std::get<Column>(suggestion.columns.front().column);
}

std::string kind(const ColumnSuggestion& suggestion) {
  return column_kind(suggestion.columns.at(0).column);
}

TEST(SuggestColumn, Numbers) {
  const auto even = suggested("age", [](auto i) { return fmt::format("{}", 17 + draw(i, 60)); });
  EXPECT_EQ(only<NumericColumn>(even).scale, "zscore");
  EXPECT_EQ(only<NumericColumn>(even).missing, "error");
  EXPECT_EQ(even.text, "numeric, zscore");
  const auto skewed =
      suggested("gain", [](auto i) { return fmt::format("{}", i % 10 == 0 ? 5000 + draw(i, 90000) : 0); });
  EXPECT_EQ(only<NumericColumn>(skewed).scale, "log1p");
  const auto rare = suggested("cost", [](auto i) { return i % 200 == 7 ? "150000" : "0"; });
  EXPECT_EQ(only<NumericColumn>(rare).scale, "log1p");
  const auto below = suggested("balance", [](auto i) { return i % 50 == 0 ? "-3" : i % 10 == 0 ? "90000" : "1"; });
  EXPECT_EQ(only<NumericColumn>(below).scale, "quantile");
  const auto gaps = suggested("beds", [](auto i) { return i % 9 == 0 ? "" : fmt::format("{}", 1 + draw(i, 6)); });
  EXPECT_EQ(only<NumericColumn>(gaps).missing, "mean");
  const auto flag = suggested("waterfront", [](auto i) { return i % 9 == 0 ? "1" : "0"; });
  EXPECT_EQ(only<NumericColumn>(flag).scale, "none");
  EXPECT_EQ(flag.text, "numeric");
  const auto steps = suggested("condition", [](auto i) { return i % 9 == 0 ? "5" : "3"; });
  EXPECT_EQ(only<NumericColumn>(steps).scale, "zscore");
}

TEST(SuggestColumn, Keys) {
  const auto few = suggested("sex", [](auto i) { return i % 2 ? "Female" : "Male"; });
  EXPECT_TRUE(only<VocabularyColumn>(few).indicator);
  const auto more = suggested("state", [](auto i) { return fmt::format("s{}", draw(i, 40)); });
  EXPECT_FALSE(only<VocabularyColumn>(more).indicator);
  EXPECT_EQ(more.text, "vocabulary, dim 3");
  EXPECT_THAT(more.reason, HasSubstr("40 values"));
  const auto tail = suggested("model", [](auto i) { return i % 2 ? fmt::format("rare{}", i) : "usual"; });
  EXPECT_EQ(only<VocabularyColumn>(tail).min_count, 2);
  EXPECT_EQ(only<VocabularyColumn>(tail).oov, "row");
  const auto zip = suggested("zipcode", [](auto i) { return fmt::format("{}", 98001 + draw(i, 70)); });
  EXPECT_EQ(kind(zip), "vocabulary");
  const auto code = suggested("place", [](auto i) { return fmt::format("{}", 98001 + draw(i, 70)); });
  EXPECT_EQ(kind(code), "vocabulary");
  const auto user = suggested("userId", [](auto i) { return fmt::format("{}", draw(i, 50)); });
  EXPECT_EQ(kind(user), "vocabulary");
  const auto codes = suggested("postal", [](auto i) { return i % 2 ? "02139" : fmt::format("1{:04d}", draw(i, 9)); });
  EXPECT_EQ(kind(codes), "vocabulary");
}

TEST(SuggestColumn, HashesWhatIsTooMuchForAVocabulary) {
  const auto many = suggested(
      "device", [](auto i) { return fmt::format("{:x}", mix64(i / 2)); }, 250'000);
  EXPECT_EQ(only<HashColumn>(many).buckets, 131072);
  EXPECT_THAT(many.text, HasSubstr("hash, 131072 buckets"));
}

TEST(SuggestColumn, LeavesOutWhatTeachesNothing) {
  EXPECT_EQ(suggested("a", [](auto) { return ""; }).reason, "no values");
  EXPECT_EQ(suggested("a", [](auto) { return "same"; }).reason, "the same value in every row");
  EXPECT_EQ(suggested("id", [](auto i) { return fmt::format("{}", mix64(i) >> 2); }).reason,
            "another value in every row");
  EXPECT_EQ(suggested("a", [](auto i) { return fmt::format("{}", i); }).reason, "another value in every row");
  EXPECT_EQ(suggested("a", [](auto i) { return fmt::format("key{}", i); }).reason, "another value in every row");
  EXPECT_EQ(suggested("a", [](auto i) { return fmt::format("{}/28/2017", 1 + i % 12); }).reason,
            "dates that are not written as ISO 8601");
  EXPECT_THAT(suggested("a", [](auto i) { return fmt::format("[{}, 2]", i); }).reason, HasSubstr("JSON lists"));
  EXPECT_EQ(suggested(
                "a", [](auto i) { return i == 0 ? "x" : ""; }, 2000)
                .reason,
            "hardly any values");
}

TEST(SuggestColumn, Text) {
  const auto titles = suggested(
      "title", [](auto i) { return fmt::format("Cozy room number {} near lake {}", draw(i, 90), draw(i + 7, 90)); });
  EXPECT_EQ(only<TextColumn>(titles).embed.combiner, "sqrtn");
  const auto phrases = suggested("weather", [](auto i) { return i % 2 ? "proximity shower rain" : "sky is clear"; });
  EXPECT_EQ(kind(phrases), "vocabulary");
}

TEST(SuggestColumn, Lists) {
  const auto genres = suggested("genres", [](auto i) { return i % 3 ? "Drama|War" : i % 2 ? "Drama" : "Comedy|War"; });
  EXPECT_EQ(only<VocabularyColumn>(genres).split, "|");
  EXPECT_THAT(genres.text, HasSubstr("split \"|\""));
  const auto pairs = suggested("tags", [](auto i) { return fmt::format("a{}:0.5|b{}:2", draw(i, 5), draw(i, 4)); });
  EXPECT_EQ(only<VocabularyColumn>(pairs).pair, ":");
}

TEST(SuggestColumn, TimesBecomeWeekdayHourAndTheirCross) {
  const auto time =
      suggested("date_time", [](auto i) { return fmt::format("2012-{:02d}-02 {:02d}:00", 1 + i % 12, i % 24); });
  EXPECT_EQ(time.text, "weekday, hour, month, weekday x hour");
  ASSERT_EQ(time.columns.size(), 4U);
  EXPECT_EQ(time.columns[1].name, "date_time_hour");
  EXPECT_EQ(std::get<IdentityColumn>(time.columns[1].column).derive, "hour");
  EXPECT_EQ(std::get<IdentityColumn>(time.columns[1].column).source, "date_time");
  const auto& crossed = std::get<CrossedColumn>(time.columns[3].column);
  EXPECT_THAT(crossed.of, ElementsAre("date_time_weekday", "date_time_hour"));
  EXPECT_EQ(crossed.buckets, 0);
  const auto days = suggested("day", [](auto i) { return fmt::format("2012-03-{:02d}", 1 + i % 28); });
  EXPECT_EQ(days.text, "weekday");
}

TEST(SuggestColumn, NamesThatASpecCannotHaveAreChanged) {
  const auto odd = suggested("hours per week %", [](auto i) { return fmt::format("{}", draw(i, 60)); });
  ASSERT_EQ(odd.columns.at(0).name, "hours_per_week_");
  EXPECT_THAT(only<NumericColumn>(odd).source, ElementsAre("hours per week %"));
  EXPECT_EQ(spec_name("größe"), "gr_e");
  EXPECT_EQ(spec_name("a-b_c9"), "a-b_c9");
  EXPECT_EQ(spec_name(""), "");
}

TEST(ShortNumber, IsForPeople) {
  EXPECT_EQ(short_number(1651359), "1651359");
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(-38.8234), "-38.82");
  EXPECT_EQ(short_number(1380.7), "1381");
  EXPECT_EQ(short_number(0.0125), "0.0125");
  EXPECT_EQ(short_number(1e19), "1e+19");
}

TEST(Names, AreCutIntoWords) {
  EXPECT_THAT(words_of_name("userId"), ElementsAre("user", "id"));
  EXPECT_THAT(words_of_name("User ID"), ElementsAre("user", "id"));
  EXPECT_THAT(words_of_name("movie_id"), ElementsAre("movie", "id"));
  EXPECT_THAT(words_of_name("C14"), ElementsAre("c", "14"));
  EXPECT_THAT(words_of_name("HTTPServer"), ElementsAre("httpserver"));
  EXPECT_TRUE(is_key_name("C14"));
  EXPECT_TRUE(is_key_name("app_category"));
  EXPECT_FALSE(is_key_name("paid"));
  EXPECT_FALSE(is_key_name("I14"));
}

std::string ratings(const std::string& header, bool time) {
  std::string text = header + "\n";
  for (std::uint64_t i = 0; i < 600; ++i) {
    text += fmt::format("{},{},{}", draw(i, 40), 1 + draw(i + 1000, 90), 1 + draw(i + 5000, 5));
    text += time ? fmt::format(",{}\n", 1260759144 + i) : "\n";
  }
  return text;
}

std::optional<RatingColumns> found(const std::string& text, std::vector<std::string> names = {}) {
  MemoryTable table(text, std::move(names));
  return find_ratings(profile_table(*table));
}

TEST(FindRatings, ByName) {
  const auto roles = found(ratings("userId,movieId,rating,timestamp", true));
  ASSERT_TRUE(roles);
  EXPECT_EQ(roles->group, 0U);
  EXPECT_EQ(roles->item, 1U);
  EXPECT_EQ(roles->rating, 2U);
  EXPECT_EQ(roles->time, 3U);
  const auto swapped = found(ratings("product_id,customer_id,stars", false));
  ASSERT_TRUE(swapped);
  EXPECT_EQ(swapped->group, 1U);
  EXPECT_EQ(swapped->item, 0U);
  EXPECT_FALSE(swapped->time);
  std::string steps = "session,article,step\n";
  for (std::uint64_t i = 0; i < 200; ++i) steps += fmt::format("s{},a{},{}\n", draw(i, 20), draw(i + 9, 30), i % 10);
  EXPECT_EQ(found(steps)->time, 2U);
}

TEST(FindRatings, WithoutNames) {
  const std::string text = ratings("", true).substr(1);
  const auto roles = found(text, {"column1", "column2", "column3", "column4"});
  ASSERT_TRUE(roles);
  EXPECT_EQ(roles->group, 0U);
  EXPECT_EQ(roles->item, 1U);
  EXPECT_EQ(roles->rating, 2U);
  EXPECT_EQ(roles->time, 3U);
}

TEST(FindRatings, OtherTablesHaveNone) {
  EXPECT_FALSE(found(ratings("age,income,rating,timestamp", true)));
  EXPECT_FALSE(found("userId,itemId\n1,5\n2,6\n3,7\n"));  // nothing comes again
  EXPECT_FALSE(found("itemId,label\n1,a\n1,b\n"));
}

}  // namespace
}  // namespace kin
