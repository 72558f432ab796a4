#include "kinspace/data/duckdb_api.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::duckdb {
namespace {

constexpr const char* kInstall =
    "run `setup/install.sh parquet` in Kinspace's sources, or install libduckdb 1.2 to 1.x (it also lies in the npm "
    "packages @duckdb/node-bindings-linux-x64 and -arm64) and say where with KIN_DUCKDB=/path/to/libduckdb.so";

// "v1.5.5" is 1, 5.
bool known_version(std::string_view version) {
  int major = 0, minor = 0;
  if (version.starts_with('v')) version.remove_prefix(1);
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return false;
  return std::from_chars(first.ptr + 1, end, minor).ec == std::errc() && major == 1 && minor >= 2;
}

}  // namespace

std::vector<std::string> library_places() {
  if (const char* chosen = std::getenv("KIN_DUCKDB"); chosen != nullptr && *chosen != '\0') return {chosen};
  std::vector<std::string> places;
  std::error_code none;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", none);
  if (!none) places.push_back(program.parent_path().parent_path() / "lib" / "kinspace" / "libduckdb.so");
  places.emplace_back(KIN_DUCKDB_INSTALLED);
  places.emplace_back("libduckdb.so");
  return places;
}

Api load_library(std::span<const std::string> places) {
  std::string tried;
  for (const std::string& place : places) {
    // Never closed: the threads that it starts run its code to the end of the program.
    void* handle = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* why = ::dlerror();
      tried += fmt::format("\n  {}", why != nullptr ? why : place);
      continue;
    }
    Api api;
    api.path = place;
    const auto version = reinterpret_cast<const char* (*)()>(::dlsym(handle, "duckdb_library_version"));
    if (version != nullptr) api.version = version();
    if (!known_version(api.version)) {
      throw Error::not_supported(fmt::format("{} is version {} of DuckDB; Kinspace reads Parquet and runs SQL with 1.2 "
                                             "to 1.x",
                                             place, kin::quoted(api.version)),
                                 kInstall);
    }
#define KIN_DUCKDB_LOAD(name, result, arguments)                                                                 \
  api.name = reinterpret_cast<result(*) arguments>(::dlsym(handle, "duckdb_" #name));                            \
  if (api.name == nullptr) {                                                                                     \
    throw Error::not_supported(fmt::format("{}, version {}, has no function duckdb_" #name, place, api.version), \
                               kInstall);                                                                        \
  }
    KIN_DUCKDB_FUNCTIONS(KIN_DUCKDB_LOAD)
#undef KIN_DUCKDB_LOAD
    return api;
  }
  throw Error::not_supported("Parquet files and SQL are read through DuckDB's library, which was not found:" + tried,
                             kInstall);
}

const Api& library() {
  static const Api api = load_library(library_places());
  return api;
}

}  // namespace kin::duckdb
