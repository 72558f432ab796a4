// Any bytes are refused, or are vectors with as many keys as rows that can be read, whole and in part. The first byte
// chooses the format; after 4 what the content looks like, NumPy's formats and safetensors among them.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/formats/checkpoint_state.h"
#include "kinspace/formats/tensor_file.h"

namespace {

constexpr const char* kFormats[] = {"word2vec", "word2vec-bin", "glove", "csv"};

void must(bool condition) {
  if (!condition) std::abort();
}

bool allowed(kin::ErrorCode code) {
  return code == kin::ErrorCode::kCorruption || code == kin::ErrorCode::kNotSupported ||
         code == kin::ErrorCode::kResourceLimit || code == kin::ErrorCode::kBadData;
}

void read_all(kin::TensorFile& file, std::size_t size) {
  for (const kin::StoredTensor& tensor : file.tensors()) {
    const kin::TokenList* tokens = file.tokens(tensor);
    if (tokens != nullptr) must(static_cast<std::int64_t>(tokens->size()) == tensor.rows());
    // Deflated arrays may be a thousand times their file.
    if (tensor.elements() > static_cast<std::int64_t>(size) * 1100) std::abort();
    try {
      const kin::Matrix whole = file.read_matrix(tensor);
      if (whole.rows() < 2) continue;
      kin::Matrix last(1, whole.cols());
      file.read_rows(tensor, last.view(), whole.rows() - 1);
      must(whole.cols() == 0 || std::memcmp(last.row(0), whole.row(whole.rows() - 1),
                                            static_cast<std::size_t>(whole.cols()) * sizeof(float)) == 0);
    } catch (const kin::Error& error) {
      must(allowed(error.code()));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("vectors", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (size == 0) return 0;
  must(::ftruncate(fd, 0) == 0 && ::pwrite(fd, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  kin::parse_checkpoint_state({reinterpret_cast<const char*>(data) + 1, size - 1});
  try {
    const auto file = kin::open_tensor_file(path, {.format = data[0] < 4 ? kFormats[data[0]] : "auto"});
    read_all(*file, size);
  } catch (const kin::Error& error) {
    // Bytes that look like a checkpoint's index have no name of one.
    must(allowed(error.code()) || error.code() == kin::ErrorCode::kIo);
  }
  return 0;
}
