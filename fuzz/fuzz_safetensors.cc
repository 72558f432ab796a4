// Any bytes are either refused as damaged or unsupported, or are a file all of whose tensors can be read and whose
// header says the same when it is written again.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/formats/safetensors.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void read_all(kin::SafetensorsReader& reader, std::size_t size) {
  std::uint64_t data = 0;
  for (const kin::TensorInfo& tensor : reader.tensors()) {
    must(tensor.end <= size && tensor.end - tensor.begin == kin::tensor_bytes(tensor.type, tensor.shape));
    must(reader.find(tensor.name) == &tensor);
    data += tensor.end - tensor.begin;
    if (tensor.type == kin::TensorType::kF32) {
      std::vector<float> values(static_cast<std::size_t>((tensor.end - tensor.begin) / sizeof(float)));
      reader.read<float>(tensor.name, values);
    }
  }
  const std::string again = kin::render_safetensors_header({reader.tensors(), reader.metadata()});
  const kin::SafetensorsHeader header = kin::parse_safetensors_header(again, data, "again");
  must(header.metadata == reader.metadata() && header.tensors.size() == reader.tensors().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("safetensors", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  must(::ftruncate(fd, 0) == 0 && ::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  try {
    kin::SafetensorsReader reader(path);
    read_all(reader, size);
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported);
  }
  return 0;
}
