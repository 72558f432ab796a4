#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kinspace/tensor/value_summary.h"

namespace kin {

/// A tensor inside of an event. Numbers lie in `content` as little-endian bytes, row-major; strings in `strings`.
struct EventTensor {
  std::int32_t dtype = 0;  ///< TensorFlow's number: 1 float32, 2 float64, 7 string
  std::vector<std::int64_t> shape = {};
  std::string content = {};
  std::vector<std::string> strings = {};

  friend bool operator==(const EventTensor&, const EventTensor&) = default;
};

/// The histogram of tf.compat.v1.summary: bucket i holds `counts[i]` values up to `limits[i]`.
struct EventHistogram {
  double min = 0;
  double max = 0;
  double num = 0;
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> limits = {};
  std::vector<double> counts = {};

  friend bool operator==(const EventHistogram&, const EventHistogram&) = default;
};

/// Says which plugin of TensorBoard shows a tensor.
struct EventMetadata {
  std::string plugin_name = {};  ///< "scalars", "histograms", "text"
  std::string plugin_content = {};
  std::string display_name = {};
  std::string description = {};
  std::int32_t data_class = 0;

  friend bool operator==(const EventMetadata&, const EventMetadata&) = default;
};

/// One value of a step. A value of a kind that is not listed (image, audio) is read as monostate.
struct EventValue {
  std::string tag = {};
  std::variant<std::monostate, float, EventHistogram, EventTensor> value = {};
  std::optional<EventMetadata> metadata = {};

  /// The number of a simple_value, or of a tensor of one float32, float64, int32 or int64; else nothing.
  std::optional<double> scalar() const;

  friend bool operator==(const EventValue&, const EventValue&) = default;
};

/// Marks the course of a run. kStart says: forget every value of older events at this step or later.
struct SessionLog {
  enum class Status : std::int32_t {
    kUnspecified = 0,
    kStart = 1,
    kStop = 2,
    kCheckpoint = 3
  };  // TensorFlow's numbers
  Status status = Status::kUnspecified;
  std::string checkpoint_path = {};
  std::string message = {};

  friend bool operator==(const SessionLog&, const SessionLog&) = default;
};

/// One record of an event file: tensorflow.Event as far as training needs it. Graphs, logs and what later versions may
/// add are passed over when read.
struct Event {
  double wall_time = 0;  ///< seconds since 1970
  std::int64_t step = 0;
  std::string file_version = {};  ///< of a file's first event: "brain.Event:2"
  std::string writer = {};        ///< of a file's first event
  std::vector<EventValue> values = {};
  std::optional<SessionLog> session_log = {};

  friend bool operator==(const Event&, const Event&) = default;
};

/// The bytes that TensorFlow writes for such an event. An event holds a version, values or a session log; of several
/// the last one counts to other readers. Errors: kInvalidArgument for a tag or another text that is not UTF-8.
std::string encode_event(const Event& event);

/// Errors: kCorruption for bytes that are no such message; `where` begins its text.
Event decode_event(std::string_view bytes, std::string_view where);

/// What tf.summary.histogram writes: a float64 tensor [N, 3] of left edge, right edge, count, for the plugin
/// "histograms".
EventValue histogram_value(std::string tag, const Histogram& histogram);

/// The histogram of such a value; nothing for others.
std::optional<Histogram> histogram_of(const EventValue& value);

}  // namespace kin
