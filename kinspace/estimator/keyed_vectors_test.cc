#include "kinspace/estimator/keyed_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/verify.h"

namespace kin {
namespace {

class KeyedVectorsTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    spill(directory_.file(name), content);
    return directory_.file(name);
  }

  TemporaryDirectory directory_;
};

TEST_F(KeyedVectorsTest, AreTheSameAfterTheyWereSaved) {
  KeyedVectors table;
  table.vocabulary = Vocabulary(KeyList(std::vector<std::string>{"b", "a", ""}), {7, 0, 2});
  table.vocabulary.set_labels({"Bee", "", "nothing"});
  table.vectors = Matrix(4, 2);
  for (int i = 0; i < 8; ++i) table.vectors.values()[static_cast<std::size_t>(i)] = 0.1F * static_cast<float>(i);
  table.unknown_rows = 1;
  const std::string saved = directory_.file("model");
  save_keyed_vectors(saved, "item", table);
  EXPECT_EQ(verify_model(saved).tensors, 1);

  const KeyedVectors again = load_keyed_vectors(saved);
  EXPECT_EQ(again.tensor, "item/embedding");
  EXPECT_EQ(again.column, "item");
  EXPECT_EQ(again.unknown_rows, 1);
  ASSERT_EQ(again.vocabulary.size(), 3);
  EXPECT_EQ(again.vocabulary.key(0), "b");
  EXPECT_EQ(again.vocabulary.count(0), 7);
  EXPECT_EQ(again.vocabulary.label(2), "nothing");
  ASSERT_EQ(again.vectors.rows(), 4);
  EXPECT_TRUE(std::equal(again.vectors.values().begin(), again.vectors.values().end(), table.vectors.values().begin()));
  EXPECT_EQ(again.keyed().rows, 3);
  EXPECT_KIN_ERROR(save_keyed_vectors(saved, "item", table), ErrorCode::kInvalidArgument, "holds a model already");
}

TEST_F(KeyedVectorsTest, KeysAreIntegersWhereAllAre) {
  EXPECT_TRUE(load_keyed_vectors(file("i.csv", "12,1,2\n-7,3,4\n")).vocabulary.keys().integers());
  for (const char* other : {"012", "-0", "1.5", "x", "99999999999999999999", "+1"}) {
    const KeyedVectors mixed = load_keyed_vectors(file("s.csv", std::string("12,1,2\n") + other + ",3,4\n"));
    EXPECT_FALSE(mixed.vocabulary.keys().integers()) << other;
    EXPECT_EQ(mixed.vocabulary.key(1), other);
  }
}

TEST_F(KeyedVectorsTest, OfKeysThatComeTwiceTheFirstCounts) {
  const KeyedVectors table = load_keyed_vectors(file("g.txt", "a 1 2\nb 3 4\na 5 6\nc 7 8\n"));
  EXPECT_EQ(table.notes.size(), 1U);
  ASSERT_EQ(table.vectors.rows(), 3);
  EXPECT_EQ(table.vectors.row(0)[0], 1);
  EXPECT_EQ(table.vectors.row(2)[0], 7);
}

TEST_F(KeyedVectorsTest, SayWhatIsMissing) {
  write_safetensors(directory_.path(), "two.safetensors",
                    {TensorSource::contiguous<float>("a", {1, 1}, std::vector<float>{1}),
                     TensorSource::contiguous<float>("b", {1, 1}, std::vector<float>{NAN})});
  const std::string two = directory_.file("two.safetensors");
  const Error several = error_of([&] { load_keyed_vectors(two); });
  EXPECT_EQ(error_name(several.code()), "invalid_argument");
  EXPECT_NE(several.fix().find("a, b"), std::string::npos) << several.fix();
  EXPECT_KIN_ERROR(load_keyed_vectors(two, {.table = "a"}), ErrorCode::kInvalidArgument, "have no keys");
  EXPECT_EQ(load_keyed_vectors(two, {.table = "a", .number_rows = true}).vocabulary.key(0), "0");
  EXPECT_KIN_ERROR(load_keyed_vectors(two, {.table = "b", .number_rows = true}), ErrorCode::kCorruption, "NaN");
  EXPECT_KIN_ERROR(load_keyed_vectors(two, {.table = "c"}), ErrorCode::kNotFound, "'c'");
  const std::string keys = file("keys.txt", "x\ny\n");
  EXPECT_KIN_ERROR(load_keyed_vectors(two, {.table = "a", .vocabulary = keys}), ErrorCode::kBadData,
                   "1 rows for 2 keys");
}

}  // namespace
}  // namespace kin
