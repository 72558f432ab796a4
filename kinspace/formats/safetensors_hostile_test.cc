#include <gtest/gtest.h>

#include <cstring>

#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

/// A file with that header text and so many zero bytes of data.
std::string file_with(const std::string& header, std::size_t data, std::uint64_t claimed) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &claimed, 8);
  return file + header + std::string(data, '\0');
}

std::string tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}";
}

class HostileSafetensors : public testing::Test {
 protected:
  Error open(const std::string& file) {
    spill(path_, file);
    return error_of([&] { SafetensorsReader reader(path_); });
  }

  /// Expects a refusal that names the file and has `part`.
  void refused(const std::string& header, std::size_t data, const std::string& part,
               ErrorCode code = ErrorCode::kCorruption) {
    const Error error = open(file_with(header, data, header.size()));
    EXPECT_EQ(error_name(error.code()), error_name(code)) << header.substr(0, 200);
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    EXPECT_NE(error.message().find(path_), std::string::npos) << error.message();
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("t.safetensors");
};

TEST_F(HostileSafetensors, RefusesLengthsOfTheHeaderThatTheFileDoesNotHave) {
  EXPECT_EQ(open("").code(), ErrorCode::kCorruption);
  EXPECT_EQ(open("1234567").code(), ErrorCode::kCorruption);
  for (const std::uint64_t claimed :
       {std::uint64_t{3}, std::uint64_t{100}, std::uint64_t{1} << 32, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    const Error error = open(file_with("{}", 0, claimed));
    EXPECT_EQ(error.code(), ErrorCode::kCorruption);
    EXPECT_NE(error.message().find(std::to_string(claimed)), std::string::npos) << error.message();
  }
  EXPECT_EQ(open(file_with("{}", 0, 0)).code(), ErrorCode::kCorruption);
  EXPECT_EQ(open(file_with("{}", 0, 1)).code(), ErrorCode::kCorruption);
}

TEST_F(HostileSafetensors, RefusesHeadersBeyond16MiBWithoutReadingThem) {
  spill(path_, file_with("{}", 0, (16U << 20) + 1));
  std::filesystem::resize_file(path_, 40U << 20);
  EXPECT_KIN_ERROR(SafetensorsReader(path_), ErrorCode::kCorruption, "16777217 bytes", "at most 16.0 MiB");
}

TEST_F(HostileSafetensors, AnAllocationBombOf88BytesIsRefused) {
  // ggml and llama.cpp allocated what such files claimed (CVE-2024-21802, ggml#1516).
  refused("{" + tensor("a", "F32", "1152921504606846976", "0,4611686018427387904") + "}", 4, "outside the 4 bytes");
  refused("{" + tensor("a", "F32", "1152921504606846976", "0,4") + "}", 4, "its shape needs 4611686018427387904");
}

TEST_F(HostileSafetensors, ShapesWhoseProductWrapsAreRefused) {
  for (const std::string shape :
       {"4294967296,4294967296", "9223372036854775807,2", "6148914691236517206,3", "2,2,2305843009213693952",
        "4611686018427387905,4", "9223372036854775807,9223372036854775807,0"}) {
    refused("{" + tensor("a", "F32", shape, "0,0") + "}", 0, "more elements than any file can hold");
  }
  refused("{" + tensor("a", "F64", "2305843009213693952", "0,0") + "}", 0, "more elements");
  refused("{" + tensor("a", "F32", "18446744073709551615", "0,4") + "}", 4, "too large");
  refused("{" + tensor("a", "F32", "18446744073709551616", "0,4") + "}", 4, "no place");
}

TEST_F(HostileSafetensors, ZeroDimensionsNeedZeroBytes) {
  // llama.cpp#24263: a zero dimension led to a division by zero.
  refused("{" + tensor("a", "F32", "0", "0,4") + "}", 4, "its shape needs 0");
  refused("{" + tensor("a", "F32", "1,0,5", "0,20") + "}", 20, "its shape needs 0");
  spill(path_, file_with("{" + tensor("a", "F32", "0,0", "0,0") + "}", 0, tensor("a", "F32", "0,0", "0,0").size() + 2));
  SafetensorsReader reader(path_);
  EXPECT_EQ(reader.find("a")->shape, (std::vector<std::int64_t>{0, 0}));
}

TEST_F(HostileSafetensors, OffsetsStayInsideTheFileWithoutHolesOrOverlap) {
  refused("{" + tensor("a", "F32", "1", "0,4") + "}", 3, "outside the 3 bytes");
  refused("{" + tensor("a", "F32", "1", "4,0") + "}", 8, "outside");
  refused("{" + tensor("a", "F32", "1", "18446744073709551612,18446744073709551615") + "}", 8, "outside");
  refused("{" + tensor("a", "F32", "1", "4,8") + "}", 8, "hole");
  refused("{" + tensor("a", "F32", "1", "0,4") + "}", 8, "bytes 4-7 of the data belong to no tensor");
  refused("{" + tensor("a", "F32", "1", "0,4") + "," + tensor("b", "F32", "1", "8,12") + "}", 12, "hole");
  refused("{" + tensor("a", "F32", "2", "0,8") + "," + tensor("b", "F32", "1", "4,8") + "}", 8, "overlap");
  refused("{" + tensor("a", "F32", "2", "0,8") + "," + tensor("b", "F32", "2", "0,8") + "}", 8, "overlap");
  refused("{" + tensor("a", "F32", "2", "0,8") + "," + tensor("b", "F32", "0", "4,4") + "}", 8, "overlap");
  refused("{}", 1, "bytes 0-0 of the data belong to no tensor");
}

TEST_F(HostileSafetensors, NamesComeOnce) {
  refused("{" + tensor("a", "F32", "1", "0,4") + "," + tensor("a", "F32", "1", "4,8") + "}", 8,
          "two tensors have the name 'a'");
  refused("{" + tensor("a", "F32", "1", "0,4") + "," + tensor("\\u0061", "F32", "1", "4,8") + "}", 8, "two tensors");
  refused(R"({"__metadata__":{},"__metadata__":{}})", 0, "comes twice");
  refused(R"({"__metadata__":{"k":"1","k":"2"}})", 0, "'k' comes twice");
  refused(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "'dtype' comes twice");
  refused(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4, "'shape' comes twice");
}

TEST_F(HostileSafetensors, UnknownElementTypesAreNotSupported) {
  refused("{" + tensor("a", "F8_E4M3", "4", "0,4") + "}", 4, "'F8_E4M3'", ErrorCode::kNotSupported);
  refused("{" + tensor("a", "f32", "1", "0,4") + "}", 4, "'f32'", ErrorCode::kNotSupported);
}

TEST_F(HostileSafetensors, DeepNestingEndsAtOnce) {
  for (const std::string open : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 1'000'000; ++i) deep += open;
    refused("{\"a\":" + deep, 0, open == "[" ? "no place" : "unknown member");
    refused(R"({"a":{"shape":)" + deep, 0, "no place");
    refused(R"({"__metadata__":{"a":)" + deep, 0, "no place");
  }
}

TEST_F(HostileSafetensors, WhateverStandsInAWrongPlaceIsRefused) {
  const std::string good = tensor("a", "F32", "1", "0,4");
  for (const std::string header : {"[]",
                                   "\"a\"",
                                   "7",
                                   "null",
                                   "",
                                   "{",
                                   "{\"a\"",
                                   "{}}",
                                   "{} x",
                                   " {}",
                                   "{\"a\":null}",
                                   "{\"a\":1}",
                                   "{\"a\":\"b\"}",
                                   "{\"a\":[]}",
                                   "{\"a\":{}}",
                                   R"({"a":{"dtype":"F32"}})",
                                   R"({"a":{"dtype":"F32","shape":[1]}})",
                                   R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})",
                                   R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})",
                                   R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})",
                                   R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[]}})",
                                   R"({"a":{"dtype":"F32","shape":[1],"data_offsets":["0",4]}})",
                                   R"({"a":{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}})",
                                   R"({"__metadata__":[]})",
                                   R"({"__metadata__":{"a":1}})",
                                   R"({"__metadata__":{"a":{}}})",
                                   R"({"__metadata__":"a"})",
                                   "{\"\xff\":{}}"}) {
    const Error error = open(file_with(header, 4, header.size()));
    EXPECT_EQ(error_name(error.code()), "corruption") << header << ": " << error.message();
    EXPECT_NE(error.message().find(path_), std::string::npos) << error.message();
  }
  std::string many = "1";
  for (int i = 0; i < 100; ++i) many += ",1";
  refused("{" + tensor("a", "F32", many, "0,4") + "}", 4, "dimensions");
  std::string metadata = R"({"__metadata__":{"a":"")";
  for (int i = 0; i < 100'000; ++i) metadata += ",\"" + std::to_string(i) + "\":\"\"";
  refused(metadata + "}}", 0, "more than 100000 metadata");
  spill(path_, file_with("{" + good + "}  ", 4, good.size() + 4));
  EXPECT_EQ(SafetensorsReader(path_).tensors().size(), 1U);
}

}  // namespace
}  // namespace kin
