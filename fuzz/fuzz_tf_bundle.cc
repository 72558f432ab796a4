// Any bytes as the index of a checkpoint are refused or are a checkpoint whose tensors are refused or read. Checksums
// would stop nearly everything, so that a first byte of 1 puts the other bytes into a block with a right one, and 2
// makes entries of them: after each byte n, n bytes are the value of the next of a few keys.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/formats/proto_wire.h"
#include "kinspace/formats/snappy.h"
#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_bundle.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

/// A table of one block.
std::string table_of(std::string_view block) {
  std::string file(block);
  file.push_back('\0');
  kin::append_fixed32(file, kin::masked_crc32c(file));
  std::string handle;
  kin::append_varint(handle, 0);
  kin::append_varint(handle, block.size());
  std::string index("\0\1", 2);
  kin::append_varint(index, handle.size());
  index += "z" + handle + std::string("\0\0\0\0\1\0\0\0", 8);
  std::string footer("\0\0", 2);
  kin::append_varint(footer, file.size());
  kin::append_varint(footer, index.size());
  footer.resize(40, '\0');
  index.push_back('\0');
  kin::append_fixed32(index, kin::masked_crc32c(index));
  file += index + footer;
  kin::append_fixed32(file, static_cast<std::uint32_t>(kin::kSstableMagic));
  kin::append_fixed32(file, static_cast<std::uint32_t>(kin::kSstableMagic >> 32));
  return file;
}

/// A block whose values are cut from the bytes.
std::string block_of(std::string_view bytes) {
  const std::string slice("\0emb\0\1\2\x80\x83\x80\x85", 12);
  std::string block;
  for (const std::string& key :
       {std::string(), slice, std::string(kin::kObjectGraphTensor), std::string("emb"), std::string("x")}) {
    if (bytes.empty()) break;
    const std::size_t length = std::min<std::size_t>(static_cast<std::uint8_t>(bytes.front()), bytes.size() - 1);
    kin::append_varint(block, 0);
    kin::append_varint(block, key.size());
    kin::append_varint(block, length);
    block += key;
    block += bytes.substr(1, length);
    bytes.remove_prefix(1 + length);
  }
  return block + std::string("\0\0\0\0\1\0\0\0", 8);
}

void spill(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

void read_all(kin::TensorFile& file) {
  for (const kin::StoredTensor& tensor : file.tensors()) {
    must(file.find(tensor.name) == &tensor);
    try {
      if (tensor.type == kin::StoredType::kString) {
        must(file.read_strings(tensor).size() == static_cast<std::size_t>(tensor.elements()));
      } else if (kin::stored_type_bytes(tensor.type) > 0) {
        std::int64_t given = 0;
        const auto width = static_cast<std::int64_t>(kin::stored_type_bytes(tensor.type));
        file.read_elements(tensor, 0, tensor.elements(), [&](std::int64_t first, std::string_view bytes) {
          must(first >= 0 && !bytes.empty());
          given += static_cast<std::int64_t>(bytes.size()) / width;
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
  static const std::string prefix = [] {
    const auto directory = std::filesystem::temp_directory_path() / ("kin-fuzz-bundle-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    return (directory / "m").string();
  }();
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  kin::snappy_uncompress(bytes);
  spill(kin::tf_index_path(prefix), data[0] == 1   ? table_of(bytes)
                                    : data[0] == 2 ? table_of(block_of(bytes))
                                                   : std::string(bytes));
  spill(kin::tf_data_path(prefix, 0, 1), std::string(300, '\1'));
  try {
    kin::TfBundle bundle(prefix);
    read_all(bundle);
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported ||
         error.code() == kin::ErrorCode::kResourceLimit);
  }
  return 0;
}
