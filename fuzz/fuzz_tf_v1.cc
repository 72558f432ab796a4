// Any bytes as a checkpoint of TensorFlow's old format are refused, or are one whose tensors are refused or read. With
// a first byte of 1 the others are the list of tensors, and from the middle on a slice, in a table with right
// checksums.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tf_v1_checkpoint.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void write_table(const std::string& path, std::string_view list, std::string_view slice) {
  const std::string scratch = path + ".table";
  kin::AtomicFile file(scratch);
  kin::SstableWriter writer(file);
  writer.add("", list);
  writer.add("slice", slice);
  writer.finish();
  file.commit();
  std::filesystem::rename(scratch, path);
}

void read_all(kin::TensorFile& file) {
  for (const kin::StoredTensor& tensor : file.tensors()) {
    try {
      if (tensor.type == kin::StoredType::kString) {
        must(file.read_strings(tensor).size() == static_cast<std::size_t>(tensor.elements()));
      } else if (kin::stored_type_bytes(tensor.type) > 0) {
        const auto width = static_cast<std::int64_t>(kin::stored_type_bytes(tensor.type));
        std::int64_t given = 0;
        file.read_elements(tensor, 0, tensor.elements(), [&](std::int64_t first, std::string_view bytes) {
          const std::int64_t count = static_cast<std::int64_t>(bytes.size()) / width;
          must(first >= 0 && count > 0 && first + count <= tensor.elements());
          given += count;
        });
        must(given == tensor.elements());
      }
    } catch (const kin::Error& error) {
      must(error.code() == kin::ErrorCode::kCorruption);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = [] {
    const auto directory = std::filesystem::temp_directory_path() / ("kin-fuzz-v1-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    return (directory / "m").string();
  }();
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 1) {
    write_table(path, bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2));
  } else {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  try {
    kin::TfV1Checkpoint checkpoint(path, {path});
    read_all(checkpoint);
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported ||
         error.code() == kin::ErrorCode::kResourceLimit);
  }
  return 0;
}
