#include "kinspace/formats/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/json_check.h"

namespace kin {
namespace {

using nlohmann::json;

// Every version of the format ends in these bytes, so that damage and a newer version can be told apart.
constexpr std::string_view kTailStart = " \"xxh3\": \"";
constexpr std::string_view kTailEnd = "\"\n}\n";
constexpr std::size_t kDigits = 32;
constexpr std::size_t kTail = kTailStart.size() + kDigits + kTailEnd.size();

constexpr const char* kFormat = "kinspace";
constexpr const char* kCopyAgain = "copy the directory again from where it came from, or train the model again";

Error corrupt(const std::string& where, const std::string& what) {
  return Error::corruption(fmt::format("{}: {}", where, what), kCopyAgain);
}

bool is_checksum(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

json parse_object(const std::string& text, const std::string& what) {
  check_json_object(text, what, ErrorCode::kInvalidArgument, {.depth = 31});
  return json::parse(text);
}

/// The member of an object, of the kind that `is` asks for.
template <class Is>
const json& member(const json& object, const char* name, Is is, const std::string& where) {
  const auto at = object.find(name);
  if (at == object.end() || !((*at).*is)())
    throw corrupt(where, fmt::format("\"{}\" is missing or of the wrong type", name));
  return *at;
}

FileRecord parse_record(const json& object, const std::string& where) {
  if (!object.is_object() || object.size() != 4) throw corrupt(where, "an entry of \"files\" has not the four members");
  FileRecord record;
  record.path = member(object, "path", &json::is_string, where).get_ref<const std::string&>();
  const std::string at = fmt::format("{}: file {}", where, kin::quoted(record.path));
  if (const std::string why = check_model_path(record.path); !why.empty()) throw corrupt(at, why);
  record.bytes = member(object, "bytes", &json::is_number_unsigned, at).get<std::uint64_t>();
  record.checksum = member(object, "checksum", &json::is_string, at).get_ref<const std::string&>();
  const json& blocks = member(object, "blocks", &json::is_array, at);
  if (record.bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) ||
      blocks.size() != (record.bytes + kChecksumBlock - 1) / kChecksumBlock) {
    throw corrupt(at, fmt::format("{} block checksums for {} bytes", blocks.size(), record.bytes));
  }
  record.blocks.reserve(blocks.size());
  for (const json& block : blocks) {
    if (!block.is_string() || !is_checksum(block.get_ref<const std::string&>()))
      throw corrupt(at, "a block checksum is none");
    record.blocks.push_back(block.get_ref<const std::string&>());
  }
  if (!is_checksum(record.checksum)) throw corrupt(at, "its checksum is none");
  return record;
}

void check_kind(const json& root, const std::string& where) {
  if (member(root, "format", &json::is_string, where) != kFormat) {
    throw Error::not_supported(fmt::format("{} is no manifest of Kinspace", where),
                               "name a directory that kin train made");
  }
  const auto version = member(root, "version", &json::is_number_unsigned, where).get<std::uint64_t>();
  if (version != kManifestVersion) {
    throw Error::not_supported(fmt::format("{} has version {} of the model format; this Kinspace knows version {}",
                                           where, version, kManifestVersion),
                               "update Kinspace");
  }
  const auto& kind = member(root, "kind", &json::is_string, where).get_ref<const std::string&>();
  if (kind != "model" && kind != "checkpoint" && kind != "encoded") {
    throw Error::not_supported(
        fmt::format("{} describes a {}; this Kinspace knows model, checkpoint and encoded", where, kin::quoted(kind)),
        "update Kinspace");
  }
}

}  // namespace

std::string check_model_path(std::string_view path) {
  if (path.empty() || path.size() > 1000 || !is_utf8(path)) return "a path is 1 to 1000 bytes of UTF-8";
  if (path.front() == '/') return "the path must not be absolute";
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') {
      return "the path must not contain backslashes and control characters";
    }
  }
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return "the path must not contain empty parts, '.' and '..'";
  }
  return {};
}

std::string render_manifest(const Manifest& manifest) {
  std::vector<const FileRecord*> files;
  for (const FileRecord& record : manifest.files) {
    const std::string why = check_model_path(record.path);
    if (!why.empty())
      throw Error::invalid_argument(fmt::format("manifest: file {}: {}", kin::quoted(record.path), why));
    files.push_back(&record);
  }
  std::sort(files.begin(), files.end(), [](const FileRecord* a, const FileRecord* b) { return a->path < b->path; });
  json list = json::array();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const FileRecord& record = *files[i];
    if (i > 0 && record.path == files[i - 1]->path) {
      throw Error::invalid_argument(fmt::format("manifest: file {} comes twice", kin::quoted(record.path)));
    }
    list.push_back(
        {{"path", record.path}, {"bytes", record.bytes}, {"checksum", record.checksum}, {"blocks", record.blocks}});
  }
  const json root = {{"format", kFormat},
                     {"version", kManifestVersion},
                     {"kind", manifest.kind},
                     {"spec", parse_object(manifest.spec, "manifest: spec")},
                     {"attributes", parse_object(manifest.attributes, "manifest: attributes")},
                     {"files", std::move(list)}};
  std::string text = root.dump(1);
  text.resize(text.size() - 2);  // "\n}"
  text += ",\n";
  const std::string checksum = checksum_hex(text);
  text.append(kTailStart).append(checksum).append(kTailEnd);
  if (text.size() > kMaxManifest || files.size() > kMaxManifestFiles) {
    throw Error::invalid_argument(fmt::format("a manifest of {} files and {}; at most {} files and {} are read again",
                                              files.size(), human_bytes(text.size()), kMaxManifestFiles,
                                              human_bytes(kMaxManifest)));
  }
  return text;
}

Manifest parse_manifest(std::string_view text, const std::string& where) {
  if (text.size() <= kTail) throw corrupt(where, fmt::format("{} bytes are too few for a manifest", text.size()));
  const std::string_view body = text.substr(0, text.size() - kTail);
  const std::string_view tail = text.substr(body.size());
  if (!tail.starts_with(kTailStart) || !tail.ends_with(kTailEnd)) {
    throw corrupt(where, fmt::format("bytes {}-{} are not the end of a manifest: it is cut off or changed", body.size(),
                                     text.size() - 1));
  }
  const std::string_view checksum = tail.substr(kTailStart.size(), kDigits);
  if (checksum_hex(body) != checksum) {
    throw corrupt(where, fmt::format("bytes 0-{} do not match their checksum", body.size() - 1));
  }
  check_json_object(text, where, ErrorCode::kCorruption);
  const json root = json::parse(text);
  check_kind(root, where);
  if (root.size() != 7)
    throw Error::not_supported(fmt::format("{} has members that this Kinspace does not know", where),
                               "update Kinspace");

  Manifest manifest;
  manifest.kind = root["kind"];
  manifest.spec = member(root, "spec", &json::is_object, where).dump();
  manifest.attributes = member(root, "attributes", &json::is_object, where).dump();
  manifest.checksum = checksum;
  const json& files = member(root, "files", &json::is_array, where);
  if (files.size() > kMaxManifestFiles) throw corrupt(where, fmt::format("more than {} files", kMaxManifestFiles));
  std::uint64_t total = 0;
  for (const json& object : files) {
    FileRecord record = parse_record(object, where);
    if (!manifest.files.empty() && record.path <= manifest.files.back().path) {
      throw corrupt(where, fmt::format("file {} comes twice or out of order", kin::quoted(record.path)));
    }
    total += record.bytes;
    if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      throw corrupt(where, "its files have more bytes than any disk");
    }
    manifest.files.push_back(std::move(record));
  }
  return manifest;
}

Manifest read_manifest(const std::string& path) {
  return parse_manifest(read_file(path, kMaxManifest), path);
}

std::string write_manifest(const std::string& path, const Manifest& manifest) {
  const std::string text = render_manifest(manifest);
  write_file_atomically(path, text);
  return text.substr(text.size() - kTailEnd.size() - kDigits, kDigits);
}

const FileRecord& find_file(const Manifest& manifest, std::string_view path) {
  for (const FileRecord& record : manifest.files) {
    if (record.path == path) return record;
  }
  throw Error::corruption(fmt::format("the manifest of the {} names no file {}", manifest.kind, kin::quoted(path)),
                          kCopyAgain);
}

}  // namespace kin
