#include "kinspace/data/byte_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"

namespace kin {

ByteSource file_source(const std::string& path) {
  if (path == "-") {
    throw Error::not_supported("data cannot come from standard input: the rows are read twice",
                               "write them to a file and name it");
  }
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
      !std::filesystem::is_directory(status)) {
    throw Error::not_supported(fmt::format("{} is no regular file, such as a pipe: its rows are read twice", path),
                               "write the rows to a file and name it");
  }
  ByteSource source;
  source.name = path;
  source.size = file_size(path);
  source.start = [path]() -> ByteSource::Read {
    auto file = std::make_shared<InputFile>(path);
    return [file](void* to, std::size_t bytes) { return file->read(to, bytes); };
  };
  return source;
}

ByteSource memory_source(std::string name, std::string text) {
  ByteSource source;
  source.name = std::move(name);
  source.size = text.size();
  source.start = [shared = std::make_shared<const std::string>(std::move(text))]() -> ByteSource::Read {
    return [shared, at = std::size_t{0}](void* to, std::size_t bytes) mutable {
      const std::size_t got = std::min(bytes, shared->size() - at);
      std::memcpy(to, shared->data() + at, got);
      at += got;
      return got;
    };
  };
  return source;
}

}  // namespace kin
