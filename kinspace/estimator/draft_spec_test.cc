#include "kinspace/estimator/draft_spec.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/profile/memory_table.h"

namespace kin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string houses() {
  std::string text = "id,area,sqft lot,energy,sold,price\n";
  for (std::uint64_t i = 0; i < 300; ++i) {
    text += fmt::format("{},a{},{},{},2014-{:02d}-02 {:02d}:00,{}\n", i, mix64(i) % 30,
                        mix64(i + 1) % 9 == 0 ? 90000 : 50 + i % 7, i % 5 == 0 ? "" : fmt::format("{}.5", i % 40),
                        1 + i % 12, i % 24, 75000 + i * 11);
  }
  return text;
}

SpecDraft draft(const std::string& text, const std::string& target = {}) {
  MemoryTable table(text);
  DataOptions data;
  data.path = {"houses.csv"};
  return draft_spec(profile_table(*table), data, target);
}

TEST(DraftSpec, HoldsAColumnForEachUsefulOne) {
  const SpecDraft houses_draft = draft(houses(), "price");
  EXPECT_FALSE(houses_draft.recommender);
  EXPECT_THAT(houses_draft.order, ElementsAre("area", "sqft_lot", "energy", "sold_weekday", "sold_hour", "sold_month",
                                              "sold_weekday_hour"));
  EXPECT_THAT(houses_draft.out, ElementsAre("id: another value in every row"));
  EXPECT_EQ(std::get<NumericColumn>(houses_draft.spec.columns.at("sqft_lot")).scale, "log1p");
  EXPECT_EQ(std::get<NumericColumn>(houses_draft.spec.columns.at("energy")).missing, "mean");
}

TEST(DraftSpec, IsReadAsItIsWritten) {
  const SpecDraft houses_draft = draft(houses(), "price");
  const std::string toml = draft_toml(houses_draft);
  EXPECT_THAT(toml, HasSubstr("# To predict: price (300 values, 0 rows without one)."));
  EXPECT_THAT(toml, HasSubstr("path = \"houses.csv\"\n"));
  EXPECT_THAT(toml, HasSubstr("{ kind = \"numeric\", source = \"sqft lot\", scale = \"log1p\" }"));
  EXPECT_THAT(toml, HasSubstr("# Left out:\n#   id: another value in every row\n"));
  EXPECT_THAT(toml, Not(HasSubstr("max_size")));  // defaults stay out
  Spec wanted = houses_draft.spec;
  resolve(wanted);
  EXPECT_EQ(canonical_json(parse_spec(toml, "drafted")), canonical_json(wanted));
}

std::string ratings(bool time) {
  std::string text = time ? "userId,movieId,rating,timestamp\n" : "customer,sku\n";
  for (std::uint64_t i = 0; i < 500; ++i) {
    text += fmt::format("{},{}", mix64(i) % 40, 1 + mix64(i + 1000) % 90);
    text += time ? fmt::format(",{},{}\n", 1 + mix64(i + 5000) % 5, 1260759144 + i) : "\n";
  }
  return text;
}

TEST(DraftSpec, RatingsMakeARecommender) {
  const SpecDraft movies = draft(ratings(true));
  EXPECT_TRUE(movies.recommender);
  EXPECT_EQ(movies.spec.data.group_by, "userId");
  EXPECT_THAT(movies.spec.data.order_by, ElementsAre("timestamp"));
  EXPECT_EQ(movies.spec.head.target, "watched");
  const Spec spec = parse_spec(draft_toml(movies), "drafted");
  EXPECT_EQ(spec.model.kind, "recommender");
  EXPECT_EQ(target_column(spec).source, "movieId");
  const SpecDraft baskets = draft(ratings(false));
  EXPECT_EQ(baskets.order, std::vector<std::string>{"bought"});
  EXPECT_TRUE(baskets.spec.data.order_by.empty());
  EXPECT_EQ(parse_spec(draft_toml(baskets), "drafted").data.group_by, "customer");
}

TEST(DraftSpec, ATargetMakesColumnsOfRatings) {
  const SpecDraft movies = draft(ratings(true), "rating");
  EXPECT_FALSE(movies.recommender);
  EXPECT_EQ(movies.spec.columns.count("rating"), 0U);
  EXPECT_EQ(movies.spec.columns.count("userId"), 1U);
}

TEST(DraftSpec, OddNamesAndCommentsStayWellFormed) {
  std::string text = "\"a\"\"b.c\",a_b_c,\"new\nline\"\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("k{},{},{}\n", i % 12, i % 7, i % 12);
  const SpecDraft odd = draft(text);
  EXPECT_THAT(odd.order, ElementsAre("a_b_c", "new_line"));
  EXPECT_THAT(odd.out, ElementsAre("a_b_c: another column is called a_b_c already"));
  const Spec spec = parse_spec(draft_toml(odd), "drafted");
  EXPECT_EQ(std::get<VocabularyColumn>(spec.columns.at("a_b_c")).source, "a\"b.c");
}

TEST(DraftSpec, RefusesWhatItCannotDo) {
  const auto message = [](const std::string& text, const std::string& target) {
    try {
      draft(text, target);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return std::string("drafted");
  };
  EXPECT_THAT(message(houses(), "prise"), HasSubstr("did you mean 'price'?"));
  EXPECT_THAT(message("a\n5\n5\n", ""), HasSubstr("no column to learn from"));
  EXPECT_THAT(message("a,b\n5,1\n5,2\n", "b"), HasSubstr("no column to learn from"));
}

}  // namespace
}  // namespace kin
