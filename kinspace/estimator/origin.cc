#include "kinspace/estimator/origin.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "kinspace/base/file.h"

namespace kin {
namespace {

constexpr std::uint64_t kMaxOrigin = 1 << 16;

std::string path_of(const std::string& run_directory) {
  return run_directory + "/origin.json";
}

}  // namespace

void write_origin(const std::string& run_directory, const std::string& spec_directory) {
  const std::string absolute =
      std::filesystem::absolute(spec_directory.empty() ? "." : spec_directory).lexically_normal().string();
  write_file_atomically(path_of(run_directory), nlohmann::json{{"spec_directory", absolute}}.dump(
                                                    -1, ' ', false, nlohmann::json::error_handler_t::replace) +
                                                    "\n");
}

std::string read_origin(const std::string& run_directory) {
  if (!file_exists(path_of(run_directory))) return {};
  const auto value =
      nlohmann::json::parse(read_file(path_of(run_directory), kMaxOrigin), nullptr, /*allow_exceptions=*/false);
  const bool known = value.is_object() && value.contains("spec_directory") && value["spec_directory"].is_string();
  return known ? value["spec_directory"].get<std::string>() : std::string();
}

}  // namespace kin
