#include "kinspace/formats/manifest.h"

#include <gtest/gtest.h>

#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

const std::string kSumA(32, 'a');
const std::string kSumB(32, 'b');

Manifest sample() {
  Manifest manifest;
  manifest.spec = R"({"train":{"lr":0.003,"batch":256},"spec":1,"name":"é"})";
  manifest.attributes = R"({"step":120,"loss":1.5,"big":18446744073709551615,"list":[1,-2,null,true]})";
  manifest.files = {{"weights-000120.safetensors", kChecksumBlock + 1, kSumA, {kSumA, kSumB}},
                    {"vocabulary/watched.txt", 10, kSumB, {kSumB}},
                    {"empty", 0, kSumA, {}}};
  return manifest;
}

/// The text with `from` replaced by `to` and the checksum made right again, as an attacker would.
std::string resealed(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const std::string body = text.substr(0, text.size() - 46);
  return body + " \"xxh3\": \"" + checksum_hex(body) + "\"\n}\n";
}

TEST(Manifest, TextIsSortedAndEndsInItsOwnChecksum) {
  Manifest manifest;
  manifest.spec = R"({"b":1.0,"a":0.003})";
  manifest.files = {{"w", 3, kSumA, {kSumB}}};
  const std::string body = R"({
 "attributes": {},
 "files": [
  {
   "blocks": [
    ")" + kSumB + R"("
   ],
   "bytes": 3,
   "checksum": ")" + kSumA +
                           R"(",
   "path": "w"
  }
 ],
 "format": "kinspace",
 "kind": "model",
 "spec": {
  "a": 0.003,
  "b": 1.0
 },
 "version": 1,
)";
  EXPECT_EQ(render_manifest(manifest), body + " \"xxh3\": \"" + checksum_hex(body) + "\"\n}\n");
}

TEST(Manifest, ComesBackWithSortedFilesAndCanonicalJson) {
  const Manifest manifest = sample();
  const std::string text = render_manifest(manifest);
  const Manifest back = parse_manifest(text, "model.json");
  EXPECT_EQ(back.kind, "model");
  EXPECT_EQ(back.spec, R"({"name":"é","spec":1,"train":{"batch":256,"lr":0.003}})");
  EXPECT_EQ(back.attributes, R"({"big":18446744073709551615,"list":[1,-2,null,true],"loss":1.5,"step":120})");
  ASSERT_EQ(back.files.size(), 3U);
  EXPECT_EQ(back.files[0], manifest.files[2]);
  EXPECT_EQ(back.files[1], manifest.files[1]);
  EXPECT_EQ(back.files[2], manifest.files[0]);
  EXPECT_EQ(back.checksum, text.substr(text.size() - 36, 32));
  EXPECT_EQ(render_manifest(back), text);
}

TEST(Manifest, TextDoesNotDependOnTheOrderGiven) {
  Manifest other = sample();
  std::swap(other.files[0], other.files[2]);
  other.spec = R"( {"name": "é", "spec": 1, "train": {"batch": 256, "lr": 3e-3}} )";
  EXPECT_EQ(render_manifest(other), render_manifest(sample()));
}

TEST(Manifest, EveryChangeOfAByteIsNoticed) {
  const std::string text = render_manifest(sample());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int change : {1, 0x20, 0x80}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ change);
      ASSERT_EQ(error_of([&] { parse_manifest(changed, "model.json"); }).code(), ErrorCode::kCorruption) << at;
    }
    for (const char extra : {' ', '\n', '0'}) {
      std::string longer = text;
      longer.insert(at, 1, extra);
      ASSERT_EQ(error_of([&] { parse_manifest(longer, "model.json"); }).code(), ErrorCode::kCorruption) << at;
    }
    ASSERT_EQ(error_of([&] { parse_manifest(text.substr(0, at), "model.json"); }).code(), ErrorCode::kCorruption) << at;
    ASSERT_EQ(error_of([&] { parse_manifest(text.substr(at + 1), "model.json"); }).code(), ErrorCode::kCorruption)
        << at;
  }
  EXPECT_KIN_ERROR(parse_manifest(text + "\n", "run/model.json"), ErrorCode::kCorruption, "run/model.json");
}

TEST(Manifest, RefusesNewerVersionsAndKindsPolitely) {
  const std::string text = render_manifest(sample());
  const std::string newer = resealed(text, "\"version\": 1", "\"version\": 7");
  EXPECT_KIN_ERROR(parse_manifest(newer, "run/model.json"), ErrorCode::kNotSupported, "run/model.json", "version 7",
                   "knows version 1");
  EXPECT_EQ(error_of([&] { parse_manifest(newer, "m"); }).fix(), "update Kinspace");
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"kind\": \"model\"", "\"kind\": \"graph\""), "m"),
                   ErrorCode::kNotSupported, "'graph'", "model, checkpoint and encoded");
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"format\": \"kinspace\"", "\"format\": \"other\""), "m"),
                   ErrorCode::kNotSupported, "no manifest of Kinspace");
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"kind\"", "\"extra\": 1, \"kind\""), "m"), ErrorCode::kNotSupported,
                   "does not know");
}

TEST(Manifest, RefusesPathsThatLeaveTheDirectory) {
  const std::string long_path(1001, 'x');
  for (const std::string& path :
       {std::string(), std::string("/etc/passwd"), std::string(".."), std::string("a/../../b"), std::string("a//b"),
        std::string("./a"), std::string("a/"), std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\xff"), long_path}) {
    Manifest manifest = sample();
    manifest.files[2].path = path;
    EXPECT_NE(check_model_path(path), "");
    EXPECT_KIN_ERROR(render_manifest(manifest), ErrorCode::kInvalidArgument, "path");
  }
  const std::string text = render_manifest(sample());
  for (const std::string path : {"", "/etc/passwd", "../empty", "a/./b", "a\\\\b", "a\\u0000b"}) {
    EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"empty\"", "\"" + path + "\""), "m"), ErrorCode::kCorruption,
                     "path");
  }
  EXPECT_EQ(check_model_path("vocabulary/..watched..txt"), "");
}

TEST(Manifest, RefusesWhatCannotBeWritten) {
  const auto with = [](auto change) {
    Manifest manifest = sample();
    change(manifest);
    return render_manifest(manifest);
  };
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.spec = "[]"; }), ErrorCode::kInvalidArgument, "spec", "object");
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.spec = ""; }), ErrorCode::kInvalidArgument, "spec");
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.attributes = "{\"a\":1,\"a\":2}"; }), ErrorCode::kInvalidArgument,
                   "attributes", "'a' comes twice");
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.attributes = "{\"a\":nan}"; }), ErrorCode::kInvalidArgument, "byte 6");
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.attributes = "{\"a\":\"\xff\"}"; }), ErrorCode::kInvalidArgument);
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.attributes = "{\"a\":1e999}"; }), ErrorCode::kInvalidArgument);
  EXPECT_KIN_ERROR(with([](Manifest& m) { m.files.push_back(m.files[0]); }), ErrorCode::kInvalidArgument, "twice",
                   "weights-000120");
}

TEST(Manifest, EditedStructuresWithRightChecksumsAreTypedErrors) {
  const std::string text = render_manifest(sample());
  const std::pair<std::string, std::string> edits[] = {
      {"\"bytes\": 10", "\"bytes\": 9223372036854775808"},
      {"\"bytes\": 10", "\"bytes\": 9223372036854775807"},
      {"\"bytes\": 10", "\"bytes\": -1"},
      {"\"bytes\": 10", "\"bytes\": 1e3"},
      {"\"bytes\": 10", "\"bytes\": \"10\""},
      {"\"bytes\": 10", "\"bytes\": 2097152"},
      {"\"bytes\": 10", "\"bites\": 10"},
      {"\"bytes\": 10,", ""},
      {"\"bytes\": 10", "\"bytes\": 10, \"bytes\": 10"},
      {"\"checksum\": \"" + kSumB + "\"", "\"checksum\": \"\""},
      {"\"checksum\": \"" + kSumB + "\"", "\"checksum\": \"" + std::string(32, 'G') + "\""},
      {"\"blocks\": [\n    \"" + kSumB + "\"\n   ]", "\"blocks\": [3]"},
      {"\"blocks\": [\n    \"" + kSumB + "\"\n   ]", "\"blocks\": {}"},
      {"\"path\": \"empty\"", "\"path\": \"zz\""},
      {"\"path\": \"empty\"", "\"path\": \"vocabulary/watched.txt\""},
      {"\"path\": \"empty\"", "\"path\": [\"empty\"]"},
      {"\"files\": [", "\"files\": [7, "},
      {"\"files\": [", "\"files\": [[], "},
      {"\"version\": 1", "\"version\": \"1\""},
      {"\"kind\": \"model\"", "\"kind\": 1"},
      {"\"spec\": {", "\"spec\": [], \"spec_\": {"},
      {"\"attributes\": {", "\"attributes\": " + std::string(40, '[') + std::string(40, ']') + ", \"a\": {"},
      {"\"attributes\": {", "\"attributes\": " + std::string(200'000, '[') + ", \"a\": {"},
      {"\"attributes\": {", "\"attributes\": " + std::string(200'000, '{') + ", \"a\": {"},
      {"{\n \"attributes\"", "[{\n \"attributes\""},
  };
  for (const auto& [from, to] : edits) {
    const Error error = error_of([&, &f = from, &t = to] { parse_manifest(resealed(text, f, t), "run/model.json"); });
    EXPECT_EQ(exit_status(error.code()), 4) << from << " -> " << to.substr(0, 80);
    EXPECT_NE(error.message().find("run/model.json"), std::string::npos) << error.message();
  }
}

TEST(Manifest, RefusesMoreThanItsLimits) {
  const std::string text = render_manifest(sample());
  std::string many = "\"files\": [";
  for (std::size_t i = 0; i <= kMaxManifestFiles; ++i) many += "0,";
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"files\": [", many), "m"), ErrorCode::kCorruption, "100000 files");
  std::string values = "\"attributes\": {\"a\": [0";
  for (int i = 0; i < 2'000'000; ++i) values += ",0";
  values += "],";
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"attributes\": {", values), "m"), ErrorCode::kCorruption,
                   "2000000 values");
  std::string keys = "\"attributes\": {\"a\": 0";
  for (int i = 0; i < 450'000; ++i) keys += ",\"" + std::to_string(i) + "\":0";
  EXPECT_KIN_ERROR(parse_manifest(resealed(text, "\"attributes\": {", keys + ","), "m"), ErrorCode::kCorruption,
                   "450000 keys");
}

TEST(Manifest, FilesOnTheDiskAreWrittenWholeAndReadBack) {
  TemporaryDirectory directory;
  const std::string path = directory.file("model.json");
  const std::string checksum = write_manifest(path, sample());
  const Manifest back = read_manifest(path);
  EXPECT_EQ(back.checksum, checksum);
  EXPECT_EQ(find_file(back, "empty").bytes, 0U);
  EXPECT_KIN_ERROR(find_file(back, "nothing"), ErrorCode::kCorruption, "'nothing'");
  EXPECT_KIN_ERROR(read_manifest(directory.file("none")), ErrorCode::kIo, "none");
  std::filesystem::resize_file(path, kMaxManifest + 1);
  EXPECT_KIN_ERROR(read_manifest(path), ErrorCode::kResourceLimit, "64.0 MiB");
}

}  // namespace
}  // namespace kin
