// Any bytes, as an event file and as one event, are either refused as damaged, or are events that are the same when
// they are written and read again.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/formats/event_file.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void check(const kin::Event& event) {
  const std::string bytes = kin::encode_event(event);
  // Compared as bytes, since NaN is not equal to itself.
  must(kin::encode_event(kin::decode_event(bytes, "again")) == bytes);
  for (const kin::EventValue& value : event.values) {
    value.scalar();
    const auto histogram = kin::histogram_of(value);
    must(!histogram || histogram->counts.empty() || histogram->edges.size() == histogram->counts.size() + 1);
  }
}

template <class Action>
void refused_or(Action action) {
  try {
    action();
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption);
  }
}

void write_all(int fd, const std::string& bytes) {
  must(::ftruncate(fd, 0) == 0 && ::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("events", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  refused_or([&] { check(kin::decode_event(bytes, "event")); });
  // As they are, and as the record of a file whose checksums are right.
  for (const std::string& file : {bytes, kin::frame_record(bytes)}) {
    write_all(fd, file);
    for (const auto end : {kin::TruncatedEnd::kEnds, kin::TruncatedEnd::kDamaged}) {
      refused_or([&] {
        kin::EventReader reader(path, end);
        while (const auto event = reader.next()) check(*event);
        must(reader.offset() <= file.size());
      });
    }
  }
  return 0;
}
