#include "kinspace/base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

Error io_error(const std::string& action, const std::string& path, int error) {
  std::string fix;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    fix = "free space there or choose another place; nothing on the disk was changed";
  if (error == EACCES || error == EPERM || error == EROFS)
    fix = "choose a place that you may write, or change its permissions";
  if (error == ENOENT) fix = "check the path";
  return Error::io(fmt::format("{} {}: {}", action, path, std::generic_category().message(error)), fix);
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

void sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw io_error("cannot open directory", directory, errno);
  const int status = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some file systems cannot sync a directory and say EINVAL; there is nothing more to do then.
  if (status != 0 && error != EINVAL) throw io_error("cannot sync directory", directory, error);
}

}  // namespace

std::string read_file(const std::string& path, std::uint64_t limit) {
  InputFile file(path);
  std::string content;
  char block[1 << 16];
  while (const std::size_t got = file.read(block, sizeof block)) {
    if (content.size() + got > limit) {
      throw Error::resource_limit(
          fmt::format("{} is longer than the {} that this kind of file may have", path, human_bytes(limit)));
    }
    content.append(block, got);
  }
  return content;
}

std::uint64_t file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw io_error("cannot read", path, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

bool file_exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

InputFile::InputFile(const std::string& path) : path_(path == "-" ? "standard input" : path) {
  fd_ = path == "-" ? ::dup(0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) throw io_error("cannot open", path_, errno);
  struct stat info {};
  if (::fstat(fd_, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(fd_);
    throw Error::io(fmt::format("cannot read {}: it is a directory", path_), "name a file");
  }
}

InputFile::~InputFile() {
  ::close(fd_);
}

std::size_t InputFile::read(void* to, std::size_t bytes) {
  for (;;) {
    const ssize_t got = ::read(fd_, to, bytes);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw io_error("cannot read", path_, errno);
  }
}

std::size_t InputFile::read_some_at(std::uint64_t offset, void* to, std::size_t bytes) const {
  for (;;) {
    const ssize_t got = ::pread(fd_, to, bytes, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw io_error("cannot read", path_, errno);
  }
}

void InputFile::read_at(std::uint64_t offset, void* to, std::size_t bytes) const {
  auto* out = static_cast<char*>(to);
  while (bytes > 0) {
    const std::size_t got = read_some_at(offset, out, bytes);
    if (got == 0)
      throw Error::corruption(fmt::format("{} ends at byte {}; {} more were expected", path_, offset, bytes));
    out += got;
    offset += got;
    bytes -= got;
  }
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  // Two writers of one path in this process, or a file left by a killed one, must not share the temporary.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries && fd_ < 0; ++i) {
    const std::string name = fmt::format("{}.tmp-{}-{}", path_, ::getpid(), i);
    fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ >= 0) temporary_ = name;
    if (fd_ < 0 && (errno != EEXIST || i + 1 == kTries)) throw io_error("cannot create", name, errno);
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(fd_, from, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw io_error(fmt::format("cannot write {} more bytes to", bytes), temporary_, errno);
    from += put;
    bytes -= static_cast<std::size_t>(put);
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) throw io_error("cannot sync", temporary_, errno);
  const int status = ::close(fd_);
  const int error = errno;
  fd_ = -1;
  if (status != 0) throw io_error("cannot close", temporary_, error);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw io_error("cannot create", path_, errno);
  temporary_.clear();
  sync_directory(parent_of(path_));
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw io_error("cannot create directory", path, error.value());
}

FileLock::FileLock(const std::string& path) {
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw io_error("cannot create", path, errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) {
      ::close(fd_);
      throw io_error("cannot lock", path, error);
    }
    char holder[32] = {};
    const ssize_t got = ::pread(fd_, holder, sizeof holder - 1, 0);
    ::close(fd_);
    throw Error::io(fmt::format("{} is locked by process {}", path, got > 0 ? holder : "unknown"),
                    "wait until it ends, or choose another directory");
  }
  // Should this fail, the lock is held all the same; only the holder's name in a later message is lost.
  const std::string pid = fmt::format("{}", ::getpid());
  if (::ftruncate(fd_, 0) == 0) static_cast<void>(!::pwrite(fd_, pid.data(), pid.size(), 0));
}

FileLock::~FileLock() {
  ::close(fd_);
}

}  // namespace kin
