#include "kinspace/features/testing/golden_columns.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/indicator.h"
#include "kinspace/features/testing/golden_tensor.h"

// Whether our columns answer as TensorFlow 2.15.1 does.

namespace kin::testing {
namespace {

using Json = nlohmann::json;

/// Runs `answer`; true if it answers, false if it refuses. Whether it does must be TensorFlow's choice.
void expect_like_tensorflow(const TfCase& c, const std::function<void()>& answer) {
  SCOPED_TRACE(c.title());
  try {
    answer();
  } catch (const Error& e) {
    const bool accepted = c.name.starts_with("accepted");  // what TensorFlow merely lets pass
    EXPECT_TRUE(c.refused() || accepted) << e.what();
    EXPECT_FALSE(std::string(e.what()).empty());
    return;
  }
  EXPECT_FALSE(c.refused()) << c.expected().dump();
}

std::vector<std::int64_t> integers(const Json& list) {
  std::vector<std::int64_t> out;
  for (const Json& value : list) out.push_back(tf_integer(value));
  return out;
}

// Row and place in it of every id.
void expect_cells(const Json& expected, const EncodedColumn& column, std::int64_t rows) {
  ASSERT_EQ(static_cast<std::int64_t>(column.offsets.size()), rows + 1);
  const std::vector<std::int64_t> want_rows = integers(expected.at("rows"));
  const std::vector<std::int64_t> cols = integers(expected.at("cols"));
  const std::vector<std::int64_t> depths =
      expected.contains("depths") ? integers(expected.at("depths")) : std::vector<std::int64_t>(cols.size());
  const std::int64_t depth = expected.contains("depths") ? expected.at("shape").at(2).get<std::int64_t>() : 1;
  std::size_t i = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (; static_cast<std::int64_t>(i) < column.offsets[static_cast<std::size_t>(row) + 1]; ++i) {
      ASSERT_LT(i, want_rows.size());
      EXPECT_EQ(row, want_rows[i]) << "value " << i;
      EXPECT_EQ(column.positions[i], cols[i] * depth + depths[i]) << "value " << i;
    }
  }
  EXPECT_EQ(i, want_rows.size());
}

void check_categorical(const TfCase& c) {
  expect_like_tensorflow(c, [&] {
    TfModel model(c);
    if (!c.json->contains("input")) {
      model.build();  // what is refused, is refused before there are data
      return;
    }
    const EncodedBatch batch = model.encode();
    if (c.refused()) return;
    const Json& expected = c.expected();
    const std::string name = model.layer.at(0).name;
    const EncodedColumn& column = model.encoded(batch, name);
    EXPECT_EQ(name, expected.at("name"));
    EXPECT_EQ(model.info(name).tf_name, expected.at("name"));
    EXPECT_EQ(model.info(name).num_buckets, tf_integer(expected.at("num_buckets")));
    const Json& ids = expected.at("ids");
    EXPECT_EQ(column.ids, integers(ids.at("ids")));
    expect_cells(ids, column, ids.at("shape").at(0));
    EXPECT_EQ(model.info(name).weighted, ids.contains("weights"));
    if (!ids.contains("weights")) return;
    ASSERT_EQ(column.weights.size(), ids.at("weights").size());
    for (std::size_t i = 0; i < column.weights.size(); ++i) {
      EXPECT_TRUE(tf_close(column.weights[i], tf_number(ids.at("weights")[i]))) << "weight " << i;
    }
  });
}

TEST(GoldenColumns, CategoricalColumnsHaveTheIdsOfTensorFlow) {
  const std::vector<TfCase> cases = tf_cases("categorical");
  ASSERT_FALSE(cases.empty());
  for (const TfCase& c : cases) {
    // Where the numbers of ids and weights differ TensorFlow answers, but refuses to look anything up; we refuse here.
    const Json& ids = c.refused() ? c.expected() : c.expected().at("ids");
    if (ids.contains("weights") && ids.at("weights").size() != ids.at("ids").size()) {
      SCOPED_TRACE(c.title());
      TfModel model(c);
      EXPECT_THROW(model.encode(), Error);
      continue;
    }
    check_categorical(c);
  }
}

TEST(GoldenColumns, DenseTensorsAreThoseOfTensorFlow) {
  const std::vector<TfCase> cases = tf_cases("dense_tensor");
  ASSERT_FALSE(cases.empty());
  for (const TfCase& c : cases) {
    expect_like_tensorflow(c, [&] {
      TfModel model(c);
      const EncodedBatch batch = model.encode();
      if (c.refused()) return;
      const TfColumn& tf = model.layer.at(0);
      const EncodedColumn& column = model.encoded(batch, tf.name);
      const EncodedInfo& info = model.info(tf.name);
      const Json& expected = c.expected();
      EXPECT_EQ(tf.name, expected.at("name"));
      std::vector<std::int64_t> shape = tf.shape;
      if (tf.kind == TfColumn::Kind::kIndicator) shape = {1, info.num_buckets};
      EXPECT_EQ(shape, integers(expected.at("variable_shape")));
      std::vector<float> dense = column.dense;
      if (tf.kind != TfColumn::Kind::kNumeric) {
        dense.resize((column.offsets.size() - 1) * static_cast<std::size_t>(info.num_buckets));
        indicator(column, info.num_buckets, dense);
      }
      const Json& values = expected.at("dense").at("values");
      ASSERT_EQ(dense.size(), values.size());
      for (std::size_t i = 0; i < dense.size(); ++i) {
        EXPECT_TRUE(tf_close(dense[i], tf_number(values[i]))) << i << ": " << dense[i] << " is not " << values[i];
      }
    });
  }
}

TEST(GoldenColumns, FingerprintsAreThoseOfTensorFlow) {
  const std::vector<TfCase> cases = tf_cases("fingerprint64");
  ASSERT_FALSE(cases.empty());
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    const TfTensor values = tf_tensor(c.at("input").at("values"));
    const Json& expected = c.expected().at("fingerprint64");
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint64_t print =
          values.is_string() ? fingerprint64(std::string_view(values.strings[i])) : fingerprint64(values.integers[i]);
      EXPECT_EQ(print, static_cast<std::uint64_t>(tf_integer(expected[i]))) << "value " << i;
      if (values.is_string()) continue;
      EXPECT_EQ(print, fingerprint64(c.expected().at("strings")[i].get<std::string>())) << "value " << i;
    }
  }
}

// tf.sparse.cross_hashed is a crossed column; 0 buckets stand for 2^63 - 1.
TEST(GoldenColumns, HashedCrossesAreThoseOfTensorFlow) {
  const std::vector<TfCase> cases = tf_cases("cross_hashed");
  ASSERT_FALSE(cases.empty());
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    const Json& op = c.at("op");
    if (op.at("keys").size() < 2) {  // a column is a cross of two at least; of one it is the hash itself
      const TfTensor values = tf_tensor(c.at("input").at(op.at("keys")[0].get<std::string>()));
      const Json& key = op.at("hash_key");
      const std::uint64_t start = key.is_null() ? 0xDECAFCAFFEULL : static_cast<std::uint64_t>(tf_integer(key));
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint64_t value = values.is_string() ? fingerprint64(std::string_view(values.strings[i]))
                                                       : static_cast<std::uint64_t>(values.integers[i]);
        EXPECT_EQ(Modulus(0x7FFFFFFFFFFFFFFF).of(concatenate(start, value)),
                  static_cast<std::uint64_t>(tf_integer(c.expected().at("ids").at("ids")[i])));
      }
      continue;
    }
    Json column = {{"kind", "crossed_column"}, {"keys", op.at("keys")}, {"hash_key", op.at("hash_key")}};
    column["hash_bucket_size"] =
        tf_integer(op.at("num_buckets")) == 0 ? Json(0x7FFFFFFFFFFFFFFF) : op.at("num_buckets");
    Json json = *c.json;
    json["column"] = column;
    TfCase cross = c;
    cross.json = std::make_shared<const Json>(json);
    TfModel model(cross);
    const EncodedBatch batch = model.encode();
    const Json& ids = c.expected().at("ids");
    const EncodedColumn& got = model.encoded(batch, model.layer.at(0).name);
    EXPECT_EQ(got.ids, integers(ids.at("ids")));
    expect_cells(ids, got, ids.at("shape").at(0));
  }
}

}  // namespace
}  // namespace kin::testing
