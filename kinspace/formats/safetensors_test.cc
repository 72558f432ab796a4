#include "kinspace/formats/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kinspace/base/random.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

std::string header_of(const std::string& file) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, file.data(), 8);
  return file.substr(8, bytes);
}

TEST(Safetensors, WritesTheBytesOfTheFormat) {
  TemporaryDirectory directory;
  const std::vector<float> values = {1, 2};
  const std::vector<std::uint8_t> flags = {7};
  write_safetensors(
      directory.path(), "t.safetensors",
      {TensorSource::contiguous<std::uint8_t>("a", {1}, flags), TensorSource::contiguous<float>("w", {1, 2}, values)},
      {{"by", "me"}});
  const std::string file = slurp(directory.file("t.safetensors"));
  const std::string header = header_of(file);
  // The wide type comes first, so that each tensor is aligned.
  const std::string json =
      R"({"__metadata__":{"by":"me"},"a":{"data_offsets":[8,9],"dtype":"U8","shape":[1]},"w":{"data_offsets":[0,8],"dtype":"F32","shape":[1,2]}})";
  EXPECT_EQ(header.substr(0, json.size()), json);
  EXPECT_EQ(header.find_first_not_of(' ', json.size()), std::string::npos);
  EXPECT_EQ((8 + header.size()) % 64, 0U);
  EXPECT_EQ(file.substr(8 + header.size()), std::string("\0\0\x80\x3f\0\0\0\x40\x07", 9));
}

TEST(Safetensors, BytesDependOnTheTensorsAlone) {
  TemporaryDirectory directory;
  const std::vector<float> values = {1, 2, 3, 4};
  const std::vector<double> wide = {5};
  const auto a = TensorSource::contiguous<float>("a", {4}, values);
  const auto b = TensorSource::contiguous<float>("b", {2, 2}, values);
  const auto c = TensorSource::contiguous<double>("c", {}, wide);
  const auto one = write_safetensors(directory.path(), "1", {a, b, c});
  const auto two = write_safetensors(directory.path(), "2", {c, b, a});
  EXPECT_EQ(slurp(directory.file("1")), slurp(directory.file("2")));
  EXPECT_EQ(one.checksum, two.checksum);
}

template <class T>
class SafetensorsOf : public testing::Test {};
using Types = testing::Types<std::uint8_t, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(SafetensorsOf, Types);

TYPED_TEST(SafetensorsOf, ComesBackAsWritten) {
  TemporaryDirectory directory;
  std::vector<TypeParam> values;
  for (int i = 0; i < 24; ++i) values.push_back(static_cast<TypeParam>(i * i + 1));
  const std::vector<TypeParam> scalar = {static_cast<TypeParam>(9)};
  const FileRecord record = write_safetensors(directory.path(), "t",
                                              {TensorSource::contiguous<TypeParam>("cube", {2, 3, 4}, values),
                                               TensorSource::contiguous<TypeParam>("scalar", {}, scalar)});
  SafetensorsReader reader(directory.file("t"), &record);
  ASSERT_EQ(reader.tensors().size(), 2U);
  EXPECT_EQ(reader.tensors()[0].name, "cube");
  EXPECT_EQ(reader.require("cube", TensorTypeOf<TypeParam>::kType, std::vector<std::int64_t>{2, 3, 4}).shape.size(),
            3U);
  std::vector<TypeParam> got(24);
  reader.read<TypeParam>("cube", got);
  EXPECT_EQ(got, values);
  got.resize(1);
  reader.read<TypeParam>("scalar", got);
  EXPECT_EQ(got, scalar);
}

TEST(Safetensors, WritesRowsOfBf16AsTheFloatsThatTheyAre) {
  TemporaryDirectory directory;
  std::vector<kernels::Bf16> halves(5 * 24);
  const RowsView rows(halves.data(), 5, 20, 48, Precision::kBf16);
  Matrix table(5, 20);
  for (std::size_t i = 0; i < table.values().size(); ++i) table.values()[i] = static_cast<float>(i) / 64;
  rows.write(0, table.view());
  const FileRecord record = write_safetensors(directory.path(), "t", {TensorSource::stored_rows("w", rows)});
  SafetensorsReader reader(directory.file("t"), &record);
  Matrix back(5, 20);
  reader.read_rows("w", back.view());
  EXPECT_TRUE(std::equal(back.values().begin(), back.values().end(), table.values().begin()));
}

TEST(Safetensors, WritesRowsThatLieApartAndReadsThemIntoRowsThatDo) {
  TemporaryDirectory directory;
  for (const std::int64_t rows : {0, 1, 2, 1000, 40'000}) {
    for (const std::int64_t cols : {0, 1, 3, 16}) {
      Matrix table(rows, 2 * cols + 1);
      RandomStream random(1, Purpose::kInit, 0, 0);
      for (float& value : table.values()) value = random.uniform();
      const FileRecord record =
          write_safetensors(directory.path(), "t", {TensorSource::rows("w", {table.row(0), rows, cols, 2 * cols + 1})});
      SafetensorsReader reader(directory.file("t"), &record);
      Matrix back(rows, cols + 5);
      reader.read_rows("w", {back.row(0), rows, cols, cols + 5});
      Matrix dense(rows, cols);
      reader.read_rows("w", dense.view());
      const std::int64_t first = rows / 3;
      Matrix part(rows - first, cols);
      reader.read_rows("w", part.view(), first);
      const auto same = [&](const float* got, std::int64_t r) { return std::equal(got, got + cols, table.row(r)); };
      for (std::int64_t r = 0; r < rows; ++r) {
        ASSERT_TRUE(same(back.row(r), r)) << r;
        ASSERT_TRUE(same(dense.row(r), r)) << r;
        ASSERT_TRUE(r < first || same(part.row(r - first), r)) << r;
        for (std::int64_t c = cols; c < cols + 5; ++c) ASSERT_EQ(back.row(r)[c], 0.0F);
      }
    }
  }
}

TEST(Safetensors, EveryTensorIsAlignedToItsTypeAndTheDataTo64Bytes) {
  TemporaryDirectory directory;
  const std::vector<std::uint8_t> small(13, 1);
  const std::vector<double> wide(3, 1);
  for (int length = 0; length < 70; ++length) {
    write_safetensors(
        directory.path(), "t",
        {TensorSource::contiguous<std::uint8_t>(std::string(1, 'a') + std::string(length, 'x'), {13}, small),
         TensorSource::contiguous<double>("z", {3}, wide)});
    const std::string file = slurp(directory.file("t"));
    const std::size_t data = 8 + header_of(file).size();
    EXPECT_EQ(data % 64, 0U);
    SafetensorsReader reader(directory.file("t"));
    EXPECT_EQ(reader.find("z")->begin % 8, 0U);
  }
}

TEST(Safetensors, TensorsWithoutElementsComeBack) {
  TemporaryDirectory directory;
  const std::span<const float> none;
  const std::vector<float> one = {1};
  const FileRecord record = write_safetensors(
      directory.path(), "t",
      {TensorSource::contiguous<float>("a", {0}, none), TensorSource::contiguous<float>("b", {5, 0, 7}, none),
       TensorSource::contiguous<float>("c", {1}, one), TensorSource::contiguous<float>("d", {0, 3}, none)});
  SafetensorsReader reader(directory.file("t"), &record);
  EXPECT_EQ(reader.find("b")->shape, (std::vector<std::int64_t>{5, 0, 7}));
  reader.read_rows("d", {nullptr, 0, 3, 3});
  std::vector<float> got(1);
  reader.read<float>("c", got);
  EXPECT_EQ(got, one);
}

TEST(Safetensors, AFileWithoutTensorsIsAFile) {
  TemporaryDirectory directory;
  const FileRecord record = write_safetensors(directory.path(), "t", {});
  SafetensorsReader reader(directory.file("t"), &record);
  EXPECT_TRUE(reader.tensors().empty());
}

TEST(Safetensors, MetadataComeBack) {
  TemporaryDirectory directory;
  const std::map<std::string, std::string> metadata = {{"a", "\"quoted\"\n"}, {"é", ""}};
  write_safetensors(directory.path(), "t", {}, metadata);
  EXPECT_EQ(SafetensorsReader(directory.file("t")).metadata(), metadata);
}

TEST(Safetensors, MapsRowsWhereTheyLie) {
  TemporaryDirectory directory;
  std::vector<float> values(3 * kChecksumBlock / sizeof(float));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto rows = static_cast<std::int64_t>(values.size() / 4);
  const FileRecord record =
      write_safetensors(directory.path(), "t", {TensorSource::contiguous<float>("a", {rows, 4}, values)});
  std::shared_ptr<FileMapping> kept;
  std::optional<MatrixView> some;
  {
    SafetensorsReader reader(directory.file("t"), &record);
    EXPECT_EQ(reader.mapping(), nullptr);
    some = reader.map_rows("a", 2, rows - 5);
    if (!some) GTEST_SKIP() << "files cannot be mapped here";
    kept = reader.mapping();
    EXPECT_EQ(reader.map_rows("a", 0, 0)->data + 8, some->data);
    EXPECT_KIN_ERROR(reader.map_rows("a", 2, rows), ErrorCode::kCorruption, "or more, 4]");
    EXPECT_KIN_ERROR(reader.map_rows("b", 0, 1), ErrorCode::kCorruption, "no tensor 'b'");
  }
  EXPECT_EQ(some->rows, rows - 5);
  EXPECT_EQ(some->stride, 4);
  EXPECT_TRUE(std::equal(values.begin() + 8, values.end() - 12, some->data));
}

TEST(Safetensors, DoesNotMapFloatsThatAreNotAligned) {
  TemporaryDirectory directory;
  const std::string json = R"({"a":{"data_offsets":[0,8],"dtype":"F32","shape":[1,2]}})";
  for (const std::size_t pad : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    const std::string header = json + std::string((4 - json.size() % 4) % 4 + pad, ' ');
    const std::uint64_t length = header.size();
    const float values[2] = {3, 4};
    spill(directory.file("t"), std::string(reinterpret_cast<const char*>(&length), 8) + header +
                                   std::string(reinterpret_cast<const char*>(values), 8));
    SafetensorsReader reader(directory.file("t"));
    const bool aligned = reader.map_rows("a", 0, 1).has_value();
    EXPECT_TRUE(pad == 0 || !aligned);
    Matrix to(1, 2);
    reader.read_rows("a", to.view());
    EXPECT_EQ(to.row(0)[1], 4);
  }
}

TEST(Safetensors, RefusesToWriteWhatNobodyCouldRead) {
  TemporaryDirectory directory;
  const std::vector<float> values = {1, 2, 3, 4};
  const auto write = [&](std::vector<TensorSource> tensors) {
    write_safetensors(directory.path(), "t", std::move(tensors));
  };
  const auto source = [&](std::string name, std::vector<std::int64_t> shape) {
    return TensorSource::contiguous<float>(std::move(name), std::move(shape), values);
  };
  EXPECT_KIN_ERROR(write({source("a", {4}), source("a", {4})}), ErrorCode::kInvalidArgument, "two tensors", "'a'");
  EXPECT_KIN_ERROR(write({source("__metadata__", {4})}), ErrorCode::kInvalidArgument, "__metadata__");
  EXPECT_KIN_ERROR(write({source("\xff", {4})}), ErrorCode::kInvalidArgument, "\\xff");
  EXPECT_KIN_ERROR(write({source("a", {5})}), ErrorCode::kInvalidArgument, "'a'", "[5]", "16 bytes");
  EXPECT_KIN_ERROR(write({source("a", {-4})}), ErrorCode::kInvalidArgument, "[-4]");
  EXPECT_KIN_ERROR(write({source("a", {std::int64_t{1} << 62, 8})}), ErrorCode::kInvalidArgument, "'a'");
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(Safetensors, SaysWhatThereIsWhenAnotherTensorIsAskedFor) {
  TemporaryDirectory directory;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  write_safetensors(directory.path(), "t", {TensorSource::contiguous<float>("item_bias", {2, 3}, values)});
  SafetensorsReader reader(directory.file("t"));
  std::vector<float> to(6);
  std::vector<double> wide(3);
  EXPECT_KIN_ERROR(reader.read<float>("item_bais", to), ErrorCode::kCorruption, directory.file("t"),
                   "did you mean 'item_bias'?");
  EXPECT_KIN_ERROR(reader.read<double>("item_bias", wide), ErrorCode::kCorruption, "F32 [2, 3]", "F64 of 3");
  to.resize(5);
  EXPECT_KIN_ERROR(reader.read<float>("item_bias", to), ErrorCode::kCorruption, "F32 [2, 3]", "5 elements");
  EXPECT_KIN_ERROR(reader.require("item_bias", TensorType::kF32, std::vector<std::int64_t>{3, 2}),
                   ErrorCode::kCorruption, "F32 [2, 3]", "F32 [3, 2]");
  Matrix rows(2, 3);
  EXPECT_KIN_ERROR(reader.read_rows("item_bias", rows.view(), 1), ErrorCode::kCorruption, "F32 [3 or more, 3]");
  EXPECT_KIN_ERROR(reader.read_rows("item_bias", Matrix(1, 2).view()), ErrorCode::kCorruption, "2]");
}

TEST(Safetensors, WritesNothingWhenTheFolderIsMissing) {
  TemporaryDirectory directory;
  EXPECT_KIN_ERROR(write_safetensors(directory.file("none"), "t", {}), ErrorCode::kIo, "none/t");
}

}  // namespace
}  // namespace kin
