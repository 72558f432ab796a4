#include "kinspace/nn/input_layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/nn/gradcheck.h"
#include "kinspace/nn/nn_testing.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Two rows: c = [1, 1, -1], [3]; n = [0.5, 2], [1, 4]; s a sequence of ids.
struct Fixture {
  Fixture() {
    columns["c"] = IdentityColumn{.size = 4, .embed = {.dim = 2}};
    columns["n"] = NumericColumn{.size = 2};
    columns["s"] = IdentityColumn{.size = 4, .sequence = true, .embed = {.dim = 2}};
    encoder = std::make_unique<Encoder>(columns);
    const Field fields[] = {{.name = "c", .type = ColumnType::kInteger, .cells = Cells::kList},
                            {.name = "n", .type = ColumnType::kNumber, .cells = Cells::kFixed},
                            {.name = "s", .type = ColumnType::kInteger, .cells = Cells::kList}};
    encoder->bind(fields, "table");
    batch.rows = 2;
    batch.columns.resize(3);
    EncodedColumn& c = batch.columns[0];
    c.offsets = {0, 3, 4};
    c.ids = {1, 1, -1, 3};
    batch.columns[1].dense = {0.5F, 2.0F, 1.0F, 4.0F};
    EncodedColumn& s = batch.columns[2];
    s.offsets = {0, 2, 2};
    s.ids = {0, 2};
    s.positions = {0, 2};
    s.lengths = {3, 0};
  }

  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options,
                       KeyNumber key_number) {
    return store.parameter(pool, name, rows, dim, options, key_number);
  }
  template <class Layer>
  auto run(const Layer& layer) {
    tape.begin({.step = 0, .training = true});
    return layer(
        tape, [this](auto&&... a) -> Parameter& { return parameter(a...); }, batch);
  }

  FeatureColumns columns;
  std::unique_ptr<Encoder> encoder;
  EncodedBatch batch;
  ThreadPool pool{2};
  ParameterStore store{1, {}};
  Tape tape{pool, 1};
};

std::vector<float> row_of(const Var& v, std::int64_t r) {
  return {v.value().row(r), v.value().row(r) + v.cols()};
}

TEST(InputLayer, PutsColumnsSideBySideByName) {
  Fixture f;
  const InputLayer layer(f.columns, *f.encoder);
  ASSERT_EQ(layer.places().size(), 2U);
  EXPECT_EQ(layer.places()[0].column, "c");
  EXPECT_EQ(layer.places()[1].offset, 2);
  EXPECT_EQ(layer.width(), 4);
  const Var out = f.run(layer);
  const Parameter& table = f.store.get("c/embedding");
  EXPECT_EQ(table.rows(), 4);
  EXPECT_THAT(row_of(out, 0), ElementsAre(2 * table.row(1)[0], 2 * table.row(1)[1], 0.5F, 2.0F));
  EXPECT_THAT(row_of(out, 1), ElementsAre(table.row(3)[0], table.row(3)[1], 1.0F, 4.0F));
}

TEST(InputLayer, AnIndicatorCountsIds) {
  Fixture f;
  std::get<IdentityColumn>(f.columns["c"]).indicator = true;
  const std::string wanted[] = {"c"};
  const Var out = f.run(InputLayer(f.columns, *f.encoder, wanted));
  EXPECT_THAT(row_of(out, 0), ElementsAre(0, 2, 0, 0));
  EXPECT_THAT(row_of(out, 1), ElementsAre(0, 0, 0, 1));
}

TEST(InputLayer, AFrozenTableGetsNoGradient) {
  Fixture f;
  std::get<IdentityColumn>(f.columns["c"]).embed.trainable = false;
  EXPECT_FALSE(f.run(InputLayer(f.columns, *f.encoder)).tracked());
}

TEST(InputLayer, RefusesUnknownColumnsAndSequences) {
  Fixture f;
  const auto refused = [&](const std::string& name) {
    const std::string wanted[] = {name};
    try {
      InputLayer(f.columns, *f.encoder, wanted);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(refused("cc"), HasSubstr("there is no column 'cc', did you mean 'c'?"));
  EXPECT_THAT(refused("s"), HasSubstr("column 's' is a sequence"));
}

TEST(InputLayer, RefusesTablesThatAreSharedUnlike) {
  Fixture f;
  f.columns["d"] = IdentityColumn{.source = "c", .size = 5, .embed = {.dim = 2, .share = "t"}};
  std::get<IdentityColumn>(f.columns["c"]).embed.share = "t";
  f.encoder = std::make_unique<Encoder>(f.columns);
  EXPECT_THROW(InputLayer(f.columns, *f.encoder), Error);
}

TEST(LinearLayer, SumsWeightsOfIdsAndNumbers) {
  Fixture f;
  const LinearLayer layer(f.columns, *f.encoder, {}, "linear", 1);
  f.run(layer);
  f.store.get("linear/c").row(1)[0] = 10;
  f.store.get("linear/c").row(3)[0] = 1;
  f.store.get("linear/n").row(0)[0] = 2;
  f.store.get("linear/n").row(1)[0] = 0.25F;
  f.store.get("linear/bias").row(0)[0] = 100;
  const Var out = f.run(layer);
  EXPECT_EQ(out.value().row(0)[0], 100 + 20 + 1 + 0.5F);
  EXPECT_EQ(out.value().row(1)[0], 100 + 1 + 2 + 1);
}

TEST(SequenceLayer, GivesARowAStep) {
  Fixture f;
  const SequenceLayer layer(f.columns, *f.encoder);
  const SequenceInput out = f.run(layer);
  EXPECT_EQ(out.length, 3);
  EXPECT_THAT(out.lengths, ElementsAre(3, 0));
  ASSERT_EQ(out.steps.rows(), 6);
  const Parameter& table = f.store.get("s/embedding");
  EXPECT_THAT(row_of(out.steps, 0), ElementsAre(table.row(0)[0], table.row(0)[1]));
  EXPECT_THAT(row_of(out.steps, 1), ElementsAre(0, 0));
  EXPECT_THAT(row_of(out.steps, 2), ElementsAre(table.row(2)[0], table.row(2)[1]));
  for (std::int64_t r = 3; r < 6; ++r) EXPECT_THAT(row_of(out.steps, r), ElementsAre(0, 0));
}

}  // namespace
}  // namespace kin
