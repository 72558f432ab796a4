#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/safetensors.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in memory");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::size_t kFloat = sizeof(float);

[[noreturn]] void refuse(const std::string& path, const TensorInfo& tensor, const std::string& needed) {
  throw Error::corruption(
      fmt::format("{}: tensor {} is {}; {} is needed", path, kin::quoted(tensor.name), tensor.describe(), needed),
      "the file belongs to another model, or to another version of it");
}

}  // namespace

SafetensorsReader::SafetensorsReader(const std::string& path, const FileRecord* record) : file_(path, record) {
  if (file_.size() < kLengthBytes) {
    throw Error::corruption(fmt::format("{} has {} bytes; a safetensors file has at least 10", path, file_.size()));
  }
  std::uint64_t header_bytes = 0;
  file_.read_at(0, &header_bytes, kLengthBytes);
  const std::uint64_t room = file_.size() - kLengthBytes;
  if (header_bytes > room || header_bytes > kMaxSafetensorsHeader) {
    throw Error::corruption(fmt::format("{}: bytes 0-7 say that the header has {} bytes; {}", path, header_bytes,
                                        header_bytes > room
                                            ? fmt::format("the file has {} more", room)
                                            : fmt::format("at most {} are read", human_bytes(kMaxSafetensorsHeader))));
  }
  std::string text(static_cast<std::size_t>(header_bytes), '\0');
  file_.read_at(kLengthBytes, text.data(), text.size());
  data_start_ = kLengthBytes + header_bytes;
  header_ = parse_safetensors_header(text, file_.size() - data_start_, path);
}

const TensorInfo* SafetensorsReader::find(std::string_view name) const noexcept {
  const auto& all = header_.tensors;
  const auto at = std::lower_bound(all.begin(), all.end(), name, [](const TensorInfo& tensor, std::string_view wanted) {
    return tensor.name < wanted;
  });
  return at != all.end() && at->name == name ? &*at : nullptr;
}

const TensorInfo& SafetensorsReader::require_name(std::string_view name) const {
  const TensorInfo* tensor = find(name);
  if (tensor != nullptr) return *tensor;
  std::vector<std::string> names;
  for (const TensorInfo& other : header_.tensors) names.push_back(other.name);
  throw Error::corruption(fmt::format("{} has no tensor {}{}", path(), kin::quoted(name), did_you_mean(name, names)),
                          "the file belongs to another model, or to another version of it");
}

const TensorInfo& SafetensorsReader::require(std::string_view name, TensorType type,
                                             std::span<const std::int64_t> shape) const {
  const TensorInfo& tensor = require_name(name);
  if (tensor.type != type || !std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    refuse(path(), tensor, fmt::format("{} [{}]", tensor_type_name(type), fmt::join(shape, ", ")));
  }
  return tensor;
}

void SafetensorsReader::read_elements(std::string_view name, TensorType type, void* to, std::size_t count) {
  const TensorInfo& tensor = require_name(name);
  const std::uint64_t bytes = tensor.end - tensor.begin;
  if (tensor.type != type || bytes / tensor_type_bytes(type) != count) {
    refuse(path(), tensor, fmt::format("{} of {} elements", tensor_type_name(type), count));
  }
  file_.read_at(data_start_ + tensor.begin, to, static_cast<std::size_t>(bytes));
}

void SafetensorsReader::read_bytes(const TensorInfo& tensor, std::uint64_t first, void* to, std::size_t bytes) {
  const std::uint64_t all = tensor.end - tensor.begin;
  if (first > all || bytes > all - first) {
    throw Error::invalid_argument(fmt::format("{}: tensor {} has {} bytes; {} from {} on are asked for", path(),
                                              kin::quoted(tensor.name), all, bytes, first));
  }
  file_.read_at(data_start_ + tensor.begin + first, to, bytes);
}

/// Of the first of these rows in the file.
std::uint64_t SafetensorsReader::offset_of_rows(std::string_view name, std::int64_t first, std::int64_t rows,
                                                std::int64_t cols) const {
  const TensorInfo& tensor = require_name(name);
  if (tensor.type != TensorType::kF32 || tensor.shape.size() != 2 || tensor.shape[1] != cols || first < 0 || rows < 0 ||
      first > tensor.shape[0] || rows > tensor.shape[0] - first) {
    refuse(path(), tensor, fmt::format("F32 [{} or more, {}]", first + rows, cols));
  }
  return data_start_ + tensor.begin + static_cast<std::uint64_t>(first) * static_cast<std::uint64_t>(cols) * kFloat;
}

void SafetensorsReader::read_rows(std::string_view name, MatrixView to, std::int64_t first) {
  const std::uint64_t start = offset_of_rows(name, first, to.rows, to.cols);
  const std::size_t row_bytes = static_cast<std::size_t>(to.cols) * kFloat;
  if (to.stride == to.cols) {
    file_.read_at(start, to.data, row_bytes * static_cast<std::size_t>(to.rows));
    return;
  }
  for (std::int64_t r = 0; r < to.rows; ++r) {
    file_.read_at(start + static_cast<std::uint64_t>(r) * row_bytes, to.row(r), row_bytes);
  }
}

std::optional<MatrixView> SafetensorsReader::map_rows(std::string_view name, std::int64_t first, std::int64_t rows) {
  const TensorInfo& tensor = require_name(name);
  const std::int64_t cols = tensor.shape.size() == 2 ? tensor.shape[1] : 0;
  const std::uint64_t start = offset_of_rows(name, first, rows, cols);
  if (start % alignof(float) != 0) return std::nullopt;
  char* const data = file_.mapped(start, static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * kFloat);
  if (data == nullptr) return std::nullopt;
  return MatrixView{reinterpret_cast<float*>(data), rows, cols, cols};
}

}  // namespace kin
