#include "kinspace/features/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

KeyList integers(std::vector<std::int64_t> keys) {
  return KeyList(std::move(keys));
}
KeyList strings(std::vector<std::string> keys) {
  return KeyList(std::move(keys));
}

std::vector<std::string> keys_of(const Vocabulary& vocabulary) {
  std::vector<std::string> keys;
  for (std::int64_t row = 0; row < vocabulary.size(); ++row) keys.push_back(vocabulary.key(row));
  return keys;
}

Vocabulary learn(const KeyList& keys, const std::vector<std::int64_t>& counts, const VocabularyLimits& limits = {}) {
  return Vocabulary::learn("item", keys, counts, limits);
}

template <class F>
std::string refused(ErrorCode code, F f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(Vocabulary, OrdersByFallingCountThenByKey) {
  const Vocabulary numbers = learn(integers({-5, 9, 10, 100}), {2, 3, 2, 3});
  EXPECT_THAT(keys_of(numbers), ElementsAre("9", "100", "-5", "10"));
  EXPECT_THAT(numbers.counts(), ElementsAre(3, 3, 2, 2));
  EXPECT_THAT(keys_of(learn(strings({"10", "9", "B", "a"}), {1, 1, 1, 2})), ElementsAre("a", "10", "9", "B"));
}

TEST(Vocabulary, LeavesOutWhatIsRare) {
  const KeyList keys = integers({1, 2, 3, 4});
  EXPECT_THAT(keys_of(learn(keys, {5, 0, 1, 2})), ElementsAre("1", "4", "3"));
  EXPECT_THAT(keys_of(learn(keys, {5, 0, 1, 2}, {.min_count = 2, .max_size = 0})), ElementsAre("1", "4"));
  EXPECT_THAT(keys_of(learn(keys, {5, 0, 1, 2}, {.min_count = 1, .max_size = 1})), ElementsAre("1"));
  EXPECT_THAT(keys_of(learn(keys, {5, 0, 1, 2}, {.min_count = 0, .max_size = 9})), ElementsAre("1", "4", "3"));
}

TEST(Vocabulary, RefusesToBeEmpty) {
  EXPECT_THAT(refused(ErrorCode::kBadData,
                      [] {
                        learn(integers({1, 2}), {3, 4}, {.min_count = 5, .max_size = 0});
                      }),
              AllOf(HasSubstr("no value of column 'item' occurs 5 times"),
                    HasSubstr("most frequent of 2 values occurs 4 times"), HasSubstr("min_count")));
  EXPECT_THAT(refused(ErrorCode::kBadData, [] { learn(integers({}), {}); }), HasSubstr("no value of column 'item'"));
}

TEST(Vocabulary, FindsKeysOfItsType) {
  const Vocabulary numbers = learn(integers({-1, 12}), {1, 2});
  EXPECT_EQ(numbers.find("12"), 0);
  EXPECT_EQ(numbers.find(" 012 "), 0);
  EXPECT_EQ(numbers.find("-1"), 1);
  EXPECT_EQ(numbers.find("12.0"), std::nullopt);
  EXPECT_EQ(numbers.find("13"), std::nullopt);
  EXPECT_EQ(numbers.find("99999999999999999999"), std::nullopt);
  EXPECT_EQ(numbers.find(""), std::nullopt);
  const Vocabulary words = learn(strings({"012", "x"}), {1, 2});
  EXPECT_EQ(words.find("012"), 1);
  EXPECT_EQ(words.find("12"), std::nullopt);
}

TEST(Vocabulary, MapsKeysOfOtherDataToRows) {
  const Vocabulary numbers = learn(integers({5, 7}), {1, 2});
  EXPECT_THAT(numbers.rows_of(integers({1, 5, 7}), -1), ElementsAre(-1, 1, 0));
  EXPECT_THAT(numbers.rows_of(integers({1, 5, 7}), 2), ElementsAre(2, 1, 0));
  EXPECT_THAT(numbers.rows_of(strings({"5", "x"}), -1), ElementsAre(1, -1));
  const Vocabulary words = learn(strings({"5", "a"}), {1, 2});
  EXPECT_THAT(words.rows_of(strings({"a", "b"}), -1), ElementsAre(0, -1));
  EXPECT_THAT(words.rows_of(integers({5, 6}), -1), ElementsAre(1, -1));
}

TEST(Vocabulary, IsWhatItsPartsSay) {
  const Vocabulary learned = learn(strings({"a", "b"}), {1, 2});
  const Vocabulary again(learned.keys(), learned.counts());
  EXPECT_EQ(keys_of(again), keys_of(learned));
  EXPECT_EQ(again.find("a"), 1);
  EXPECT_THAT(refused(ErrorCode::kCorruption,
                      [] {
                        Vocabulary(integers({1, 2, 1}), {3, 2, 1});
                      }),
              HasSubstr("holds the key '1' twice, in rows 0 and 2"));
  EXPECT_THAT(refused(ErrorCode::kCorruption,
                      [] {
                        Vocabulary(integers({1, 2}), {3});
                      }),
              HasSubstr("2 keys and 1 counts"));
  EXPECT_THAT(refused(ErrorCode::kCorruption, [] { Vocabulary(integers({1}), {-1}); }),
              HasSubstr("counts -1 of the key '1'"));
  EXPECT_EQ(Vocabulary(integers({}), {}).size(), 0);
}

Vocabulary movies() {
  Vocabulary vocabulary(integers({1, 34, 88, 12, 300, 7, 1984}), {70, 60, 50, 40, 30, 20, 10});
  vocabulary.set_labels({"Toy Story", "Babe", "Hamlet", "Hamlet", "BABE", "", "300"});
  return vocabulary;
}

TEST(Vocabulary, LabelsRowsAndFallsBackToTheKey) {
  const Vocabulary vocabulary = movies();
  EXPECT_EQ(vocabulary.label(0), "Toy Story");
  EXPECT_EQ(vocabulary.label(5), "7");
  EXPECT_EQ(learn(integers({8}), {1}).label(0), "8");
  EXPECT_THAT(refused(ErrorCode::kCorruption, [&] { movies().set_labels({"x"}); }), HasSubstr("7 rows and 1 labels"));
}

TEST(Vocabulary, ResolvesKeysThenLabelsThenLabelsInAnyCase) {
  const Vocabulary vocabulary = movies();
  EXPECT_EQ(vocabulary.resolve("34"), 1);
  EXPECT_EQ(vocabulary.resolve("300"), 4) << "a key, though also the label of another row";
  EXPECT_EQ(vocabulary.resolve("Toy Story"), 0);
  EXPECT_EQ(vocabulary.resolve("toy STORY"), 0);
  EXPECT_EQ(vocabulary.resolve("Babe"), 1);
  EXPECT_EQ(vocabulary.resolve("BABE"), 4);
}

TEST(Vocabulary, RefusesAmbiguousLabels) {
  const Vocabulary vocabulary = movies();
  EXPECT_THAT(
      refused(ErrorCode::kInvalidArgument, [&] { static_cast<void>(vocabulary.resolve("hamlet")); }),
      AllOf(HasSubstr("2 rows have the label 'hamlet': 88 'Hamlet' (seen 50 times), 12 'Hamlet' (seen 40 times)"),
            HasSubstr("give the key")));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, [&] { static_cast<void>(vocabulary.resolve("babe")); }),
              HasSubstr("34 'Babe'"));
}

TEST(Vocabulary, SuggestsWhatMayHaveBeenMeant) {
  const Vocabulary vocabulary = movies();
  const auto unknown = [&](const char* text) {
    return refused(ErrorCode::kNotFound, [&] { static_cast<void>(vocabulary.resolve(text)); });
  };
  EXPECT_THAT(unknown("toy"), HasSubstr("no key or label 'toy', did you mean 'Toy Story'?"));
  EXPECT_THAT(unknown("Toi Story"), HasSubstr("did you mean 'Toy Story'?"));
  EXPECT_THAT(unknown("35"), HasSubstr("'35'; the nearest keys are 34 and 88"));
  EXPECT_THAT(unknown("2000"), HasSubstr("the largest key is 1984"));
  EXPECT_THAT(unknown("-7"), HasSubstr("the smallest key is 1"));
  EXPECT_THAT(unknown("quite something else"), Not(HasSubstr("did you mean")));
  const Vocabulary words = learn(strings({"drama", "war"}), {1, 2});
  EXPECT_THAT(refused(ErrorCode::kNotFound, [&] { static_cast<void>(words.resolve("darma")); }),
              HasSubstr("no key 'darma', did you mean 'drama'?"));
  const Vocabulary numbers = learn(integers({1}), {1});
  EXPECT_THAT(refused(ErrorCode::kNotFound, [&] { static_cast<void>(numbers.resolve("x")); }),
              HasSubstr("no key 'x'; keys are integers"));
}

}  // namespace
}  // namespace kin
