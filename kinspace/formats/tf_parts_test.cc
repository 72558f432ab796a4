// The parts of TensorFlow's checkpoints: varints and messages, Snappy, tables, slices.

#include <gmock/gmock.h>

#include "kinspace/base/random.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/proto_wire.h"
#include "kinspace/formats/snappy.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_slices.h"

namespace kin {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

TEST(ProtoWire, ReadsWhatItWrites) {
  std::string message;
  append_number_field(message, 1, 300);
  append_number_field(message, 2, 0);  // left out
  append_bytes_field(message, 3, "text");
  append_fixed32_field(message, 6, 0xDEADBEEF);
  append_number_field(message, 536870911, UINT64_MAX);
  ProtoReader reader(message);
  std::vector<std::string> seen;
  while (const auto field = reader.next()) {
    seen.push_back(std::to_string(field->number) + "=" + std::to_string(field->value) + std::string(field->bytes));
  }
  EXPECT_FALSE(reader.damaged());
  EXPECT_THAT(seen, testing::ElementsAre("1=300", "3=0text", "6=3735928559", "536870911=18446744073709551615"));
}

TEST(ProtoWire, NoticesWhatIsNoMessage) {
  for (const std::string& bad : {bytes({0x08}), bytes({0x0A, 5, 'x'}), bytes({0x0B}), bytes({0x00, 1}),
                                 bytes({0x35, 1, 2}), bytes({0x80}), std::string(11, '\xFF')}) {
    ProtoReader reader(bad);
    while (reader.next()) {
    }
    EXPECT_TRUE(reader.damaged());
  }
}

TEST(Snappy, UncompressesEveryKindOfElement) {
  EXPECT_EQ(snappy_uncompress(bytes({0})), "");
  EXPECT_EQ(snappy_uncompress(bytes({3, 0x08, 'a', 'b', 'c'})), "abc");
  // One byte and a copy that overlaps itself; copies with distances of 1, 2 and 4 bytes.
  EXPECT_EQ(snappy_uncompress(bytes({9, 0x00, 'a', 0x11, 1})), "aaaaaaaaa");
  EXPECT_EQ(snappy_uncompress(bytes({6, 0x08, 'a', 'b', 'c', 0x0A, 3, 0})), "abcabc");
  EXPECT_EQ(snappy_uncompress(bytes({5, 0x08, 'a', 'b', 'c', 0x07, 3, 0, 0, 0})), "abcab");
  // A literal whose length stands in a byte of its own.
  EXPECT_EQ(snappy_uncompress(bytes({70, 0xF0, 69}) + std::string(70, 'x')), std::string(70, 'x'));
}

TEST(Snappy, RefusesWhatLeavesTheBytes) {
  for (const std::string& bad :
       {bytes({}), bytes({4, 0x08, 'a', 'b', 'c'}), bytes({2, 0x08, 'a', 'b', 'c'}), bytes({9, 0x00, 'a', 0x15, 2}),
        bytes({9, 0x00, 'a', 0x15, 0}), bytes({9, 0x15}), bytes({9, 0xF4, 1}), bytes({0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0}),
        bytes({5, 0x10, 'a'})}) {
    EXPECT_EQ(snappy_uncompress(bad), std::nullopt);
  }
}

TEST(TensorSliceKey, IsTensorFlowsOrderedCode) {
  EXPECT_EQ(tensor_slice_key("emb", {{{0, 3}, {0, TensorSlice::kAll}}}),
            bytes({0x00, 0x65, 0x6d, 0x62, 0x00, 0x01, 0x01, 0x02, 0x80, 0x83, 0x80, 0x7f}));
  EXPECT_EQ(tensor_slice_key(bytes({0, 0xFF}), {}), bytes({0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x01, 0x00}));
  // Two bytes of 6 + 8 bits from 64 on, three from 8192 on.
  EXPECT_EQ(tensor_slice_key("", {{{64, 8191}}}), bytes({0, 0, 1, 1, 1, 0xC0, 0x40, 0xDF, 0xFF}));
  EXPECT_EQ(tensor_slice_key("", {{{8192, -65}}}), bytes({0, 0, 1, 1, 1, 0xE0, 0x20, 0x00, 0x3F, 0xBF}));
  // All ten bytes.
  EXPECT_EQ(tensor_slice_key("", {{{INT64_MAX, 63}}}),
            bytes({0, 0, 1, 1, 1, 0xFF, 0xC0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBF}));
}

TEST(TensorSlices, AreEveryElementOnceOrRefused) {
  const std::vector<std::int64_t> shape = {4, 6};
  const TensorSlice left{{{0, 4}, {0, 2}}};
  const TensorSlice right{{{0, 4}, {2, 4}}};
  const TensorSlice middle{{{0, 4}, {1, 2}}};
  EXPECT_EQ(check_tensor_slices(std::vector{left, right}, shape), "");
  EXPECT_NE(check_tensor_slices(std::vector{left}, shape), "");
  EXPECT_NE(check_tensor_slices(std::vector{left, left, left}, shape), "");
  EXPECT_NE(check_tensor_slices(std::vector{left, middle, TensorSlice{{{0, 4}, {4, 2}}}}, shape), "");
  EXPECT_EQ(resolve_tensor_slice({{{0, -1}, {5, 2}}}, shape), std::nullopt);
  EXPECT_EQ(resolve_tensor_slice({{{0, -1}}}, shape), std::nullopt);
  EXPECT_EQ(resolve_tensor_slice({{{-1, 2}, {0, 1}}}, shape), std::nullopt);
  EXPECT_EQ(resolve_tensor_slice({{{0, -1}, {0, 2}}}, shape), left);
}

TEST(TensorSlices, RunsGiveEveryElementItsPlace) {
  const std::vector<std::int64_t> shape = {5, 4, 3};
  for (const auto& [start, length] :
       std::vector<std::pair<std::vector<int>, std::vector<int>>>{{{0, 0, 0}, {5, 4, 3}},
                                                                  {{1, 0, 0}, {3, 4, 3}},
                                                                  {{0, 1, 0}, {5, 2, 3}},
                                                                  {{2, 1, 1}, {2, 3, 2}},
                                                                  {{4, 3, 2}, {1, 1, 1}}}) {
    TensorSlice slice;
    for (int d = 0; d < 3; ++d)
      slice.extents.push_back({start[static_cast<std::size_t>(d)], length[static_cast<std::size_t>(d)]});
    for (const auto& [first, count] : {std::pair{0, 60}, {7, 20}, {30, 1}, {59, 1}}) {
      std::vector<std::int64_t> place(60, -1);
      visit_slice_runs(slice, shape, first, count, [&](const SliceRun& run) {
        for (std::int64_t i = 0; i < run.count; ++i)
          place[static_cast<std::size_t>(run.in_tensor + i)] = run.in_slice + i;
      });
      std::int64_t in_slice = 0;
      for (std::int64_t e = 0; e < 60; ++e) {
        const std::int64_t at[] = {e / 12, e / 3 % 4, e % 3};
        bool inside = true;
        for (std::size_t d = 0; d < 3; ++d) {
          inside =
              inside && at[d] >= slice.extents[d].start && at[d] < slice.extents[d].start + slice.extents[d].length;
        }
        const bool wanted = inside && e >= first && e < first + count;
        EXPECT_EQ(place[static_cast<std::size_t>(e)], wanted ? in_slice : -1) << e;
        if (inside) ++in_slice;
      }
    }
  }
}

TEST(Sstable, GivesBackWhatWasWrittenInOrder) {
  const TemporaryDirectory directory;
  std::vector<std::pair<std::string, std::string>> entries = {{"", "header"}};
  for (int i = 0; i < 9000; ++i) {
    char key[16];
    std::snprintf(key, sizeof key, "key%06d", i * 7);
    entries.emplace_back(key, std::string(static_cast<std::size_t>(i % 100), static_cast<char>(i)));
  }
  AtomicFile file(directory.file("table"));
  SstableWriter writer(file);
  for (const auto& [key, value] : entries) writer.add(key, value);
  writer.finish();
  file.commit();
  SstableReader reader(directory.file("table"));
  EXPECT_GT(reader.blocks(), 1U);
  std::vector<std::pair<std::string, std::string>> read;
  for (std::size_t block = 0; block < reader.blocks(); ++block) {
    reader.visit(block, [&](std::string_view key, std::string_view value) { read.emplace_back(key, value); });
  }
  EXPECT_EQ(read, entries);
}

TEST(Sstable, ABlockWhoseEntriesLeaveItIsRefused) {
  const auto visit = [](const std::string& block) {
    visit_sstable_block(block, "here", [](std::string_view, std::string_view) {});
  };
  const std::string end = bytes({0, 0, 0, 0, 1, 0, 0, 0});
  visit(bytes({0, 1, 1, 'a', 'v', 1, 1, 0, 'b'}) + end);
  EXPECT_KIN_ERROR(visit("abc"), ErrorCode::kCorruption, "here");
  EXPECT_KIN_ERROR(visit(bytes({9, 0, 0, 0})), ErrorCode::kCorruption, "restarts");
  EXPECT_KIN_ERROR(visit(bytes({1, 1, 0, 'a'}) + end), ErrorCode::kCorruption, "byte 0");
  EXPECT_KIN_ERROR(visit(bytes({0, 1, 5, 'a', 'v'}) + end), ErrorCode::kCorruption, "byte 0");
  EXPECT_KIN_ERROR(visit(bytes({0, 1, 0, 'a', 0, 1, 0, 'a'}) + end), ErrorCode::kCorruption, "do not rise");
  EXPECT_KIN_ERROR(visit(bytes({0, 1, 0, 'b', 0, 1, 0, 'a'}) + end), ErrorCode::kCorruption, "do not rise");
}

// The bundles of TensorFlow Serving and others, of which some have Snappy blocks.
TEST(RealBundles, AreRead) {
  const char* folder = std::getenv("KIN_TF_BUNDLES");
  if (folder == nullptr) GTEST_SKIP() << "KIN_TF_BUNDLES names no folder of real checkpoints";
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".index") continue;
    const auto file = open_tensor_file(entry.path().string());
    EXPECT_FALSE(file->tensors().empty());
    for (const StoredTensor& tensor : file->tensors()) {
      if (tensor.type == StoredType::kString) {
        EXPECT_EQ(file->read_strings(tensor).size(), static_cast<std::size_t>(tensor.elements()));
      } else {
        file->read_matrix(tensor);
      }
    }
    ++read;
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace kin
