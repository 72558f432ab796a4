#include "apps/cli/stream.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "apps/cli/arguments.h"
#include "kinspace/base/error.h"

namespace kin::cli {

void StreamSink::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
}

void StreamSink::flush() {
  if (std::fflush(file_) != 0) fail();
}

void StreamSink::fail() const {
  const int cause = errno;
  if (cause == EPIPE) throw BrokenPipe();
  throw Error::io(fmt::format("cannot write to {}: {}", name_, std::generic_category().message(cause)),
                  cause == ENOSPC ? "free some space and repeat the command" : "");
}

void FileSink::write(std::string_view bytes) {
  constexpr std::size_t kBuffer = 1 << 16;
  waiting_ += bytes;
  if (waiting_.size() < kBuffer) return;
  file_.write(waiting_);
  waiting_.clear();
}

void FileSink::commit() {
  file_.write(waiting_);
  file_.commit();
}

Terminal Terminal::of(std::FILE* file, ColorMode mode) {
  Terminal out;
  const int fd = fileno(file);
  out.interactive = fd >= 0 && isatty(fd) == 1;
  const bool dumb = process_environment("TERM") == "dumb" || !process_environment("NO_COLOR").empty();
  out.color = mode == ColorMode::kAlways || (mode == ColorMode::kAuto && out.interactive && !dumb);
  winsize size{};
  if (out.interactive && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) out.width = size.ws_col;
  return out;
}

}  // namespace kin::cli
