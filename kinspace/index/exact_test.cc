#include "kinspace/index/exact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Whole numbers from -4 to 4: dot products are exact, and ties abound.
Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  RandomStream random(seed, Purpose::kInit, 0, 0);
  Matrix matrix(rows, cols);
  for (float& v : matrix.values()) v = static_cast<float>(random.below(9)) - 4.0F;
  return matrix;
}

double slow_score(Similarity similarity, const float* q, const float* r, std::int64_t n, float bias) {
  double dot = 0, qq = 0, rr = 0, distance = 0;
  for (std::int64_t d = 0; d < n; ++d) {
    dot += double{q[d]} * r[d];
    qq += double{q[d]} * q[d];
    rr += double{r[d]} * r[d];
    distance += (double{q[d]} - r[d]) * (double{q[d]} - r[d]);
  }
  if (similarity == Similarity::kDot) return dot + bias;
  if (similarity == Similarity::kL2) return -distance;
  return qq == 0 || rr == 0 ? 0.0 : dot / std::sqrt(qq * rr);
}

/// Rows by falling score, ties by row, without the excluded ones.
std::vector<std::int64_t> slow_search(Similarity similarity, ConstMatrixView rows, const float* query, std::size_t k,
                                      const std::set<std::int64_t>& excluded, std::span<const float> bias) {
  std::vector<std::pair<double, std::int64_t>> all;
  for (std::int64_t r = 0; r < rows.rows; ++r) {
    if (excluded.count(r) != 0) continue;
    const float b = bias.empty() ? 0.0F : bias[static_cast<std::size_t>(r)];
    all.emplace_back(-slow_score(similarity, query, rows.row(r), rows.cols, b), r);
  }
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < std::min(k, all.size()); ++i) result.push_back(all[i].second);
  return result;
}

std::vector<std::int64_t> rows_of(const std::vector<Neighbour>& list) {
  std::vector<std::int64_t> rows(list.size());
  std::transform(list.begin(), list.end(), rows.begin(), [](const Neighbour& n) { return n.row; });
  return rows;
}

class Exact : public ::testing::TestWithParam<Similarity> {};

TEST_P(Exact, AgreesWithSortingAllRows) {
  constexpr std::int64_t kRows = 700, kQueries = 300, kDim = 5, kStride = 7;
  const Matrix storage = random_matrix(kRows, kStride, 1);
  const ConstMatrixView rows(storage.row(0), kRows, kDim, kStride);
  const Matrix queries = random_matrix(kQueries, kDim, 2);
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int64_t> ids;
  for (std::int64_t q = 0; q < kQueries; ++q) {
    for (std::int64_t i = 0; i < q % 5; ++i) ids.push_back((q * 37 + i * 100) % kRows);
    offsets.push_back(static_cast<std::int64_t>(ids.size()));
  }
  ThreadPool pool(3);
  const ExactIndex index(pool, rows, GetParam());
  for (const std::int64_t k : {1, 10, 1000}) {
    const auto lists = index.search(pool, queries.view(), k, {offsets, ids, {}});
    for (std::int64_t q = 0; q < kQueries; q += 13) {
      const auto b = static_cast<std::size_t>(q);
      const std::set<std::int64_t> excluded(ids.begin() + offsets[b], ids.begin() + offsets[b + 1]);
      const auto want = slow_search(GetParam(), rows, queries.row(q), static_cast<std::size_t>(k), excluded, {});
      if (GetParam() == Similarity::kCosine) {
        // Parallel vectors of different length tie in the definition but may differ by a rounding: compare the values.
        ASSERT_EQ(lists[b].size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i) {
          const double value = slow_score(GetParam(), queries.row(q), rows.row(want[i]), kDim, 0);
          EXPECT_NEAR(lists[b][i].score, value, 1e-6);
          EXPECT_EQ(excluded.count(lists[b][i].row), 0U);
        }
      } else {
        EXPECT_EQ(rows_of(lists[b]), want) << "query " << q << " k " << k;
      }
    }
  }
}

TEST_P(Exact, DoesNotDependOnThreadsShardsOrTheOtherQueries) {
  const Matrix rows = random_matrix(40'000, 3, 3);  // several shards, thousands of ties
  ThreadPool one(1);
  const ExactIndex index(one, rows.view(), GetParam());
  for (const std::int64_t count : {9, 100, 700}) {  // one block of queries, several, so many that shards are one
    const Matrix queries = random_matrix(count, 3, 4);
    const auto want = index.search(one, queries.view(), 25);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      EXPECT_EQ(index.search(pool, queries.view(), 25), want);
    }
    for (std::int64_t q = 0; q < count; q += 33) {
      const ConstMatrixView single(queries.row(q), 1, 3, 3);
      EXPECT_EQ(index.search(one, single, 25)[0], want[static_cast<std::size_t>(q)]);
    }
  }
}

TEST_P(Exact, FindsEqualRowsInTheOrderOfTheirNumbers) {
  Matrix rows(5, 2);
  for (const std::int64_t r : {0, 2, 3}) {
    rows.row(r)[0] = 0.3F;
    rows.row(r)[1] = -0.7F;
  }
  rows.row(1)[1] = 9.0F;
  rows.row(4)[1] = 9.0F;
  ThreadPool pool(1);
  const ExactIndex index(pool, rows.view(), GetParam());
  const ConstMatrixView query(rows.row(2), 1, 2, 2);
  EXPECT_THAT(rows_of(index.search(pool, query, 4)[0]), ElementsAre(0, 2, 3, 1));
}

TEST_P(Exact, GivesFewerWhereFewerAreLeft) {
  const Matrix rows = random_matrix(3, 2, 5);
  ThreadPool pool(1);
  const ExactIndex index(pool, rows.view(), GetParam());
  const Matrix queries = random_matrix(2, 2, 6);
  const std::vector<std::int64_t> offsets = {0, 3, 6};
  const std::vector<std::int64_t> ids = {2, 0, 1, 2, -1, 99};
  const auto lists = index.search(pool, queries.view(), 10, {offsets, ids, {}});
  EXPECT_THAT(lists[0], IsEmpty());
  EXPECT_EQ(lists[1].size(), 2U);
}

TEST_P(Exact, OfNoRowsOrNoQueriesIsEmpty) {
  ThreadPool pool(1);
  const Matrix none(0, 2);
  const Matrix some = random_matrix(2, 2, 7);
  const ExactIndex empty(pool, none.view(), GetParam());
  EXPECT_THAT(empty.search(pool, some.view(), 3), ElementsAre(IsEmpty(), IsEmpty()));
  const ExactIndex index(pool, some.view(), GetParam());
  EXPECT_THAT(index.search(pool, none.view(), 3), IsEmpty());
}

TEST_P(Exact, RefusesToFindNothing) {
  ThreadPool pool(1);
  const Matrix rows = random_matrix(2, 2, 8);
  const ExactIndex index(pool, rows.view(), GetParam());
  try {
    index.search(pool, rows.view(), 0);
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(e.message(), "search: k = 0; at least 1 is needed");
  }
  const Matrix wide = random_matrix(1, 3, 9);
  EXPECT_THROW(index.search(pool, wide.view(), 1), Error);
}

std::string similarity_name(const ::testing::TestParamInfo<Similarity>& tested) {
  const char* const names[] = {"Cosine", "Dot", "L2"};
  return names[static_cast<std::size_t>(tested.param)];
}

INSTANTIATE_TEST_SUITE_P(Similarities, Exact, ::testing::Values(Similarity::kCosine, Similarity::kDot, Similarity::kL2),
                         similarity_name);

TEST(ExactDot, AddsTheBiasOfEachRow) {
  const Matrix rows = random_matrix(600, 4, 10);
  const Matrix queries = random_matrix(4, 4, 11);
  std::vector<float> bias(600);
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = static_cast<float>(i % 90) - 45.0F;
  ThreadPool pool(2);
  const ExactIndex index(pool, rows.view(), Similarity::kDot, bias);
  const auto lists = index.search(pool, queries.view(), 20);
  for (std::int64_t q = 0; q < 4; ++q) {
    EXPECT_EQ(rows_of(lists[static_cast<std::size_t>(q)]),
              slow_search(Similarity::kDot, rows.view(), queries.row(q), 20, {}, bias));
  }
  EXPECT_THROW(ExactIndex(pool, rows.view(), Similarity::kCosine, bias), Error);
  EXPECT_THROW(ExactIndex(pool, rows.view(), Similarity::kDot, std::span<const float>(bias).first(5)), Error);
}

TEST(ExactDot, LeavesOutRowsThatABiasOfMinusInfinityForbids) {
  const Matrix rows = random_matrix(3, 2, 12);
  const std::vector<float> bias = {0, -std::numeric_limits<float>::infinity(), 0};
  ThreadPool pool(1);
  const ExactIndex index(pool, rows.view(), Similarity::kDot, bias);
  EXPECT_EQ(index.search(pool, rows.view(), 3)[0].size(), 2U);
}

TEST(ExactCosine, StaysWithinOneAndIsZeroForZeroVectors) {
  Matrix rows = random_matrix(200, 11, 13);
  std::fill_n(rows.row(5), 11, 0.0F);
  ThreadPool pool(1);
  const ExactIndex index(pool, rows.view(), Similarity::kCosine);
  const auto lists = index.search(pool, rows.view(), 200);
  for (std::int64_t q = 0; q < 200; ++q) {
    for (const Neighbour& n : lists[static_cast<std::size_t>(q)]) {
      EXPECT_LE(std::abs(n.score), 1.0F);
      if (q == 5 || n.row == 5) {
        EXPECT_EQ(n.score, 0.0F);
      }
    }
  }
}

TEST(ExactL2, SeesSmallDistancesFarFromTheOrigin) {
  Matrix rows(3, 2);
  for (std::int64_t r = 0; r < 3; ++r) {
    rows.row(r)[0] = 10'000.0F;
    rows.row(r)[1] = 10'000.0F + 0.25F * static_cast<float>(2 - r);
  }
  ThreadPool pool(1);
  const ExactIndex index(pool, rows.view(), Similarity::kL2);
  const ConstMatrixView query(rows.row(2), 1, 2, 2);
  EXPECT_THAT(index.search(pool, query, 3)[0],
              ElementsAre(Neighbour{2, 0.0F}, Neighbour{1, 0.25F}, Neighbour{0, 0.5F}));
}

TEST(ParseSimilarity, ReadsThreeWordsAndSuggestsOneOfThem) {
  EXPECT_EQ(parse_similarity("cosine"), Similarity::kCosine);
  EXPECT_EQ(parse_similarity("dot"), Similarity::kDot);
  EXPECT_EQ(parse_similarity("l2"), Similarity::kL2);
  try {
    parse_similarity("cosin");
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(e.message(), "there is no similarity 'cosin', did you mean 'cosine'?");
  }
}

}  // namespace
}  // namespace kin
