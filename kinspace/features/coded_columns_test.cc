#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/features/encoder.h"

namespace kin {
namespace {

using Texts = std::vector<std::optional<std::string>>;

// Rows of strings as they are, and with codes.
class TestTexts {
 public:
  explicit TestTexts(std::vector<std::string> dictionary) : dictionary_(std::move(dictionary)) {}

  Column plain(const Texts& texts) {
    offsets_.assign(1, 0);
    bytes_.clear();
    for (const auto& text : texts) {
      bytes_ += text.value_or("");
      offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
    }
    Column column;
    column.offsets = offsets_;
    column.bytes = bytes_.data();
    set_validity(texts, column);
    return column;
  }

  // Strings that are new come behind those of the batches before.
  Column coded(const Texts& texts) {
    codes_.clear();
    for (const auto& text : texts) {
      auto at = std::find(dictionary_.begin(), dictionary_.end(), text.value_or(""));
      if (at == dictionary_.end()) at = dictionary_.insert(dictionary_.end(), *text);
      codes_.push_back(static_cast<std::int32_t>(at - dictionary_.begin()));
    }
    const Texts all(dictionary_.begin(), dictionary_.end());
    Column column = plain(all);
    column.codes = codes_;
    column.dictionary = identity_;
    set_validity(texts, column);
    return column;
  }

 private:
  void set_validity(const Texts& texts, Column& column) {
    validity_.assign(texts.size() / 8 + 1, 0);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i]) validity_[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
    }
    const bool all = std::all_of(texts.begin(), texts.end(), [](const auto& text) { return text.has_value(); });
    column.validity = all ? nullptr : validity_.data();
  }

  std::vector<std::string> dictionary_;
  std::shared_ptr<const void> identity_ = std::make_shared<const int>(0);
  std::vector<std::int32_t> offsets_, codes_;
  std::string bytes_;
  std::vector<std::uint8_t> validity_;
};

FeatureColumns all_kinds() {
  FeatureColumns columns;
  VocabularyColumn learned, few, given, split, pairs, null;
  learned.source = few.source = given.source = split.source = pairs.source = null.source = "t";
  columns["learned"] = learned;
  few.min_count = 2;
  few.oov_buckets = 3;
  columns["few"] = few;
  given.values = {"b", "a|c", "a"};
  given.default_value = 1;
  columns["given"] = given;
  split.split = "|";
  columns["split"] = split;
  pairs.split = "|";
  pairs.pair = ":";
  columns["pairs"] = pairs;
  null.missing = "null";
  columns["null"] = null;
  HashColumn hash, salted;
  hash.source = salted.source = "t";
  hash.buckets = 1000;
  columns["hash"] = hash;
  salted.buckets = 1000;
  salted.salt = {1, 2};
  columns["salted"] = salted;
  CrossedColumn cross;
  cross.of = {"data.t", "learned"};
  cross.buckets = 100'000;
  columns["cross"] = cross;
  TextColumn text;
  text.source = "t";
  columns["text"] = text;
  return columns;
}

void expect_equal(const EncodedBatch& a, const EncodedBatch& b, const std::vector<EncodedInfo>& infos) {
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (std::size_t i = 0; i < a.columns.size(); ++i) {
    EXPECT_EQ(a.columns[i].offsets, b.columns[i].offsets) << infos[i].name;
    EXPECT_EQ(a.columns[i].ids, b.columns[i].ids) << infos[i].name;
    EXPECT_EQ(a.columns[i].weights, b.columns[i].weights) << infos[i].name;
    EXPECT_EQ(a.columns[i].positions, b.columns[i].positions) << infos[i].name;
  }
}

TEST(CodedColumns, HaveTheIdsOfTheirStrings) {
  const std::vector<Texts> batches = {
      {"a", "b", "a|c", "a:2|b", "a"},
      {"b", "new", "", std::nullopt, "a", "new", std::nullopt, "longer than sixteen bytes", ""},
      {"newer", "a", "a|c", "newer"},
  };
  const std::vector<Field> fields = {{.name = "t"}};
  Encoder plain(all_kinds()), coded(all_kinds());
  plain.bind(fields, "table");
  coded.bind(fields, "table");
  // The dictionary has strings that no row has, and those of the rows in another order.
  TestTexts plains({}), codes({"", "unused", "newer", "b"});
  const auto batch_of = [](Column column, const Texts& rows) {
    Batch batch;
    batch.rows = static_cast<std::int64_t>(rows.size());
    batch.columns.push_back(std::move(column));
    return batch;
  };
  for (const Texts& batch : batches) {
    plain.learn(batch_of(plains.plain(batch), batch));
    coded.learn(batch_of(codes.coded(batch), batch));
  }
  plain.finish_learning();
  coded.finish_learning();
  TestTexts other({"", "a|c"});  // another dictionary, whose codes mean other strings
  for (TestTexts* source : {&codes, &other, &codes}) {
    for (const Texts& batch : batches) {
      EncodedBatch want, got;
      plain.encode(batch_of(plains.plain(batch), batch), want);
      coded.encode(batch_of(source->coded(batch), batch), got);
      expect_equal(want, got, plain.columns());
      const std::vector<std::uint32_t> some = {3, 0, 1};
      plain.encode(batch_of(plains.plain(batch), batch), some, want);
      coded.encode(batch_of(source->coded(batch), batch), some, got);
      expect_equal(want, got, plain.columns());
    }
  }
}

}  // namespace
}  // namespace kin
