// Any bytes are the cells of a table, a line each, that are split, paired with weights and encoded in several ways: the
// encoder refuses them or gives as many ids as there are pieces, in ascending places.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/features/encoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 1 << 16) return 0;
  constexpr const char* kSeparators[] = {"|", ",", "::", "a"};
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::int32_t> offsets = {0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') offsets.push_back(static_cast<std::int32_t>(i));
  }
  offsets.push_back(static_cast<std::int32_t>(text.size()));

  kin::HashColumn hash;
  hash.source = "x";
  hash.buckets = 1000;
  hash.split = kSeparators[data[0] & 3];
  kin::VocabularyColumn vocabulary;
  vocabulary.source = "x";
  vocabulary.split = hash.split;
  vocabulary.values = {"a", "b", ""};
  vocabulary.oov_buckets = 3;
  kin::FeatureColumns columns = {{"hash", hash}, {"vocabulary", vocabulary}};
  if ((data[0] & 4) != 0) {
    kin::HashColumn pair = hash;
    pair.pair = ":";
    columns["pair"] = pair;
  }
  if ((data[0] & 8) != 0) {
    kin::NumericColumn numbers;
    numbers.source = {"x"};
    numbers.split = hash.split;
    numbers.sequence = true;
    numbers.missing = "constant";
    columns["numbers"] = numbers;
  }
  kin::Encoder encoder(columns);
  kin::Field field;
  field.name = "x";
  encoder.bind(std::vector<kin::Field>{field}, "cells");
  kin::Batch batch;
  batch.rows = static_cast<std::int64_t>(offsets.size()) - 1;
  kin::Column column;
  column.offsets = offsets;
  column.bytes = text.data();
  batch.columns.push_back(column);
  kin::EncodedBatch out;
  try {
    encoder.encode(batch, out);
  } catch (const kin::Error&) {
    return 0;
  }
  for (const kin::EncodedColumn& c : out.columns) {
    if (c.offsets.back() < 0 || (c.dense.empty() && c.ids.size() != static_cast<std::size_t>(c.offsets.back())))
      std::abort();
    for (std::size_t row = 0; c.dense.empty() && row + 1 < c.offsets.size(); ++row) {
      for (std::int64_t i = c.offsets[row]; i < c.offsets[row + 1]; ++i) {
        if (c.positions[static_cast<std::size_t>(i)] != i - c.offsets[row]) std::abort();
      }
    }
  }
  if (out.columns.front().ids.size() != out.columns.back().ids.size()) std::abort();
  return 0;
}
