#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/safetensors.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

void check_source(const TensorSource& tensor, const std::string& path) {
  if (!is_utf8(tensor.name) || tensor.name == "__metadata__") {
    throw Error::invalid_argument(fmt::format("{}: {} cannot be the name of a tensor", path, kin::quoted(tensor.name)));
  }
  const std::uint64_t given = tensor.pieces * tensor.piece_bytes;
  if (tensor_bytes(tensor.type, tensor.shape) != given) {
    throw Error::invalid_argument(fmt::format("{}: tensor {} has the shape [{}] of {} elements but {} bytes of data",
                                              path, kin::quoted(tensor.name), fmt::join(tensor.shape, ", "),
                                              tensor_type_name(tensor.type), given));
  }
}

/// Collects small writes, so that the rows of a table do not each cost a call to the system.
class StagedWriter {
 public:
  explicit StagedWriter(RecordedFile& file) : file_(file), stage_(kStage) {}

  void write(const void* data, std::size_t bytes) {
    if (bytes > kStage - used_) flush();
    if (bytes > kStage) {
      file_.write(data, bytes);
      return;
    }
    if (bytes > 0) std::memcpy(stage_.data() + used_, data, bytes);
    used_ += bytes;
  }

  void flush() {
    file_.write(stage_.data(), used_);
    used_ = 0;
  }

 private:
  static constexpr std::size_t kStage = std::size_t{1} << 18;

  RecordedFile& file_;
  Buffer<char> stage_;
  std::size_t used_ = 0;
};

}  // namespace

TensorSource TensorSource::rows(std::string name, ConstMatrixView matrix) {
  return {std::move(name),
          TensorType::kF32,
          {matrix.rows, matrix.cols},
          matrix.data,
          static_cast<std::uint64_t>(matrix.rows),
          static_cast<std::uint64_t>(matrix.cols) * sizeof(float),
          static_cast<std::uint64_t>(matrix.stride) * sizeof(float)};
}

TensorSource TensorSource::stored_rows(std::string name, const RowsView& matrix) {
  return {std::move(name),
          TensorType::kF32,
          {matrix.rows, matrix.cols},
          matrix.data,
          static_cast<std::uint64_t>(matrix.rows),
          static_cast<std::uint64_t>(matrix.cols) * sizeof(float),
          static_cast<std::uint64_t>(matrix.stride_bytes),
          matrix.precision == Precision::kBf16};
}

const char* TensorSource::piece(std::uint64_t i, std::vector<float>& room) const {
  const char* at = static_cast<const char*>(data) + i * stride_bytes;
  if (!bf16) return at;
  room.resize(static_cast<std::size_t>(piece_bytes) / sizeof(float));
  kernels::active().widen_bf16(reinterpret_cast<const kernels::Bf16*>(at), room.data(),
                               static_cast<std::int64_t>(room.size()));
  return reinterpret_cast<const char*>(room.data());
}

FileRecord write_safetensors(const std::string& directory, const std::string& path, std::vector<TensorSource> tensors,
                             const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorSource& a, const TensorSource& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check_source(tensors[i], path);
    if (i > 0 && tensors[i].name == tensors[i - 1].name) {
      throw Error::invalid_argument(
          fmt::format("{}: two tensors have the name {}", path, kin::quoted(tensors[i].name)));
    }
  }
  for (const auto& [key, value] : metadata) {
    if (!is_utf8(key) || !is_utf8(value)) {
      throw Error::invalid_argument(fmt::format("{}: the metadata {} are not UTF-8", path, kin::quoted(key)));
    }
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorSource& a, const TensorSource& b) {
    return tensor_type_bytes(a.type) > tensor_type_bytes(b.type);
  });

  SafetensorsHeader header;
  header.metadata = metadata;
  std::uint64_t at = 0;
  for (const TensorSource& tensor : tensors) {
    const std::uint64_t bytes = tensor.pieces * tensor.piece_bytes;
    header.tensors.push_back({tensor.name, tensor.type, tensor.shape, at, at + bytes});
    at += bytes;
  }
  const std::string text = render_safetensors_header(header);
  if (text.size() > kMaxSafetensorsHeader) {
    throw Error::invalid_argument(fmt::format("{}: a header of {} for {} tensors; at most {} are read again", path,
                                              human_bytes(text.size()), tensors.size(),
                                              human_bytes(kMaxSafetensorsHeader)));
  }

  RecordedFile file(directory, path);
  const std::uint64_t header_bytes = text.size();
  file.write(&header_bytes, sizeof header_bytes);
  file.write(text);
  StagedWriter out(file);
  std::vector<float> room;
  for (const TensorSource& tensor : tensors) {
    for (std::uint64_t piece = 0; piece < tensor.pieces; ++piece) {
      out.write(tensor.piece(piece, room), static_cast<std::size_t>(tensor.piece_bytes));
    }
  }
  out.flush();
  return file.commit();
}

}  // namespace kin
