#include "kinspace/features/encoded_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ids = std::vector<std::int64_t>;

constexpr std::uint32_t kNoValue = EncodedStore::kNoValue;

EncodedInfo categorical(std::int64_t buckets) {
  EncodedInfo info;
  info.name = "x";
  info.categorical = true;
  info.num_buckets = buckets;
  return info;
}

EncodedBatch batch(const std::vector<Ids>& rows, bool weighted = false) {
  EncodedBatch out;
  out.rows = static_cast<std::int64_t>(rows.size());
  EncodedColumn& column = out.columns.emplace_back();
  column.offsets = {0};
  for (const Ids& row : rows) {
    column.ids.insert(column.ids.end(), row.begin(), row.end());
    column.offsets.push_back(static_cast<std::int64_t>(column.ids.size()));
  }
  if (weighted) column.weights.assign(column.ids.size(), 0.5F);
  return out;
}

std::vector<Ids> rows_of(const EncodedTable& table) {
  EncodedBatch all;
  table.read(0, table.rows(), all);
  std::vector<Ids> rows;
  const EncodedColumn& column = all.columns[0];
  for (std::size_t r = 0; r + 1 < column.offsets.size(); ++r) {
    rows.emplace_back(column.ids.begin() + column.offsets[r], column.ids.begin() + column.offsets[r + 1]);
  }
  return rows;
}

// For ids of 4 bytes and of 8.
class EncodedTableOf : public ::testing::TestWithParam<std::int64_t> {};

INSTANTIATE_TEST_SUITE_P(Width, EncodedTableOf, ::testing::Values(100, std::int64_t{1} << 40));

TEST_P(EncodedTableOf, ReadsWhatWasAppendedWhateverRowsComeFirst) {
  const std::vector<std::vector<Ids>> batches = {{{1}, {2}}, {{}, {3}, {-1}, {}},   {{}},      {{4}},
                                                 {},         {{5, -1, 6}, {}, {7}}, {{8}, {}}, {{9}}};
  for (std::size_t first = 0; first < batches.size(); ++first) {
    EncodedTable table({categorical(GetParam())});
    table.reserve(5);
    std::vector<Ids> want;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const std::vector<Ids>& rows = batches[(first + i) % batches.size()];
      table.append(batch(rows));
      want.insert(want.end(), rows.begin(), rows.end());
      EXPECT_EQ(rows_of(table), want) << first << " " << i;
    }
  }
}

TEST(EncodedTable, ReadsSomeColumnsAndLeavesOthersAsTheyAre) {
  EncodedInfo second = categorical(100);
  second.name = "y";
  EncodedTable table({categorical(100), second});
  EncodedBatch both = batch({{1}, {}, {3}});
  both.columns.push_back(batch({{7, 8}, {9}, {}}).columns[0]);
  table.append(both);
  EncodedBatch out;
  table.read(0, 3, out);
  const std::int64_t rows[] = {2, 0};
  const std::size_t columns[] = {1};
  table.read(rows, columns, out);
  EXPECT_EQ(out.rows, 2);
  EXPECT_THAT(out.columns[0].ids, ElementsAre(1, 3));
  EXPECT_THAT(out.columns[1].ids, ElementsAre(7, 8));
  EXPECT_THAT(out.columns[1].offsets, ElementsAre(0, 0, 2));
  table.read(1, 2, columns, out);
  EXPECT_THAT(out.columns[0].ids, ElementsAre(1, 3));
  EXPECT_THAT(out.columns[1].ids, ElementsAre(9));
}

TEST(EncodedTable, RowsOfAtMostOneIdNeedNoOffsets) {
  EncodedTable table({categorical(100)});
  table.append(batch({{1}, {}, {-1}}));
  EXPECT_THAT(table.columns()[0].offsets, IsEmpty());
  EXPECT_THAT(table.columns()[0].ids, ElementsAre(1, kNoValue, EncodedStore::kOutOfVocabulary));
  EXPECT_EQ(table.bytes(), 12U);
  table.append(batch({{2, 3}}));
  EXPECT_THAT(table.columns()[0].offsets, ElementsAre(0, 1, 1, 2, 4));
  EXPECT_THAT(table.columns()[0].ids, ElementsAre(1, EncodedStore::kOutOfVocabulary, 2, 3));
}

TEST(EncodedTable, WeightsStayBesideTheirIds) {
  EncodedInfo info = categorical(100);
  info.weighted = true;
  EncodedTable table({info});
  table.append(batch({{1}, {}}, true));
  table.append(batch({{2}}, true));
  EXPECT_THAT(table.columns()[0].weights, ElementsAre(0.5F, 0.5F));
  EXPECT_EQ(rows_of(table), (std::vector<Ids>{{1}, {}, {2}}));
}

TEST(EncodedTable, RenumberLeavesRowsWithoutAValue) {
  EncodedTable table({categorical(3)});
  table.append(batch({{0}, {}, {2}, {-1}}));
  const std::vector<std::uint32_t> id_of = {2, 1, EncodedStore::kOutOfVocabulary};
  table.renumber(0, id_of);
  EXPECT_EQ(rows_of(table), (std::vector<Ids>{{2}, {}, {-1}, {-1}}));
}

TEST(EncodedTable, StoredColumnsThatDoNotFitAreCorrupt) {
  const auto build = [](auto change) {
    std::vector<EncodedStore> stores(1);
    stores[0].info = categorical(3);
    stores[0].ids = {0, kNoValue, 2};
    change(stores[0]);
    return EncodedTable(3, std::move(stores));
  };
  EXPECT_EQ(rows_of(build([](EncodedStore&) {})), (std::vector<Ids>{{0}, {}, {2}}));
  EXPECT_THROW(build([](EncodedStore& s) { s.ids[0] = 3; }), Error);
  EXPECT_THROW(build([](EncodedStore& s) { s.ids.pop_back(); }), Error);
  EXPECT_THROW(build([](EncodedStore& s) { s.offsets = {0, 1, 2, 3}; }), Error);  // then every row says itself
  EXPECT_THROW(build([](EncodedStore& s) {
                 s.info.weighted = true;
                 s.weights = {1, 1, 1};
               }),
               Error);
}

}  // namespace
}  // namespace kin
