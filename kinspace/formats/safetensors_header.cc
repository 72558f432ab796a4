#include "kinspace/formats/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

struct TypeRow {
  std::string_view name;
  std::uint64_t bytes;
};

// In the order of TensorType.
constexpr TypeRow kTypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2},
                              {"I32", 4},  {"U32", 4}, {"F32", 4}, {"I64", 8}, {"U64", 8}, {"F64", 8}};

constexpr std::size_t kMaxRank = 16;
constexpr std::size_t kMaxMetadata = 100'000;  // each costs ten times the memory of its shortest text
constexpr const char* kMetadataName = "__metadata__";

/// Takes the header as the parser meets it, so that nothing but the tensors themselves is ever held; whatever stands
/// where a header has no place for it ends the parse, which also bounds the nesting.
class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderHandler(const std::string& path) : path_(path) {}

  bool null() override { return unexpected("null"); }
  bool boolean(bool /*value*/) override { return unexpected("a boolean"); }
  bool number_float(double /*value*/, const std::string& text) override { return unexpected("the number " + text); }
  bool binary(binary_t& /*value*/) override { return unexpected("binary data"); }
  bool number_integer(std::int64_t value) override { return unexpected(fmt::format("the number {}", value)); }

  bool number_unsigned(std::uint64_t value) override {
    if (state_ == State::kShape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail(fmt::format("the dimension {} is too large", value));
      }
      if (tensor_.shape.size() == kMaxRank) fail(fmt::format("more than {} dimensions", kMaxRank));
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (state_ == State::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
      return true;
    }
    return unexpected(fmt::format("the number {}", value));
  }

  bool string(std::string& value) override {
    if (state_ == State::kMetadata) {
      if (header.metadata.size() == kMaxMetadata) fail(fmt::format("more than {} metadata", kMaxMetadata));
      if (!header.metadata.emplace(key_, value).second) fail(fmt::format("the key {} comes twice", kin::quoted(key_)));
      return true;
    }
    if (state_ != State::kTensor || key_ != "dtype") return unexpected(kin::quoted(value));
    const auto type = parse_tensor_type(value);
    if (!type) {
      throw Error::not_supported(fmt::format("{}: tensor {} has the element type {}, which Kinspace does not read",
                                             path_, kin::quoted(tensor_.name), kin::quoted(value)),
                                 "convert the tensor to F32");
    }
    tensor_.type = *type;
    return true;
  }

  bool start_object(std::size_t /*size*/) override {
    if (state_ == State::kStart) {
      state_ = State::kNames;
    } else if (state_ == State::kNames && key_ == kMetadataName) {
      if (std::exchange(has_metadata_, true)) fail("\"__metadata__\" comes twice");
      state_ = State::kMetadata;
    } else if (state_ == State::kNames) {
      state_ = State::kTensor;
      tensor_ = {};
      tensor_.name = key_;
      seen_ = 0;
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool key(std::string& name) override {
    key_ = name;
    if (state_ != State::kTensor) return true;
    const unsigned bit = name == "dtype" ? 1U : name == "shape" ? 2U : name == "data_offsets" ? 4U : 0U;
    if (bit == 0) fail(fmt::format("unknown member {}", kin::quoted(name)));
    if ((seen_ & bit) != 0) fail(fmt::format("the member {} comes twice", kin::quoted(name)));
    seen_ |= bit;
    return true;
  }

  bool end_object() override {
    if (state_ == State::kTensor) {
      if (seen_ != 7) fail("dtype, shape and data_offsets are needed");
      header.tensors.push_back(std::move(tensor_));
      tensor_ = {};
    }
    state_ = state_ == State::kNames ? State::kEnd : State::kNames;
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (state_ == State::kTensor && key_ == "shape") {
      state_ = State::kShape;
    } else if (state_ == State::kTensor && key_ == "data_offsets") {
      state_ = State::kOffsets;
      offsets_ = 0;
    } else {
      return unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) fail("data_offsets are two numbers");
    state_ = State::kTensor;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    throw Error::corruption(fmt::format("{}: the header is no JSON text at its byte {} (byte {} of the file)", path_,
                                        position, position + 7));
  }

  SafetensorsHeader header;

 private:
  enum class State { kStart, kNames, kMetadata, kTensor, kShape, kOffsets, kEnd };

  [[noreturn]] void fail(const std::string& what) const {
    if (state_ == State::kStart || state_ == State::kNames || state_ == State::kMetadata || state_ == State::kEnd) {
      throw Error::corruption(fmt::format("{}: the header is malformed: {}", path_, what));
    }
    throw Error::corruption(fmt::format("{}: tensor {}: {}", path_, kin::quoted(tensor_.name), what));
  }

  bool unexpected(const std::string& what) const { fail(what + " stands where the format has no place for it"); }

  const std::string& path_;
  State state_ = State::kStart;
  std::string key_;
  TensorInfo tensor_;
  unsigned seen_ = 0;
  int offsets_ = 0;
  bool has_metadata_ = false;
};

[[noreturn]] void refuse(const std::string& path, const TensorInfo& tensor, const std::string& what) {
  throw Error::corruption(
      fmt::format("{}: tensor {} ({}): {}", path, kin::quoted(tensor.name), tensor.describe(), what));
}

void check_layout(const SafetensorsHeader& header, std::uint64_t data_bytes, const std::string& path) {
  std::vector<const TensorInfo*> by_offset;
  by_offset.reserve(header.tensors.size());
  for (const TensorInfo& tensor : header.tensors) {
    if (tensor.begin > tensor.end || tensor.end > data_bytes) {
      refuse(
          path, tensor,
          fmt::format("its data_offsets {}-{} are outside the {} bytes of data", tensor.begin, tensor.end, data_bytes));
    }
    const auto needed = tensor_bytes(tensor.type, tensor.shape);
    if (!needed) refuse(path, tensor, "its shape has more elements than any file can hold");
    if (tensor.end - tensor.begin != *needed) {
      refuse(path, tensor,
             fmt::format("it has {} bytes of data; its shape needs {}", tensor.end - tensor.begin, *needed));
    }
    by_offset.push_back(&tensor);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = 0;
  for (const TensorInfo* tensor : by_offset) {
    if (tensor->begin != at) {
      refuse(path, *tensor,
             fmt::format("its data start at {}; {} at {}", tensor->begin,
                         tensor->begin < at ? "they overlap data that end" : "there is a hole after the data that end",
                         at));
    }
    at = tensor->end;
  }
  if (at != data_bytes) {
    throw Error::corruption(fmt::format("{}: bytes {}-{} of the data belong to no tensor", path, at, data_bytes - 1));
  }
}

}  // namespace

std::uint64_t tensor_type_bytes(TensorType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}

std::string_view tensor_type_name(TensorType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::optional<TensorType> parse_tensor_type(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].name == name) return static_cast<TensorType>(i);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> tensor_bytes(TensorType type, const std::vector<std::int64_t>& shape) noexcept {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bytes = tensor_type_bytes(type);
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    empty = empty || extent == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1));
    if (bytes > kMost / factor) return std::nullopt;
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

std::string TensorInfo::describe() const {
  return fmt::format("{} [{}]", tensor_type_name(type), fmt::join(shape, ", "));
}

std::string render_safetensors_header(const SafetensorsHeader& header) {
  nlohmann::json json = nlohmann::json::object();
  if (!header.metadata.empty()) json[kMetadataName] = header.metadata;
  for (const TensorInfo& tensor : header.tensors) {
    json[tensor.name] = {{"dtype", tensor_type_name(tensor.type)},
                         {"shape", tensor.shape},
                         {"data_offsets", {tensor.begin, tensor.end}}};
  }
  std::string text = json.dump();
  text.append((64 - (8 + text.size()) % 64) % 64, ' ');
  return text;
}

SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes, const std::string& path) {
  if (text.empty() || text.front() != '{') {
    throw Error::corruption(fmt::format("{}: the header does not start with '{{' at byte 8", path));
  }
  HeaderHandler handler(path);
  nlohmann::json::sax_parse(text, &handler);
  auto& tensors = handler.header.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
  const auto twin = std::adjacent_find(tensors.begin(), tensors.end(),
                                       [](const TensorInfo& a, const TensorInfo& b) { return a.name == b.name; });
  if (twin != tensors.end())
    throw Error::corruption(fmt::format("{}: two tensors have the name {}", path, kin::quoted(twin->name)));
  check_layout(handler.header, data_bytes, path);
  return std::move(handler.header);
}

}  // namespace kin
