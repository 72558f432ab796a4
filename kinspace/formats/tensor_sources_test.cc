#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kinspace/base/random.h"
#include "kinspace/formats/find_checkpoint.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/npy.h"
#include "kinspace/formats/npz.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_bundle_writer.h"
#include "kinspace/formats/write_vectors.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Matrix some_matrix(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  RandomStream random(7, Purpose::kPick, 0, static_cast<std::uint64_t>(rows * 1000 + cols));
  for (float& value : matrix.values()) {
    const float power = std::ldexp(1.0F, static_cast<int>(random.below(60)) - 30);
    value = (static_cast<float>(random.below(2'000'001)) - 1e6F) * power;
  }
  return matrix;
}

TokenList keys_of(std::int64_t rows) {
  TokenList keys;
  for (std::int64_t r = 0; r < rows; ++r) keys.add("key" + std::to_string(r) + (r % 3 == 0 ? "é" : ""));
  return keys;
}

void expect_equal(ConstMatrixView a, ConstMatrixView b) {
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.cols, b.cols);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    ASSERT_EQ(std::memcmp(a.row(r), b.row(r), static_cast<std::size_t>(a.cols) * sizeof(float)), 0) << "row " << r;
  }
}

std::string vectors_text(VectorFormat format, const Matrix& matrix, const TokenList* keys) {
  std::string text;
  write_vectors(format, matrix.view(), keys, [&](std::string_view piece) { text.append(piece); });
  return text;
}

struct Form {
  VectorFormat format;
  const char* name;
};
constexpr Form kForms[] = {{VectorFormat::kWord2vec, "word2vec"},
                           {VectorFormat::kWord2vecBinary, "word2vec-bin"},
                           {VectorFormat::kGlove, "glove"},
                           {VectorFormat::kCsv, "csv"}};

class TensorSources : public testing::Test {
 protected:
  std::unique_ptr<TensorFile> open(const std::string& content, const std::string& name = "file") {
    spill(directory_.file(name), content);
    return open_tensor_file(directory_.file(name));
  }
  std::string path(const std::string& name) const { return directory_.file(name); }

  TemporaryDirectory directory_;
};

TEST_F(TensorSources, VectorsComeBackFromEveryTextFormatToTheLastBit) {
  for (const Form& form : kForms) {
    for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 7}, {3, 2}, {1025, 3}, {2, 3000}, {2100, 17}}) {
      SCOPED_TRACE(std::string(form.name) + " " + std::to_string(rows) + "x" + std::to_string(cols));
      const Matrix matrix = some_matrix(rows, cols);
      const TokenList keys = keys_of(rows);
      const auto file = open(vectors_text(form.format, matrix, &keys));
      EXPECT_EQ(file->format(), form.name);
      const StoredTensor& tensor = file->require("vectors");
      EXPECT_EQ(tensor.describe(), "float32 [" + std::to_string(rows) + ", " + std::to_string(cols) + "]");
      expect_equal(file->read_matrix(tensor).view(), matrix.view());
      const TokenList* tokens = file->tokens(tensor);
      ASSERT_NE(tokens, nullptr);
      ASSERT_EQ(tokens->size(), keys.size());
      for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ((*tokens)[i], keys[i]);
    }
  }
}

TEST_F(TensorSources, AnyRowsOfAFileAreTheRowsOfTheWhole) {
  const Matrix matrix = some_matrix(2100, 5);
  const TokenList keys = keys_of(2100);
  std::vector<std::unique_ptr<TensorFile>> files;
  for (const Form& form : kForms) files.push_back(open(vectors_text(form.format, matrix, &keys), form.name));
  write_tf_bundle(path("m.ckpt"), {TensorSource::rows("t", matrix.view())});
  files.push_back(open_tensor_file(path("m.ckpt")));
  write_safetensors(directory_.path(), "m.safetensors", {TensorSource::rows("t", matrix.view())});
  files.push_back(open_tensor_file(path("m.safetensors")));
  std::string npz;
  const std::vector<TensorSource> arrays = {TensorSource::rows("t", matrix.view())};
  write_npz(arrays, [&](std::string_view piece) { npz.append(piece); });
  files.push_back(open(npz, "m.npz"));
  std::string npy;
  write_npy(matrix.view(), [&](std::string_view piece) { npy.append(piece); });
  files.push_back(open(npy, "m.npy"));
  for (const auto& file : files) {
    SCOPED_TRACE(std::string(file->format()));
    const StoredTensor& tensor = file->tensors().front();
    for (const auto& [first, rows] :
         {std::pair{2099, 1}, {0, 1}, {1000, 30}, {1024, 1}, {1023, 2}, {7, 0}, {0, 2100}}) {
      Matrix part(rows, 5);
      file->read_rows(tensor, part.view(), first);
      expect_equal(part.view(), {matrix.row(first), rows, 5, 5});
    }
    Matrix wide(3, 9);
    file->read_rows(tensor, {wide.row(0) + 2, 3, 5, 9}, 40);
    EXPECT_EQ(wide.row(1)[3], matrix.row(41)[1]);
    EXPECT_EQ(wide.row(1)[1], 0);
    Matrix beyond(2, 5);
    EXPECT_KIN_ERROR(file->read_rows(tensor, beyond.view(), 2099), ErrorCode::kInvalidArgument, "2099");
    EXPECT_KIN_ERROR(file->read_rows(tensor, beyond.view(), -1), ErrorCode::kInvalidArgument, "-1");
    Matrix narrow(2, 4);
    EXPECT_KIN_ERROR(file->read_rows(tensor, narrow.view(), 0), ErrorCode::kInvalidArgument, "4 columns");
    EXPECT_KIN_ERROR(file->read_strings(tensor), ErrorCode::kInvalidArgument, "strings are needed");
  }
}

TEST_F(TensorSources, WordVectorsOfOtherProgramsAreRead) {
  // The original word2vec ends each line with a blank, and fastText too; GloVe has keys with blanks in them.
  auto file = open("2 3\n</s> 0.5 -1 2e-3 \nking 1 2 3 \n");
  EXPECT_EQ(file->format(), "word2vec");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[0], "</s>");
  EXPECT_EQ(file->read_matrix(file->tensors()[0]).row(0)[2], 2e-3F);

  file = open("the 0.5 1\n. . . 2 3\n, 4 5\n");
  EXPECT_EQ(file->format(), "glove");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[1], ". . .");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[2], ",");
  EXPECT_THAT(file->read_matrix(file->tensors()[0]).values(), ElementsAre(0.5F, 1, 2, 3, 4, 5));

  // Word2vec's binary vectors may follow each other without line feeds.
  const float numbers[] = {1.5F, -2};
  const std::string bytes(reinterpret_cast<const char*>(numbers), sizeof numbers);
  file = open("2 2\nking " + bytes + "queen " + bytes);
  EXPECT_EQ(file->format(), "word2vec-bin");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[1], "queen");
  EXPECT_THAT(file->read_matrix(file->tensors()[0]).values(), ElementsAre(1.5F, -2, 1.5F, -2));

  file = open("item;a;b\r\n\"x;\"\"y\"\"\";1;+2\r\nz;3;4");
  EXPECT_EQ(file->format(), "csv");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[0], "x;\"y\"");
  EXPECT_THAT(file->read_matrix(file->tensors()[0]).values(), ElementsAre(1, 2, 3, 4));

  file = open("12\t0.25\t1e-300\n13\t7\t8\n");
  EXPECT_EQ(file->format(), "csv");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[1], "13");
  EXPECT_THAT(file->read_matrix(file->tensors()[0]).values(), ElementsAre(0.25F, 0, 7, 8));
}

TEST_F(TensorSources, DamagedVectorsNameTheLine) {
  const auto refused = [&](const std::string& content, const std::string& part) {
    EXPECT_KIN_ERROR(
        [&] {
          const auto file = open(content, "vectors.txt");
          file->read_matrix(file->tensors()[0]);
        }(),
        ErrorCode::kCorruption, "vectors.txt", part);
  };
  refused("3 2\na 1 2\nb 3 4\n", "promises 3 vectors; it has 2");
  refused("1 2\na 1 2\nb 3 4\n", "promises 1 vectors; it has 2");
  refused("2 2\na 1 2\nb 3\n", "line 3");
  refused("a 1 2\nb 3 x\n", "line 2");
  refused("a 1 2\nb 3\n", "line 2");
  refused("a,1,2\nb,3\n", "line 2");
  refused("a,1,2\nb,3,\n", "line 2");
  refused("a,1,2\n\"b,3,4\n", "line 2");
  refused("a 1 2\nb 3 1e999\n", "line 2");
  refused(std::string("2 2\nking \0\0\0\0\0\0\0\0\nqueen \0\0\0\0", 28), "ends within vector 2");
  refused(std::string("2 2\nking \0\0\0\0\0\0\0\0\nqueen", 23), "ends within the key");
  refused("99999999999 99999999999\nking", "cannot stand in");
  EXPECT_KIN_ERROR(open("just some text\nof no kind\n"), ErrorCode::kNotSupported, "no file of tensors");
  EXPECT_KIN_ERROR(open(""), ErrorCode::kNotSupported, "no file of tensors");
  EXPECT_KIN_ERROR(open_tensor_file(path("nothing")), ErrorCode::kIo, "nothing");
  EXPECT_KIN_ERROR(open_tensor_file(path("nothing"), {.format = "worb2vec"}), ErrorCode::kInvalidArgument,
                   "did you mean 'word2vec'");
}

TEST_F(TensorSources, KeysThatAFormatCannotHoldAreChangedAndCounted) {
  const Matrix matrix = some_matrix(3, 2);
  TokenList keys;
  for (const char* key : {"Pulp Fiction", "a\tb\n", ""}) keys.add(key);
  std::string text;
  EXPECT_EQ(write_vectors(VectorFormat::kWord2vec, matrix.view(), &keys, [&](auto piece) { text.append(piece); }), 3);
  auto file = open(text);
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[0], "Pulp_Fiction");
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[1], "a_b_");
  text.clear();
  EXPECT_EQ(write_vectors(VectorFormat::kCsv, matrix.view(), &keys, [&](auto piece) { text.append(piece); }), 2);
  file = open(text);
  EXPECT_EQ((*file->tokens(file->tensors()[0]))[0], "Pulp Fiction");

  TokenList same;
  for (const char* key : {"a b", "a_b", "c"}) same.add(key);
  EXPECT_KIN_ERROR(vectors_text(VectorFormat::kGlove, matrix, &same), ErrorCode::kInvalidArgument, "'a_b'");
  Matrix bad = some_matrix(3, 2);
  bad.row(1)[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_KIN_ERROR(vectors_text(VectorFormat::kCsv, bad, &same), ErrorCode::kBadData, "'a_b'");
  EXPECT_KIN_ERROR(vectors_text(VectorFormat::kCsv, some_matrix(2, 2), &same), ErrorCode::kInvalidArgument, "3 keys");
  EXPECT_EQ(vectors_text(VectorFormat::kGlove, Matrix(2, 1), nullptr), "0 0\n1 0\n");
}

TEST_F(TensorSources, NumpyFilesOfEveryTypeAreReadAndDamageIsNamed) {
  const auto npy = [](const std::string& header, const std::string& data, int version = 1) {
    std::string text("\x93NUMPY", 6);
    text.push_back(static_cast<char>(version));
    text.push_back('\0');
    text.push_back(static_cast<char>(header.size()));
    text.append(version == 1 ? 1 : 3, '\0');
    return text + header + data;
  };
  const std::string half("\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8);  // 1, -2, 2^-24, 65504
  auto file = open(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }\n", half));
  EXPECT_THAT(file->read_matrix(file->require("array")).values(), ElementsAre(1, -2, 0x1p-24F, 65504));
  const std::int64_t numbers[] = {1, -5, 1 << 24, (1LL << 24) + 1};
  const std::string integers(reinterpret_cast<const char*>(numbers), sizeof numbers);
  file = open(npy("{'shape': (4,), 'descr': '<i8', 'fortran_order': True}", integers, 2));
  EXPECT_THAT(file->read_integers(file->require("array")), ElementsAre(1, -5, 1 << 24, (1 << 24) + 1));
  EXPECT_KIN_ERROR(file->read_matrix(file->require("array")), ErrorCode::kBadData, "element 3", "16777217");
  file = open(npy("{'descr': '<f2', 'fortran_order': True, 'shape': (2, 2), }", half));
  EXPECT_KIN_ERROR(file->read_matrix(file->require("array")), ErrorCode::kNotSupported, "fortran_order");
  file = open(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", half));
  EXPECT_EQ(file->require("array").describe(), "other [2]");
  EXPECT_KIN_ERROR(file->read_matrix(file->require("array")), ErrorCode::kNotSupported, "other [2]");

  const auto refused = [&](const std::string& header, const std::string& part) {
    EXPECT_KIN_ERROR(open(npy(header, half), "array.npy"), ErrorCode::kCorruption, "array.npy", part);
  };
  refused("{'descr': '<f2', 'fortran_order': False, 'shape': (3, 2), }", "8 bytes follow");
  refused("{'descr': '<f2', 'fortran_order': False, 'shape': (-1,), }", "no file can hold");
  refused("{'descr': '<f2', 'fortran_order': False, 'shape': (9223372036854775807, 4), }", "no file can hold");
  refused("{'descr': '<f2', 'fortran_order': False}", "header is damaged");
  refused("{'descr': '<f2', 'fortran_order': No, 'shape': (4,)}", "header is damaged");
  refused("['descr']", "header is damaged");
  EXPECT_KIN_ERROR(open(npy("{}", "", 9)), ErrorCode::kNotSupported, "version 9");
}

TEST_F(TensorSources, ARunHasItsVocabulariesAsTokens) {
  Matrix table = some_matrix(4, 3);
  Manifest manifest;
  manifest.spec = "{}";
  manifest.files = {
      write_safetensors(directory_.path(), weights_path(5),
                        {TensorSource::rows("genre/embedding", table.view()), TensorSource::rows("other", table.view()),
                         TensorSource::rows("watched/embedding", table.view())}),
      write_vocabulary_text(directory_.path(), vocabulary_path("watched"),
                            {std::vector<std::int64_t>{5, -7, 9}, {3, 2, 1}}),
      write_vocabulary_text(directory_.path(), vocabulary_path("genre"), {std::vector<std::string>{"a", "b"}, {3, 2}})};
  publish_manifest(directory_.path(), manifest);
  const auto file = open_tensor_file(directory_.path());
  EXPECT_EQ(file->format(), "run");
  expect_equal(file->read_matrix(file->require("watched/embedding")).view(), table.view());
  const TokenList* keys = file->tokens(file->require("watched/embedding"));
  ASSERT_NE(keys, nullptr);
  EXPECT_EQ((*keys)[1], "-7");
  EXPECT_EQ(file->tokens(file->require("other")), nullptr);
  EXPECT_EQ(file->tokens(file->require("genre/embedding")), nullptr);  // two keys cannot name four rows
  EXPECT_KIN_ERROR(file->require("watched/embeddings"), ErrorCode::kNotFound, "did you mean 'watched/embedding'");
}

TEST_F(TensorSources, AWrittenCheckpointHoldsWhatWasGiven) {
  const Matrix matrix = some_matrix(50, 12);
  const std::vector<std::int64_t> step = {123};
  const std::vector<float> bias = {1, -0.0F, 3};
  std::vector<TensorSource> tensors = {TensorSource::contiguous<std::int64_t>("global_step", {}, step),
                                       TensorSource::rows("emb", {matrix.row(0) + 2, 50, 8, 12}),
                                       TensorSource::contiguous<float>("dnn/bias", {3}, bias),
                                       TensorSource::contiguous<float>("empty", {0, 4}, {})};
  // So many names need several blocks.
  std::vector<std::string> names;
  for (int i = 0; i < 4000; ++i) names.push_back(std::string(90, 'n') + std::to_string(i));
  for (const std::string& name : names)
    tensors.push_back(TensorSource::contiguous<float>(name, {1}, std::span(bias).first(1)));
  write_tf_bundle(path("model.ckpt-123"), tensors);
  write_checkpoint_state(directory_.path(), {.latest = "model.ckpt-123", .all = {"model.ckpt-123"}});
  const auto file = open_tensor_file(directory_.path());
  EXPECT_EQ(file->path(), path("model.ckpt-123"));
  EXPECT_EQ(file->tensors().size(), 4004U);
  EXPECT_THAT(file->read_integers(file->require("global_step")), ElementsAre(123));
  expect_equal(file->read_matrix(file->require("emb")).view(), {matrix.row(0) + 2, 50, 8, 12});
  EXPECT_TRUE(std::signbit(file->read_matrix(file->require("dnn/bias")).row(1)[0]));
  EXPECT_EQ(file->read_matrix(file->require("empty")).rows(), 0);
  EXPECT_EQ(file->read_matrix(file->require(names[777])).row(0)[0], 1);

  // The bytes are a function of the tensors.
  const std::string index = slurp(path("model.ckpt-123.index"));
  std::reverse(tensors.begin(), tensors.end());
  write_tf_bundle(path("model.ckpt-123"), tensors);
  EXPECT_EQ(slurp(path("model.ckpt-123.index")), index);

  std::vector<float> bad = {1, std::numeric_limits<float>::infinity()};
  EXPECT_KIN_ERROR(write_tf_bundle(path("bad"), {TensorSource::contiguous<float>("b", {2}, bad)}), ErrorCode::kBadData,
                   "'b'");
  EXPECT_FALSE(file_exists(path("bad.index")));
  EXPECT_FALSE(file_exists(path("bad.data-00000-of-00001")));
  EXPECT_KIN_ERROR(write_tf_bundle(path("bad"), {TensorSource::contiguous<float>("b", {3}, bad)}),
                   ErrorCode::kInvalidArgument, "shape");
  EXPECT_KIN_ERROR(write_tf_bundle(path("bad"), {TensorSource::contiguous<float>("", {2}, bad)}),
                   ErrorCode::kInvalidArgument, "name");
  EXPECT_KIN_ERROR(write_tf_bundle(path("bad"), {tensors[0], tensors[0]}), ErrorCode::kInvalidArgument, "twice");
}

TEST_F(TensorSources, APatternTakesTheHighestStepAndSaysSo) {
  const std::vector<float> one = {1};
  for (const char* name : {"model.ckpt-9", "model.ckpt-10", "model.ckpt-100", "other"}) {
    write_tf_bundle(path(name), {TensorSource::contiguous<float>(name, {1}, one)});
  }
  spill(path("model.ckpt-10.meta"), "graph");
  EXPECT_EQ(find_checkpoint(path("*ckpt-10")).prefix, path("model.ckpt-10"));
  EXPECT_TRUE(find_checkpoint(path("*ckpt-10")).notes.empty());
  const FoundCheckpoint found = find_checkpoint(path("model*"));
  EXPECT_EQ(found.prefix, path("model.ckpt-100"));
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_THAT(found.notes[0], HasSubstr("3 checkpoints match"));
  EXPECT_EQ(find_checkpoint(path("model.ckpt-1[0-9].index")).prefix, path("model.ckpt-10"));
  EXPECT_EQ(find_checkpoint(path("model.ckpt-10.meta")).prefix, path("model.ckpt-10"));
  EXPECT_EQ(find_checkpoint(path("other.data-00000-of-00001")).prefix, path("other"));
  const Error none = error_of([&] { find_checkpoint(path("*ckpt-7*")); });
  EXPECT_EQ(error_name(none.code()), "io");
  EXPECT_THAT(none.fix(), HasSubstr("model.ckpt-10, model.ckpt-100, model.ckpt-9, other"));
  EXPECT_THAT(error_of([&] { find_checkpoint(directory_.path()); }).message(), HasSubstr("no file 'checkpoint'"));
  // A path that exists is no pattern.
  write_tf_bundle(path("what?"), {TensorSource::contiguous<float>("w", {1}, one)});
  EXPECT_EQ(find_checkpoint(path("what?")).prefix, path("what?"));
}

TEST(CheckpointStateText, ReadsWhatItWrites) {
  const CheckpointState state{.latest = "a\"b\\c\n\xc3\xa9",
                              .all = {"model.ckpt-1", "/abs/model.ckpt-2"},
                              .times = {1.5, 1700000000.25},
                              .last_preserved = 0.1};
  EXPECT_EQ(parse_checkpoint_state(render_checkpoint_state(state)), state);
}

TEST(CheckpointStateText, IsReadAsTensorFlowReadsIt) {
  EXPECT_EQ(parse_checkpoint_state("")->latest, "");
  EXPECT_EQ(parse_checkpoint_state("# a comment\nmodel_checkpoint_path : 'x' \"y\\x41\\101\" ;")->latest, "xyAA");
  for (const char* bad :
       {"model_checkpoint_path: x", "model_checkpoint_path: \"x", "unknown: 1", "model_checkpoint_path",
        "model_checkpoint_path: \"a\" model_checkpoint_path: \"b\"", "last_preserved_timestamp: \"1\"",
        "model_checkpoint_path: \"a\nb\"", "model_checkpoint_path: \"\\q\"", "}"}) {
    EXPECT_EQ(parse_checkpoint_state(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace kin
