#include "kinspace/estimator/exporters.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

std::string step_name(std::int64_t step) {
  return fmt::format("{:06}", step);
}

/// The step of a finished export; nothing for other names.
std::optional<std::int64_t> step_of(const std::string& name) {
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || name != step_name(step)) return std::nullopt;
  return step;
}

/// "000120.tmp-4711", as add() calls a directory until it is whole.
bool is_unfinished(const std::string& name) {
  const std::size_t dot = name.find(".tmp-");
  return dot != std::string::npos && step_of(name.substr(0, dot));
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Never leaves half an export under its name.
void remove(const std::string& path) {
  const std::string unfinished =
      is_unfinished(fs::path(path).filename().string()) ? path : fmt::format("{}.tmp-{}", path, ::getpid());
  std::error_code ignored;  // what stays costs space, nothing else
  if (unfinished != path) fs::rename(path, unfinished, ignored);
  fs::remove_all(unfinished, ignored);
}

/// Makes a rename within the directory last through a loss of power.
void sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw Error::io(fmt::format("cannot open {}: {}", path, std::generic_category().message(errno)));
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) throw Error::io(fmt::format("cannot sync {}: {}", path, std::generic_category().message(error)));
}

}  // namespace

Exporters::Exporters(std::string run_directory, std::int64_t keep, std::int64_t resumed_at)
    : directory_(std::move(run_directory) + "/export"), keep_(keep) {
  for (const std::string& name : names_in(directory_)) {
    const std::string folder = directory_ + "/" + name;
    for (const std::string& entry : names_in(folder)) {
      const std::optional<std::int64_t> step = step_of(entry);
      if (is_unfinished(entry) || (step && *step > resumed_at)) remove(folder + "/" + entry);
    }
  }
}

std::string Exporters::add(const std::string& name, std::int64_t step,
                           FunctionRef<void(const std::string& directory)> write) {
  const std::string folder = directory_ + "/" + name;
  const std::string path = folder + "/" + step_name(step);
  const std::string unfinished = fmt::format("{}.tmp-{}", path, ::getpid());
  remove(path);
  remove(unfinished);
  make_directories(unfinished);
  write(unfinished);
  std::error_code error;
  fs::rename(unfinished, path, error);
  if (error) throw Error::io(fmt::format("cannot write {}: {}", path, error.message()));
  sync_directory(folder);

  std::vector<std::int64_t> steps;
  for (const std::string& entry : names_in(folder)) {
    if (const auto found = step_of(entry)) steps.push_back(*found);
  }
  std::sort(steps.begin(), steps.end());
  const std::size_t most = keep_ == 0 ? steps.size() : static_cast<std::size_t>(keep_);
  for (std::size_t i = 0; i + most < steps.size(); ++i) remove(folder + "/" + step_name(steps[i]));
  return path;
}

}  // namespace kin
