#include "kinspace/data/spool.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "kinspace/base/error.h"

namespace kin {
namespace {

Error cannot_keep(const std::string& name, const std::string& directory, int error) {
  return Error::io(fmt::format("cannot keep {} in a temporary file in {}: {}", name, directory,
                               std::generic_category().message(error)),
                   "set TMPDIR to a directory with room, or write the rows to a file and name it");
}

}  // namespace

Spool::Spool(std::string name, ByteSource::Read source) : name_(std::move(name)), source_(std::move(source)) {
  std::error_code error;
  directory_ = std::filesystem::temp_directory_path(error).string();
  if (directory_.empty()) directory_ = "/tmp";
  std::string path = directory_ + "/kin-spool-XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) throw cannot_keep(name_, directory_, errno);
  ::unlink(path.c_str());
}

Spool::~Spool() {
  ::close(fd_);
}

std::size_t Spool::read(std::uint64_t at, void* to, std::size_t bytes) {
  if (at < kept_) {
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kept_ - at));
    for (;;) {
      const ssize_t got = ::pread(fd_, to, bytes, static_cast<off_t>(at));
      if (got > 0) return static_cast<std::size_t>(got);
      if (got == 0 || errno != EINTR) throw cannot_keep(name_, directory_, got == 0 ? EIO : errno);
    }
  }
  if (at != came_) {
    throw Error::not_supported(fmt::format("{} can be read only once here", name_),
                               "write the rows to a file and name it");
  }
  const std::size_t got = source_(to, bytes);
  if (keeping_) keep(to, got);
  came_ += got;
  return got;
}

void Spool::keep(const void* bytes, std::size_t size) {
  const auto* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = ::pwrite(fd_, from, size, static_cast<off_t>(kept_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw cannot_keep(name_, directory_, errno);
    from += put;
    size -= static_cast<std::size_t>(put);
    kept_ += static_cast<std::uint64_t>(put);
  }
}

}  // namespace kin
