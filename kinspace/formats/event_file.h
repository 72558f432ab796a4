#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/file.h"
#include "kinspace/formats/event.h"

// TensorBoard's event files, byte by byte in docs/formats/events.md.

namespace kin {

/// A record of an event file: length (u64), masked crc32c of the length, the bytes, masked crc32c of the bytes.
std::string frame_record(std::string_view bytes);

struct EventWriterOptions {
  /// The first step that is going to be written, or written again, marked by a SessionLog START: readers forget older
  /// values at that step or later. A run gives it from its very beginning, since TensorBoard heeds only the second and
  /// later marks. Without one (evaluations by TensorFlow) files are joined as they are.
  std::optional<std::int64_t> start_step = {};
  double flush_seconds = 10;           ///< longest time that a value waits in memory while others are written
  std::string host = {};               ///< part of the file's name; empty: this machine's name
  std::function<double()> clock = {};  ///< seconds since 1970; empty: the system's clock
};

/// One number of a step, by name.
struct EventScalar {
  std::string tag = {};
  double value = 0;
};

/// Appends events to a new file `events.out.tfevents.<seconds>.<host>.<pid>.<n>` of a directory, which is created where
/// missing. The name sorts behind those of all event files already there, so that TensorBoard and read_event_scalars()
/// join the files of a run that was resumed.
///
/// Crash    loses the events since the last flush; what was written before stays whole. A training flushes before it
///          publishes a checkpoint, so that a run resumed from there lacks no step.
/// Errors   kIo; what could not be written is tried again at the next flush, and the file never ends within a record
///          because of it.
/// Threads  one at a time.
class EventWriter {
 public:
  explicit EventWriter(const std::string& directory, EventWriterOptions options = {});
  /// Flushes; an error is lost, so flush() before.
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// One event with a float32 `simple_value` each, which also TensorFlow's exporters and early stopping read. NaN is
  /// left out: a plot has a gap there; an event without values is not written.
  void scalars(std::int64_t step, std::span<const EventScalar> values);

  void histogram(std::int64_t step, std::string tag, const Histogram& histogram);

  /// Any event; a wall_time of 0 is replaced by the time. Errors: also those of encode_event().
  void write(Event event);

  /// Hands everything to the operating system.
  void flush();

  const std::string& path() const noexcept { return path_; }

 private:
  void open(const std::string& directory);

  EventWriterOptions options_;
  std::string path_;
  std::string pending_;
  std::uint64_t written_ = 0;
  double flushed_at_ = 0;
  int fd_ = -1;
};

/// What an end within a record means.
enum class TruncatedEnd : std::uint8_t {
  kEnds,     ///< the writer died or is still writing: the file ends before that record, as TensorBoard sees it
  kDamaged,  ///< an error, unless the end lies within a record's first 12 bytes: TensorFlow's summary_iterator
};

/// Reads the events of one file in order.
///
/// Errors   kIo; kCorruption naming file and offset for a wrong checksum or bytes that are no event.
/// Memory   the longest record; a length is believed only as far as there are bytes.
class EventReader {
 public:
  explicit EventReader(const std::string& path, TruncatedEnd truncated_end = TruncatedEnd::kEnds);

  /// The next event, or nothing at the end.
  std::optional<Event> next();

  /// Bytes of the records read so far.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  bool take(std::uint64_t bytes, std::string& to);

  InputFile file_;
  TruncatedEnd truncated_end_;
  std::uint64_t offset_ = 0;
  std::string buffer_;
  std::size_t used_ = 0;
  std::string record_;
};

/// Paths of the event files that lie in a directory, in the order in which they were begun: by name. None when there is
/// no such directory.
std::vector<std::string> event_files(const std::string& directory);

struct EventRow {
  std::int64_t step = 0;
  double value = 0;
  double wall_time = 0;

  friend bool operator==(const EventRow&, const EventRow&) = default;
};

/// All numbers in the event files of a directory, by tag and rising step, as TensorBoard joins them: a SessionLog
/// START, unless it is the first, removes older values of its step and later ones; of two values for one step the later
/// written counts.
///
/// Empty    no files, or no directory: no tags.
/// Errors   those of EventReader, where a truncated end is none.
std::map<std::string, std::vector<EventRow>> read_event_scalars(const std::string& directory);

}  // namespace kin
