#include "kinspace/formats/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "events.out.tfevents.";
constexpr std::size_t kPendingBytes = std::size_t{64} << 10;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kHead = 12;                                       // length and its checksum
constexpr std::uint64_t kLongestRecord = (std::uint64_t{1} << 31) - 1;  // no protocol buffer is longer

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// This machine's name, or "host", with nothing that would be hard to read back from a file's name.
std::string host_name(const std::string& wanted) {
  char name[256] = "";
  std::string host = wanted;
  if (host.empty() && ::gethostname(name, sizeof name - 1) == 0) host = name;
  for (char& c : host) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    if (!plain) c = '_';
  }
  return host.empty() ? "host" : host.substr(0, 64);
}

/// The seconds in the name of an event file; 0 where there are none.
std::int64_t seconds_in(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  std::int64_t seconds = 0;
  if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), seconds);
  return seconds;
}

float to_float(double value) noexcept {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (std::abs(value) <= double{std::numeric_limits<float>::max()}) return static_cast<float>(value);
  return value > 0 ? kInfinity : -kInfinity;
}

std::uint32_t fixed32_at(const char* bytes) noexcept {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

std::string frame_record(std::string_view bytes) {
  const std::uint64_t length = bytes.size();
  std::string out(reinterpret_cast<const char*>(&length), sizeof length);
  append_fixed32(out, masked_crc32c(out));
  out += bytes;
  append_fixed32(out, masked_crc32c(bytes));
  return out;
}

EventWriter::EventWriter(const std::string& directory, EventWriterOptions options) : options_(std::move(options)) {
  if (!options_.clock) options_.clock = now;
  make_directories(directory);
  open(directory);
  try {
    write({.wall_time = std::floor(options_.clock()),
           .file_version = "brain.Event:2",
           .writer = "tensorflow.core.util.events_writer"});
    if (options_.start_step) {
      write({.step = *options_.start_step, .session_log = SessionLog{.status = SessionLog::Status::kStart}});
    }
    flush();
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

EventWriter::~EventWriter() {
  try {
    flush();
  } catch (const Error&) {  // as the header says
  }
  ::close(fd_);
}

void EventWriter::open(const std::string& directory) {
  const std::vector<std::string> there = event_files(directory);
  auto seconds = static_cast<std::int64_t>(options_.clock());
  for (const std::string& path : there) seconds = std::max(seconds, seconds_in(path) + 1);
  // Another writer may begin a file in the same second.
  for (int attempt = 0; attempt < 100; ++attempt, ++seconds) {
    path_ = (fs::path(directory) /
             fmt::format("{}{:010}.{}.{}.{}", kPrefix, seconds, host_name(options_.host), ::getpid(), there.size()))
                .string();
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd_ >= 0) return;
    if (errno != EEXIST) break;
  }
  throw Error::io(fmt::format("cannot create {}: {}", path_, std::generic_category().message(errno)),
                  "choose a directory that you may write");
}

void EventWriter::scalars(std::int64_t step, std::span<const EventScalar> values) {
  Event event{.step = step};
  for (const EventScalar& scalar : values) {
    if (!std::isnan(scalar.value)) event.values.push_back({.tag = scalar.tag, .value = to_float(scalar.value)});
  }
  if (!event.values.empty()) write(std::move(event));
}

void EventWriter::histogram(std::int64_t step, std::string tag, const Histogram& histogram) {
  write({.step = step, .values = {histogram_value(std::move(tag), histogram)}});
}

void EventWriter::write(Event event) {
  const double time = options_.clock();
  if (event.wall_time == 0) event.wall_time = time;
  pending_ += frame_record(encode_event(event));
  // A clock that was set back must not stop the flushing.
  if (pending_.size() >= kPendingBytes || std::abs(time - flushed_at_) >= options_.flush_seconds) flush();
}

void EventWriter::flush() {
  std::size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t got = ::write(fd_, pending_.data() + done, pending_.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      // Take the part of a record back; where that cannot be done, go on behind it the next time.
      if (done > 0 && ::ftruncate(fd_, static_cast<off_t>(written_)) != 0) {
        written_ += done;
        pending_.erase(0, done);
      }
      throw Error::io(fmt::format("cannot write {}: {}", path_, std::generic_category().message(error)),
                      error == ENOSPC || error == EDQUOT ? "free space there" : "");
    }
    done += static_cast<std::size_t>(got);
  }
  written_ += pending_.size();
  pending_.clear();
  flushed_at_ = options_.clock();
}

EventReader::EventReader(const std::string& path, TruncatedEnd truncated_end)
    : file_(path), truncated_end_(truncated_end) {}

/// Moves the next `bytes` bytes to `to`, or as many as there are and returns false.
bool EventReader::take(std::uint64_t bytes, std::string& to) {
  to.clear();
  while (to.size() < bytes) {
    if (used_ == buffer_.size()) {
      buffer_.resize(kReadBytes);
      buffer_.resize(file_.read(buffer_.data(), buffer_.size()));
      used_ = 0;
      if (buffer_.empty()) return false;
    }
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - to.size(), buffer_.size() - used_));
    to.append(buffer_, used_, part);
    used_ += part;
  }
  return true;
}

std::optional<Event> EventReader::next() {
  const auto corrupted = [&](const std::string& what) {
    return Error::corruption(fmt::format("{}: {} at byte {}", file_.path(), what, offset_),
                             "delete the file, or copy it again from where it came from");
  };
  if (!take(kHead, record_)) return std::nullopt;
  std::uint64_t length;
  std::memcpy(&length, record_.data(), sizeof length);
  if (fixed32_at(record_.data() + 8) != masked_crc32c(std::string_view(record_).substr(0, 8))) {
    throw corrupted("corrupted record (checksum of its length)");
  }
  if (length > kLongestRecord) throw corrupted(fmt::format("a record of {} bytes", length));
  if (!take(length + 4, record_)) {
    if (truncated_end_ == TruncatedEnd::kDamaged) throw corrupted("truncated record");
    return std::nullopt;
  }
  const std::string_view bytes = std::string_view(record_).substr(0, static_cast<std::size_t>(length));
  if (fixed32_at(record_.data() + length) != masked_crc32c(bytes)) throw corrupted("corrupted record (checksum)");
  Event event = decode_event(bytes, fmt::format("{}: record at byte {}", file_.path(), offset_));
  offset_ += kHead + length + 4;
  return event;
}

std::vector<std::string> event_files(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  if (error == std::errc::no_such_file_or_directory) return paths;
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code unknown;
    if (at->path().filename().string().find(".tfevents.") != std::string::npos && at->is_regular_file(unknown)) {
      paths.push_back(at->path().string());
    }
  }
  if (error) throw Error::io(fmt::format("cannot read {}: {}", directory, error.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::map<std::string, std::vector<EventRow>> read_event_scalars(const std::string& directory) {
  std::map<std::string, std::map<std::int64_t, EventRow>> by_step;
  bool started = false;
  for (const std::string& path : event_files(directory)) {
    EventReader reader(path);
    while (const auto event = reader.next()) {
      if (event->session_log && event->session_log->status == SessionLog::Status::kStart) {
        for (auto& [tag, rows] : by_step) {
          if (started) rows.erase(rows.lower_bound(event->step), rows.end());
        }
        started = true;
      }
      for (const EventValue& value : event->values) {
        const auto number = value.scalar();
        if (number) by_step[value.tag][event->step] = {event->step, *number, event->wall_time};
      }
    }
  }
  std::map<std::string, std::vector<EventRow>> out;
  for (const auto& [tag, rows] : by_step) {
    if (rows.empty()) continue;
    auto& list = out[tag];
    for (const auto& [step, row] : rows) list.push_back(row);
  }
  return out;
}

}  // namespace kin
