#include "kinspace/formats/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "kinspace/base/error.h"

namespace kin {
namespace {

using testing::HasSubstr;

std::string archive(std::span<const TensorSource> arrays) {
  std::string out;
  write_npz(arrays, [&](std::string_view piece) { out += piece; });
  return out;
}

TensorSource integers(const std::string& name, const std::vector<std::int64_t>& values) {
  return TensorSource::contiguous<std::int64_t>(name, {static_cast<std::int64_t>(values.size())}, values);
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t out = 0;
  std::memcpy(&out, bytes.data() + at, 4);
  return out;
}

TEST(Npz, HoldsEachArrayAsAnNpyFile) {
  const std::vector<std::int64_t> ids = {1, -1, 7};
  const std::vector<float> dense = {0.5F, 1.5F};
  const TensorSource arrays[] = {integers("a.ids", ids),
                                 TensorSource::contiguous<float>("b", {2, 1}, std::span<const float>(dense))};
  const std::string bytes = archive(arrays);
  EXPECT_TRUE(bytes.starts_with("PK\x03\x04"));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }"));
  // The end names a directory that lies where it says, with as many entries.
  const std::size_t end = bytes.size() - 22;
  EXPECT_EQ(bytes.substr(end, 4), "PK\x05\x06");
  EXPECT_EQ(bytes[end + 10], 2);
  const std::uint32_t directory = number_at(bytes, end + 16);
  EXPECT_EQ(bytes.substr(directory, 4), "PK\x01\x02");
  EXPECT_EQ(directory + number_at(bytes, end + 12), end);
}

TEST(Npz, OfNothingIsAnEmptyArchive) {
  EXPECT_EQ(archive({}).size(), 22U);
}

TEST(Npz, RefusesTwoArraysOfOneName) {
  const std::vector<std::int64_t> ids = {1};
  const TensorSource arrays[] = {integers("a", ids), integers("a", ids)};
  EXPECT_THROW(archive(arrays), Error);
}

TEST(Npz, RefusesAShapeThatDoesNotFit) {
  const std::vector<float> values = {1, 2, 3};
  const TensorSource arrays[] = {TensorSource::contiguous<float>("a", {2, 2}, std::span<const float>(values))};
  EXPECT_THROW(archive(arrays), Error);
}

}  // namespace
}  // namespace kin
