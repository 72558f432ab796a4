#include "kinspace/data/input_files.h"

#include <fmt/core.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListed = 10;
constexpr std::size_t kRead = 1000;  // names of a directory that are looked at for a message

bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// Where a relative path is sought, in this order.
std::vector<std::string> places(const std::string& path, const std::string& directory) {
  std::vector<std::string> found;
  if (!directory.empty() && fs::path(path).is_relative()) found.push_back((fs::path(directory) / path).string());
  found.push_back(path);
  return found;
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status == GLOB_NOSPACE) {
    throw Error::resource_limit(fmt::format("data.path: too many files match {}", kin::quoted(pattern)));
  }
  std::erase_if(paths, is_directory);
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(directory.empty() ? "." : directory, error);
  for (; !error && it != fs::directory_iterator() && names.size() < kRead; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string listed(const fs::path& directory) {
  const std::string where = directory.empty() ? "the current directory" : directory.string();
  if (!directory.empty() && !is_directory(directory.string())) return fmt::format("there is no directory {}", where);
  const std::vector<std::string> names = names_in(directory);
  if (names.empty()) return fmt::format("{} is empty", where);
  std::string text = fmt::format("{} holds ", where);
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() == kRead) return text + " and many more";
  if (names.size() > kListed) text += fmt::format(" and {} more", names.size() - kListed);
  return text;
}

[[noreturn]] void refuse_missing(const std::string& path) {
  const fs::path wanted(path);
  const std::string guess = did_you_mean(wanted.filename().string(), names_in(wanted.parent_path()));
  throw Error::io(fmt::format("cannot read {}: {}{}", path, std::generic_category().message(ENOENT), guess),
                  "check data.path; relative paths start at the spec's directory, else at the current one");
}

std::vector<std::string> find(const std::string& path, const std::string& directory) {
  if (path == "-") return {path};
  if (path.empty()) throw Error::invalid_argument("data.path names no file", "name a CSV, JSON Lines or Parquet file");
  const std::vector<std::string> candidates = places(path, directory);
  for (const std::string& candidate : candidates) {
    if (!file_exists(candidate)) continue;
    if (!is_directory(candidate)) return {candidate};
    throw Error::io(fmt::format("cannot read {}: it is a directory", candidate),
                    fmt::format("name its files: \"{}\"", (fs::path(path) / "*.csv").string()));
  }
  if (path.find_first_of("*?[") == std::string::npos) refuse_missing(candidates.front());
  for (const std::string& candidate : candidates) {
    std::vector<std::string> found = matches(candidate);
    if (!found.empty()) return found;
  }
  throw Error::io(fmt::format("data.path: no file matches {}; {}", kin::quoted(candidates.front()),
                              listed(fs::path(candidates.front()).parent_path())),
                  "check the pattern; it is relative to the spec's directory, else to the current one");
}

// One name for all ways to write the path of a regular file.
std::string identity(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_regular_file(path, error)) return path;
  const fs::path canonical = fs::canonical(path, error);
  return error ? path : canonical.string();
}

}  // namespace

std::vector<std::string> find_input_files(std::span<const std::string> paths, const std::string& directory) {
  if (paths.empty()) throw Error::invalid_argument("data.path is missing", "name a CSV, JSON Lines or Parquet file");
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    for (std::string& file : find(path, directory)) {
      if (seen.insert(identity(file)).second) files.push_back(std::move(file));
    }
  }
  return files;
}

}  // namespace kin
