#include "kinspace/formats/find_checkpoint.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/checkpoint_state.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tf_bundle.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostListed = 10;

bool is_plain(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_table(const std::string& path) {
  if (!is_plain(path)) return false;
  return is_sstable(InputFile(path), file_size(path));
}

/// Files that match a pattern, by rising name.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

/// "x" of "x-00003-of-00008" where the name ends so, behind `before`; also of "x-?????-of-00008", which the old format
/// calls all of them.
std::optional<std::string> without_shard(std::string_view path, std::string_view before) {
  constexpr std::string_view kForm = "ddddd-of-ddddd";
  if (path.size() < before.size() + kForm.size()) return std::nullopt;
  const std::string_view end = path.substr(path.size() - kForm.size());
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = (end[i] >= '0' && end[i] <= '9') || (end[i] == '?' && i < 5);
    if (kForm[i] == 'd' ? !digit : end[i] != kForm[i]) return std::nullopt;
  }
  path.remove_suffix(kForm.size());
  if (!path.ends_with(before)) return std::nullopt;
  return std::string(path.substr(0, path.size() - before.size()));
}

/// The prefix of the checkpoint that a file's name says it belongs to; the name itself where it says nothing.
std::string prefix_of(const std::string& file) {
  for (const std::string_view end : {".index", ".meta"}) {
    if (file.ends_with(end)) return file.substr(0, file.size() - end.size());
  }
  if (const auto prefix = without_shard(file, ".data-")) return *prefix;
  if (const auto prefix = without_shard(file, "-")) return *prefix;
  return file;
}

/// The tables of the old format: one of that name, or shards.
std::vector<std::string> v1_files(const std::string& prefix) {
  if (is_table(prefix)) return {prefix};
  const std::string any(5, '?');
  std::vector<std::string> files = expand(escaped(prefix) + '-' + any + "-of-" + any);
  std::erase_if(files, [](const std::string& file) { return !without_shard(file, "-") || !is_table(file); });
  return files;
}

std::optional<FoundCheckpoint> at_prefix(const std::string& prefix) {
  if (is_plain(tf_index_path(prefix))) return FoundCheckpoint{prefix, false, {}, {}};
  std::vector<std::string> files = v1_files(prefix);
  if (files.empty() && prefix.find('?') != std::string::npos) {
    if (const auto all = without_shard(prefix, "-")) return at_prefix(*all);
  }
  if (files.empty()) return std::nullopt;
  return FoundCheckpoint{prefix, true, std::move(files), {}};
}

/// The prefixes of all checkpoints among files, by rising name.
std::set<std::string> prefixes_among(const std::vector<std::string>& files) {
  std::set<std::string> prefixes;
  for (const std::string& file : files) {
    if (!is_plain(file)) continue;
    const std::string prefix = prefix_of(file);
    if (at_prefix(prefix)) {
      prefixes.insert(prefix);
    } else if (is_table(file)) {
      prefixes.insert(file);
    }
  }
  return prefixes;
}

/// What a directory has, for messages.
std::string contents(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    files.push_back(at->path().string());
  }
  if (error) return fmt::format("{} is no directory that can be read", directory);
  const std::set<std::string> prefixes = prefixes_among(files);
  std::vector<std::string> names(prefixes.begin(), prefixes.end());
  const std::string_view what = names.empty() ? "files" : "checkpoints";
  if (names.empty()) names = std::move(files);
  if (names.empty()) return fmt::format("{} is empty", directory);
  std::sort(names.begin(), names.end());
  const std::size_t all = names.size();
  for (std::string& name : names) name = fs::path(name).filename().string();
  if (names.size() > kMostListed) names.resize(kMostListed);
  return fmt::format("{} has the {} {}{}", directory, what, fmt::join(names, ", "),
                     all > kMostListed ? fmt::format(" and {} more", all - kMostListed) : "");
}

std::string directory_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

FoundCheckpoint in_directory(const std::string& directory) {
  const std::string state = (fs::path(directory) / "checkpoint").string();
  if (is_plain(state)) {
    if (const auto prefix = latest_checkpoint(directory)) return *at_prefix(*prefix);
    const auto parsed = parse_checkpoint_state(read_file(state, std::uint64_t{16} << 20));
    if (!parsed) throw Error::corruption(fmt::format("{} is no CheckpointState", state), contents(directory));
    throw Error::io(fmt::format("{} names {}, which is not there", state, parsed->latest), contents(directory));
  }
  if (auto found = at_prefix((fs::path(directory) / "variables" / "variables").string())) return *std::move(found);
  throw Error::io(fmt::format("{} has no file 'checkpoint', which would name one", directory),
                  fmt::format("name a checkpoint in place of its directory; {}", contents(directory)));
}

FoundCheckpoint by_pattern(const std::string& pattern) {
  std::vector<std::string> files = expand(pattern);
  for (const std::string& file : expand(pattern + ".index")) files.push_back(file);
  const std::set<std::string> prefixes = prefixes_among(files);
  if (prefixes.empty()) {
    throw Error::io(fmt::format("no checkpoint matches {}", pattern), contents(directory_of(pattern)));
  }
  const std::string& best = *std::max_element(prefixes.begin(), prefixes.end(), [](const auto& a, const auto& b) {
    return checkpoint_step(a) < checkpoint_step(b);
  });
  FoundCheckpoint found = *at_prefix(best);
  if (prefixes.size() > 1) {
    found.notes.push_back(fmt::format("{} checkpoints match {}; {} is taken, which has the highest step",
                                      prefixes.size(), pattern, best));
  }
  return found;
}

}  // namespace

bool is_checkpoint(const std::string& prefix) {
  return at_prefix(prefix).has_value();
}

std::int64_t checkpoint_step(const std::string& prefix) {
  const std::size_t dash = prefix.rfind('-');
  if (dash == std::string::npos || dash + 1 == prefix.size()) return -1;
  std::int64_t step = -1;
  const char* const end = prefix.data() + prefix.size();
  const auto [stopped, error] = std::from_chars(prefix.data() + dash + 1, end, step);
  return error == std::errc() && stopped == end ? step : -1;
}

FoundCheckpoint find_checkpoint(const std::string& path) {
  if (is_plain(tf_index_path(path))) return *at_prefix(path);
  if (is_directory(path)) return in_directory(path);
  // An index is itself a table, like a checkpoint of the old format: its name comes first.
  if (auto found = at_prefix(prefix_of(path))) return *std::move(found);
  if (auto found = at_prefix(path)) return *std::move(found);
  if (!file_exists(path) && path.find_first_of("*?[") != std::string::npos) return by_pattern(path);
  if (is_plain(path)) {
    throw Error::not_supported(fmt::format("{} is no part of a TensorFlow checkpoint", path),
                               contents(directory_of(path)));
  }
  const std::vector<std::string> data = expand(escaped(path) + ".data-*-of-*");
  if (!data.empty()) {
    throw Error::corruption(fmt::format("{} is missing, which says what {} holds", tf_index_path(path), data.front()),
                            "copy it beside " + data.front());
  }
  throw Error::io(fmt::format("there is no checkpoint {}", path), contents(directory_of(path)));
}

}  // namespace kin
