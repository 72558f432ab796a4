#include "apps/cli/items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinspace/base/error.h"

namespace kin::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Vocabulary films() {
  Vocabulary vocabulary(KeyList(std::vector<std::int64_t>{1, 2571, 58559}), {30, 20, 10});
  vocabulary.set_labels({"Toy Story (1995)", "Matrix, The (1999)", "Dark Knight, The (2008)"});
  return vocabulary;
}

TEST(Items, AreKeysOrTitlesBetweenCommas) {
  EXPECT_THAT(rows_of_text(films(), "1,58559"), ElementsAre(0, 2));
  EXPECT_THAT(rows_of_text(films(), " 58559 , 1 "), ElementsAre(2, 0));
  EXPECT_THAT(rows_of_text(films(), "toy story (1995)"), ElementsAre(0));
}

TEST(Items, TitlesMayHoldCommas) {
  EXPECT_THAT(rows_of_text(films(), "Matrix, The (1999)"), ElementsAre(1));
  EXPECT_THAT(rows_of_text(films(), "1,Matrix, The (1999),Dark Knight, The (2008),2571"), ElementsAre(0, 1, 2, 1));
}

TEST(Items, UnknownOnesComeWithSuggestionsAndAFix) {
  const auto refusal = [](const std::string& text) {
    try {
      rows_of_texts(films(), {text}, "run/");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
      EXPECT_EQ(error.fix(), "kin lookup run/ --list shows every key and title");
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(refusal("Toy Stori (1995)"), HasSubstr("Toy Story (1995)"));
  EXPECT_THAT(refusal("1,99"), HasSubstr("'99'"));
  EXPECT_THAT(refusal(""), HasSubstr("''"));
}

TEST(Items, KeysAreNumbersWhereTheColumnIs) {
  EXPECT_EQ(cell_json(key_cell(films(), 1)), "2571");
  const Vocabulary words(KeyList(std::vector<std::string>{"007"}), {1});
  EXPECT_EQ(cell_json(key_cell(words, 0)), "\"007\"");
}

TEST(Items, HaveATitleOnlyInAModelWithTitles) {
  std::vector<Column> columns;
  std::vector<Cell> cells;
  add_item_columns(films(), columns);
  add_item_cells(films(), 2, cells);
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(cell_json(cells[1]), "\"Dark Knight, The (2008)\"");
  const Vocabulary bare(KeyList(std::vector<std::int64_t>{5}), {1});
  columns.clear();
  add_item_columns(bare, columns);
  EXPECT_EQ(columns.size(), 1U);
}

}  // namespace
}  // namespace kin::cli
