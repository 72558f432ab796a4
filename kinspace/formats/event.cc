#include "kinspace/formats/event.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/proto_wire.h"

// Field numbers are those of tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto.

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

enum TensorFlowType : std::int32_t { kFloat32 = 1, kFloat64 = 2, kInt32 = 3, kInt64 = 9 };

// ---- writing
// ---------------------------------------------------------------------------------------------------------

/// As append_number_field, for the numbers that proto_wire.h does not write.
void append_double(std::string& to, std::uint32_t number, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits == 0) return;
  append_varint(to, number << 3 | static_cast<std::uint32_t>(WireType::kFixed64));
  to.append(reinterpret_cast<const char*>(&bits), sizeof bits);
}

void append_doubles(std::string& to, std::uint32_t number, std::span<const double> values) {
  if (values.empty()) return;
  append_bytes_field(to, number, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

void append_text(std::string& to, std::uint32_t number, std::string_view text) {
  if (!is_utf8(text)) throw Error::invalid_argument(fmt::format("[event] the text {} is not UTF-8", kin::quoted(text)));
  if (!text.empty()) append_bytes_field(to, number, text);
}

std::string encode_histogram(const EventHistogram& histogram) {
  std::string out;
  append_double(out, 1, histogram.min);
  append_double(out, 2, histogram.max);
  append_double(out, 3, histogram.num);
  append_double(out, 4, histogram.sum);
  append_double(out, 5, histogram.sum_squares);
  append_doubles(out, 6, histogram.limits);
  append_doubles(out, 7, histogram.counts);
  return out;
}

std::string encode_tensor(const EventTensor& tensor) {
  std::string shape;
  for (const std::int64_t size : tensor.shape) {
    std::string dimension;
    append_number_field(dimension, 1, static_cast<std::uint64_t>(size));
    append_bytes_field(shape, 2, dimension);
  }
  std::string out;
  append_number_field(out, 1, static_cast<std::uint64_t>(std::int64_t{tensor.dtype}));
  append_bytes_field(out, 2, shape);
  if (!tensor.content.empty()) append_bytes_field(out, 4, tensor.content);
  for (const std::string& text : tensor.strings) append_bytes_field(out, 8, text);
  return out;
}

std::string encode_metadata(const EventMetadata& metadata) {
  std::string plugin;
  append_text(plugin, 1, metadata.plugin_name);
  if (!metadata.plugin_content.empty()) append_bytes_field(plugin, 2, metadata.plugin_content);
  std::string out;
  append_bytes_field(out, 1, plugin);
  append_text(out, 2, metadata.display_name);
  append_text(out, 3, metadata.description);
  append_number_field(out, 4, static_cast<std::uint64_t>(std::int64_t{metadata.data_class}));
  return out;
}

std::string encode_value(const EventValue& value) {
  std::string out;
  append_text(out, 1, value.tag);
  if (const float* number = std::get_if<float>(&value.value)) {
    // One of several kinds: written also when it is 0.
    append_varint(out, 2U << 3 | static_cast<std::uint32_t>(WireType::kFixed32));
    append_fixed32(out, std::bit_cast<std::uint32_t>(*number));
  } else if (const auto* histogram = std::get_if<EventHistogram>(&value.value)) {
    append_bytes_field(out, 5, encode_histogram(*histogram));
  } else if (const auto* tensor = std::get_if<EventTensor>(&value.value)) {
    append_bytes_field(out, 8, encode_tensor(*tensor));
  }
  if (value.metadata) append_bytes_field(out, 9, encode_metadata(*value.metadata));
  return out;
}

// ---- reading
// ---------------------------------------------------------------------------------------------------------

/// Calls take(field) for each field of a message. Errors: kCorruption.
template <class Take>
void for_each_field(std::string_view message, std::string_view where, Take take) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) take(*field);
  if (reader.damaged()) throw Error::corruption(fmt::format("{}: not a TensorFlow event", where));
}

/// A `string`, which must be UTF-8; fields of type `bytes` need not. Errors: kCorruption.
std::string text_of(const ProtoField& field, std::string_view where) {
  if (!is_utf8(field.bytes)) {
    throw Error::corruption(fmt::format("{}: the text {} is not UTF-8", where, kin::quoted(field.bytes)));
  }
  return std::string(field.bytes);
}

/// Adds the doubles of a packed or a single field. Errors: kCorruption.
void add_doubles(const ProtoField& field, std::string_view where, std::vector<double>& to) {
  if (field.type == WireType::kFixed64) {
    to.push_back(std::bit_cast<double>(field.value));
  } else if (field.type == WireType::kBytes) {
    if (field.bytes.size() % sizeof(double) != 0) {
      throw Error::corruption(fmt::format("{}: {} bytes are no list of float64", where, field.bytes.size()));
    }
    const std::size_t before = to.size();
    to.resize(before + field.bytes.size() / sizeof(double));
    if (!field.bytes.empty()) std::memcpy(to.data() + before, field.bytes.data(), field.bytes.size());
  }
}

EventHistogram decode_histogram(std::string_view bytes, std::string_view where) {
  EventHistogram out;
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.number == 6) {
      add_doubles(field, where, out.limits);
    } else if (field.number == 7) {
      add_doubles(field, where, out.counts);
    } else if (field.number <= 5 && field.type == WireType::kFixed64) {
      double* const to[] = {&out.min, &out.max, &out.num, &out.sum, &out.sum_squares};
      *to[field.number - 1] = std::bit_cast<double>(field.value);
    }
  });
  return out;
}

void decode_shape(std::string_view bytes, std::string_view where, std::vector<std::int64_t>& shape) {
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (!field.is(2, WireType::kBytes)) return;
    std::int64_t size = 0;
    for_each_field(field.bytes, where, [&](const ProtoField& dimension) {
      if (dimension.is(1, WireType::kVarint)) size = static_cast<std::int64_t>(dimension.value);
    });
    shape.push_back(size);
  });
}

EventTensor decode_tensor(std::string_view bytes, std::string_view where) {
  EventTensor out;
  std::string typed;  // numbers that stand in a typed list instead of `tensor_content`
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.is(1, WireType::kVarint)) {
      out.dtype = static_cast<std::int32_t>(field.value);
    } else if (field.is(2, WireType::kBytes)) {
      decode_shape(field.bytes, where, out.shape);
    } else if (field.is(4, WireType::kBytes)) {
      out.content = field.bytes;
    } else if (field.is(8, WireType::kBytes)) {
      out.strings.emplace_back(field.bytes);
    } else if (field.is(5, WireType::kBytes) || field.is(6, WireType::kBytes)) {
      typed.append(field.bytes);
    } else if (field.is(5, WireType::kFixed32)) {
      append_fixed32(typed, static_cast<std::uint32_t>(field.value));
    } else if (field.is(6, WireType::kFixed64)) {
      typed.append(reinterpret_cast<const char*>(&field.value), sizeof field.value);
    }
  });
  if (out.content.empty()) out.content = std::move(typed);
  return out;
}

EventMetadata decode_metadata(std::string_view bytes, std::string_view where) {
  EventMetadata out;
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.is(1, WireType::kBytes)) {
      for_each_field(field.bytes, where, [&](const ProtoField& plugin) {
        if (plugin.is(1, WireType::kBytes)) out.plugin_name = text_of(plugin, where);
        if (plugin.is(2, WireType::kBytes)) out.plugin_content = plugin.bytes;
      });
    } else if (field.is(2, WireType::kBytes)) {
      out.display_name = text_of(field, where);
    } else if (field.is(3, WireType::kBytes)) {
      out.description = text_of(field, where);
    } else if (field.is(4, WireType::kVarint)) {
      out.data_class = static_cast<std::int32_t>(field.value);
    }
  });
  return out;
}

EventValue decode_value(std::string_view bytes, std::string_view where) {
  EventValue out;
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.is(1, WireType::kBytes)) {
      out.tag = text_of(field, where);
    } else if (field.is(2, WireType::kFixed32)) {
      out.value = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
    } else if (field.is(5, WireType::kBytes)) {
      out.value = decode_histogram(field.bytes, where);
    } else if (field.is(8, WireType::kBytes)) {
      out.value = decode_tensor(field.bytes, where);
    } else if (field.is(9, WireType::kBytes)) {
      out.metadata = decode_metadata(field.bytes, where);
    }
  });
  return out;
}

SessionLog decode_session_log(std::string_view bytes, std::string_view where) {
  SessionLog out;
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.is(1, WireType::kVarint)) {
      out.status = static_cast<SessionLog::Status>(static_cast<std::int32_t>(field.value));
    } else if (field.is(2, WireType::kBytes)) {
      out.checkpoint_path = text_of(field, where);
    } else if (field.is(3, WireType::kBytes)) {
      out.message = text_of(field, where);
    }
  });
  return out;
}

template <class T>
std::optional<double> only(std::string_view content) {
  if (content.size() != sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, content.data(), sizeof value);
  return static_cast<double>(value);
}

}  // namespace

std::optional<double> EventValue::scalar() const {
  if (const float* number = std::get_if<float>(&value)) return double{*number};
  const auto* tensor = std::get_if<EventTensor>(&value);
  if (tensor == nullptr) return std::nullopt;
  switch (tensor->dtype) {
    case kFloat32:
      return only<float>(tensor->content);
    case kFloat64:
      return only<double>(tensor->content);
    case kInt32:
      return only<std::int32_t>(tensor->content);
    case kInt64:
      return only<std::int64_t>(tensor->content);
    default:
      return std::nullopt;
  }
}

std::string encode_event(const Event& event) {
  std::string out;
  append_double(out, 1, event.wall_time);
  append_number_field(out, 2, static_cast<std::uint64_t>(event.step));
  append_text(out, 3, event.file_version);
  if (!event.values.empty()) {
    std::string summary;
    for (const EventValue& value : event.values) append_bytes_field(summary, 1, encode_value(value));
    append_bytes_field(out, 5, summary);
  }
  if (event.session_log) {
    std::string log;
    append_number_field(log, 1, static_cast<std::uint64_t>(static_cast<std::int64_t>(event.session_log->status)));
    append_text(log, 2, event.session_log->checkpoint_path);
    append_text(log, 3, event.session_log->message);
    append_bytes_field(out, 7, log);
  }
  if (!event.writer.empty()) {
    std::string source;
    append_text(source, 1, event.writer);
    append_bytes_field(out, 10, source);
  }
  return out;
}

Event decode_event(std::string_view bytes, std::string_view where) {
  Event out;
  for_each_field(bytes, where, [&](const ProtoField& field) {
    if (field.is(1, WireType::kFixed64)) {
      out.wall_time = std::bit_cast<double>(field.value);
    } else if (field.is(2, WireType::kVarint)) {
      out.step = static_cast<std::int64_t>(field.value);
    } else if (field.is(3, WireType::kBytes)) {
      out.file_version = text_of(field, where);
    } else if (field.is(5, WireType::kBytes)) {
      for_each_field(field.bytes, where, [&](const ProtoField& value) {
        if (value.is(1, WireType::kBytes)) out.values.push_back(decode_value(value.bytes, where));
      });
    } else if (field.is(7, WireType::kBytes)) {
      out.session_log = decode_session_log(field.bytes, where);
    } else if (field.is(10, WireType::kBytes)) {
      for_each_field(field.bytes, where, [&](const ProtoField& source) {
        if (source.is(1, WireType::kBytes)) out.writer = text_of(source, where);
      });
    }
  });
  return out;
}

EventValue histogram_value(std::string tag, const Histogram& histogram) {
  std::vector<double> rows;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    rows.insert(rows.end(), {histogram.edges[i], histogram.edges[i + 1], histogram.counts[i]});
  }
  EventTensor tensor{.dtype = kFloat64, .shape = {static_cast<std::int64_t>(histogram.counts.size()), 3}};
  tensor.content.assign(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(double));
  return {std::move(tag), std::move(tensor), EventMetadata{.plugin_name = "histograms"}};
}

std::optional<Histogram> histogram_of(const EventValue& value) {
  const auto* tensor = std::get_if<EventTensor>(&value.value);
  if (tensor == nullptr || tensor->dtype != kFloat64 || !value.metadata ||
      value.metadata->plugin_name != "histograms") {
    return std::nullopt;
  }
  constexpr std::size_t kRow = 3 * sizeof(double);
  if (tensor->shape.size() != 2 || tensor->shape[1] != 3 || tensor->content.size() % kRow != 0 ||
      static_cast<std::uint64_t>(tensor->shape[0]) != tensor->content.size() / kRow) {
    return std::nullopt;
  }
  Histogram out;
  for (std::size_t at = 0; at < tensor->content.size(); at += kRow) {
    double row[3];
    std::memcpy(row, tensor->content.data() + at, kRow);
    if (out.edges.empty()) out.edges.push_back(row[0]);
    out.edges.push_back(row[1]);
    out.counts.push_back(row[2]);
  }
  return out;
}

}  // namespace kin
