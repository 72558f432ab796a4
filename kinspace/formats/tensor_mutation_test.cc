#include <gtest/gtest.h>

#include <map>

#include "kinspace/base/random.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/npy.h"
#include "kinspace/formats/npz.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_bundle_writer.h"
#include "kinspace/formats/write_vectors.h"

// Files of every format of tensors are changed at random places: what is read is an error with a type, or a file of
// tensors; with checksums, the same tensors.

namespace kin {
namespace {

constexpr std::uint64_t kSeed = 20;
constexpr std::uint64_t kMutations = 2000;

std::string golden(const std::string& name) {
  return slurp(KIN_SOURCE_DIR "/tests/golden/training/checkpoints/" + name);
}

std::string small_vectors(VectorFormat format) {
  Matrix matrix(7, 3);
  for (std::int64_t i = 0; i < 21; ++i) matrix.values()[static_cast<std::size_t>(i)] = 0.375F * static_cast<float>(i);
  TokenList keys;
  for (const char* key : {"a", "king", "x\"y", "1,2", "é", "b;c", "z"}) keys.add(key);
  std::string text;
  write_vectors(format, matrix.view(), &keys, [&](std::string_view piece) { text.append(piece); });
  return text;
}

/// Everything that a file holds, as one text.
std::string dump(const std::string& path, const std::string& format) {
  const auto file = open_tensor_file(path, {.format = format});
  std::string all;
  for (const StoredTensor& tensor : file->tensors()) {
    all += tensor.name + " " + tensor.describe() + "\n";
    if (tensor.type == StoredType::kString) {
      for (const std::string& text : file->read_strings(tensor)) all += text + "\n";
    } else if (stored_type_bytes(tensor.type) == 0) {
      file->read_matrix(tensor);  // which is refused
    } else {
      // In the order of the tensor, wherever the pieces come from.
      std::string bytes;
      const std::uint64_t width = stored_type_bytes(tensor.type);
      file->read_elements(tensor, 0, tensor.elements(), [&](std::int64_t first, std::string_view piece) {
        const std::size_t at = static_cast<std::size_t>(first) * width;
        if (bytes.size() < at + piece.size()) bytes.resize(at + piece.size());
        bytes.replace(at, piece.size(), piece);
      });
      all += bytes;
    }
    if (const TokenList* tokens = file->tokens(tensor)) {
      for (std::size_t i = 0; i < tokens->size(); ++i) all.append((*tokens)[i]).push_back('\n');
    }
  }
  return all;
}

std::string mutated(const std::string& original, RandomStream& random) {
  std::string content = original;
  const auto at = [&] { return static_cast<std::size_t>(random.below(content.size())); };
  switch (random.below(4)) {
    case 0:
      content.resize(at());
      break;
    case 1:
      for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
        const std::size_t place = at();
        content[place] = static_cast<char>(content[place] ^ (1 << random.below(8)));
      }
      break;
    case 2:
      content.replace(at(), random.below(20), original, random.below(original.size()), random.below(20));
      break;
    default: {  // a number of 4 or 8 bytes, where a size may be
      const std::uint64_t values[] = {0,          1,          0x7F,       0xFF,      0xFFFF,
                                      0x7FFFFFFF, 0xFFFFFFFF, UINT64_MAX, INT64_MAX, random.next_u32()};
      const std::uint64_t value = values[random.below(std::size(values))];
      const std::size_t width = random.below(2) == 0 ? 4 : 8;
      const std::size_t place = at();
      content.replace(place, std::min(width, content.size() - place),
                      std::string(reinterpret_cast<const char*>(&value), width));
    }
  }
  return content;
}

struct Mutated {
  std::string name;                          ///< for messages
  std::string format;                        ///< as open_tensor_file takes it
  std::string open;                          ///< what is opened
  std::map<std::string, std::string> files;  ///< name -> content
  std::string changed = "m";                 ///< the file that is changed
  bool checksums = false;
};

void PrintTo(const Mutated& m, std::ostream* out) {
  *out << m.name;
}

std::vector<Mutated> all_mutated() {
  std::vector<Mutated> all;
  const auto bundle = [&](const std::string& folder, const std::string& prefix, bool index) {
    const std::string data = golden(folder + prefix + ".data-00000-of-00001");
    const std::string text = golden(folder + prefix + ".index");
    const std::string data_name = "m.data-00000-of-00001";
    all.push_back({folder + (index ? "Index" : "Data"),
                   "tf-checkpoint",
                   "m",
                   {{"m.index", text}, {data_name, data}},
                   index ? "m.index" : data_name,
                   true});
  };
  bundle("dtypes", "/model.ckpt", true);
  bundle("dtypes", "/model.ckpt", false);
  bundle("partitioned", "/model.ckpt", true);
  bundle("keras_sequential", "/ckpt-1", true);
  all.push_back({"V1", "tf-checkpoint", "m", {{"m", golden("v1_format/model.ckpt")}}, "m", true});
  all.push_back({"Word2vec", "word2vec", "m", {{"m", small_vectors(VectorFormat::kWord2vec)}}, "m", false});
  all.push_back(
      {"Word2vecBinary", "word2vec-bin", "m", {{"m", small_vectors(VectorFormat::kWord2vecBinary)}}, "m", false});
  all.push_back({"Glove", "glove", "m", {{"m", small_vectors(VectorFormat::kGlove)}}, "m", false});
  all.push_back({"Csv", "csv", "m", {{"m", small_vectors(VectorFormat::kCsv)}}, "m", false});

  const std::vector<float> values = {1, 2.5F, -3, 0, 1e-30F, 6};
  const std::vector<std::int64_t> numbers = {5, -7};
  const std::vector<TensorSource> tensors = {TensorSource::contiguous<float>("table", {3, 2}, values),
                                             TensorSource::contiguous<std::int64_t>("ids", {2}, numbers)};
  std::string npz;
  write_npz(tensors, [&](std::string_view piece) { npz.append(piece); });
  all.push_back({"Npz", "npz", "m", {{"m", npz}}, "m", true});
  all.push_back({"Npy", "npy", "m", {{"m", npy_header("<f4", {3, 2}) + std::string(24, '\1')}}, "m", false});
  const TemporaryDirectory directory;
  write_safetensors(directory.path(), "m", tensors);
  all.push_back({"Safetensors", "safetensors", "m", {{"m", slurp(directory.file("m"))}}, "m", false});
  return all;
}

class TensorMutation : public testing::TestWithParam<Mutated> {};

TEST_P(TensorMutation, IsATypedErrorOrTheSameTensors) {
  const Mutated& m = GetParam();
  const TemporaryDirectory directory;
  for (const auto& [name, content] : m.files) spill(directory.file(name), content);
  const std::string whole = dump(directory.file(m.open), m.format);
  const std::string& original = m.files.at(m.changed);
  int refused = 0;
  for (std::uint64_t i = 0; i < kMutations && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 4, i);
    const std::string content = mutated(original, random);
    spill(directory.file(m.changed), content);
    try {
      const std::string read = dump(directory.file(m.open), m.format);
      EXPECT_TRUE(!m.checksums || read == whole) << "mutation " << i;
    } catch (const Error& error) {
      const std::string code(error_name(error.code()));
      EXPECT_TRUE(code == "corruption" || code == "not_supported" || code == "resource_limit" || code == "io")
          << i << ": " << code << ": " << error.message();
      EXPECT_NE(error.message().find(directory.file("m")), std::string::npos) << error.message();
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

INSTANTIATE_TEST_SUITE_P(Formats, TensorMutation, testing::ValuesIn(all_mutated()), [](const auto& test) {
  std::string name = test.param.name;
  std::erase(name, '_');
  return name;
});

// Numbers within the checked parts: blocks of an index are changed and their checksums made right again.
TEST(TensorMutationWithin, AnIndexWithRightChecksumsIsATypedErrorOrATensorFile) {
  const TemporaryDirectory directory;
  spill(directory.file("m.data-00000-of-00001"), golden("dtypes/model.ckpt.data-00000-of-00001"));
  spill(directory.file("m.index"), golden("dtypes/model.ckpt.index"));
  SstableReader table(directory.file("m.index"));
  std::vector<std::pair<std::string, std::string>> entries;
  for (std::size_t block = 0; block < table.blocks(); ++block) {
    table.visit(block, [&](std::string_view key, std::string_view value) { entries.emplace_back(key, value); });
  }
  int accepted = 0;
  for (std::uint64_t i = 0; i < kMutations && !HasFailure(); ++i) {
    RandomStream random(kSeed, Purpose::kPick, 5, i);
    auto changed = entries;
    std::string& value = changed[random.below(changed.size())].second;
    if (!value.empty()) value = mutated(value, random);
    AtomicFile file(directory.file("m.index"));
    SstableWriter writer(file);
    for (const auto& [key, text] : changed) writer.add(key, text);
    writer.finish();
    file.commit();
    try {
      dump(directory.file("m"), "tf-checkpoint");
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(exit_status(error.code()) == 4 || exit_status(error.code()) == 6, true) << i << ": " << error.message();
    }
  }
  EXPECT_GT(accepted, 10);
}

}  // namespace
}  // namespace kin
