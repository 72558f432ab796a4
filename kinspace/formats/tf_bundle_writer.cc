#include "kinspace/formats/tf_bundle_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/proto_wire.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/stored_tensor.h"
#include "kinspace/formats/tf_bundle.h"
#include "kinspace/formats/tf_slices.h"

namespace kin {
namespace {

/// Fields of BundleHeaderProto and BundleEntryProto.
enum HeaderField : std::uint32_t { kNumShards = 1, kVersion = 3, kProducer = 1 };
enum EntryField : std::uint32_t { kType = 1, kShape = 2, kOffset = 4, kSize = 5, kChecksum = 6 };

[[noreturn]] void refuse(const TensorSource& tensor, const std::string& what) {
  throw Error::invalid_argument(
      fmt::format("tensor {} for a TensorFlow checkpoint: {}", kin::quoted(tensor.name), what));
}

void check(const std::vector<TensorSource>& sorted) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const TensorSource& tensor = sorted[i];
    if (tensor.name.empty() || tensor.name.front() == '\0' || tensor.name.size() > kMaxSstableKey) {
      refuse(tensor, "its name must have 1 to 65 536 bytes, the first not zero");
    }
    if (i > 0 && tensor.name == sorted[i - 1].name) refuse(tensor, "it comes twice");
    if (tensor_bytes(tensor.type, tensor.shape) != tensor.pieces * tensor.piece_bytes) {
      refuse(tensor, "its shape does not fit the memory given");
    }
  }
}

template <class T>
void check_finite(const TensorSource& tensor, const char* piece) {
  const auto* values = reinterpret_cast<const T*>(piece);
  const T* const end = values + tensor.piece_bytes / sizeof(T);
  if (std::all_of(values, end, [](T value) { return std::isfinite(value); })) return;
  throw Error::bad_data(fmt::format("tensor {} holds a NaN or an infinity", kin::quoted(tensor.name)));
}

/// Writes the bytes of a tensor and returns their checksum.
std::uint32_t write_data(const TensorSource& tensor, AtomicFile& file) {
  std::uint32_t sum = 0;
  std::vector<float> room;
  for (std::uint64_t i = 0; i < tensor.pieces && tensor.piece_bytes > 0; ++i) {
    const char* piece = tensor.piece(i, room);
    if (tensor.type == TensorType::kF32) check_finite<float>(tensor, piece);
    if (tensor.type == TensorType::kF64) check_finite<double>(tensor, piece);
    const std::string_view bytes(piece, static_cast<std::size_t>(tensor.piece_bytes));
    sum = crc32c(bytes, sum);
    file.write(bytes);
  }
  return mask_crc32c(sum);
}

}  // namespace

void write_tf_bundle(const std::string& prefix, std::vector<TensorSource> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  check(tensors);
  AtomicFile data(tf_data_path(prefix, 0, 1));
  AtomicFile index_file(tf_index_path(prefix));
  SstableWriter index(index_file);
  std::string version;
  append_number_field(version, kProducer, 1);
  std::string header;
  append_number_field(header, kNumShards, 1);
  append_bytes_field(header, kVersion, version);
  index.add("", header);
  std::uint64_t offset = 0;
  for (const TensorSource& tensor : tensors) {
    const std::uint64_t size = tensor.pieces * tensor.piece_bytes;
    std::string entry;
    append_number_field(entry, kType, tf_number_of(stored_type(tensor.type)));
    append_bytes_field(entry, kShape, render_tensor_shape(tensor.shape));
    append_number_field(entry, kOffset, offset);
    append_number_field(entry, kSize, size);
    append_fixed32_field(entry, kChecksum, write_data(tensor, data));
    index.add(tensor.name, entry);
    offset += size;
  }
  index.finish();
  data.commit();
  index_file.commit();
}

void write_checkpoint_state(const std::string& directory, const CheckpointState& state) {
  write_file_atomically((std::filesystem::path(directory) / "checkpoint").string(), render_checkpoint_state(state));
}

}  // namespace kin
