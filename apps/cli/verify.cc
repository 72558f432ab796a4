#include "kinspace/formats/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "apps/cli/commands.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/tensor_file.h"

namespace kin::cli {
namespace {

namespace fs = std::filesystem;

/// A run directory, or a directory that holds nothing else that could be meant.
bool means_model(const std::string& path) {
  std::error_code error;
  const fs::path directory(path);
  if (!fs::is_directory(directory, error)) return false;
  if (fs::exists(directory / kModelManifest, error) || fs::exists(directory / kCheckpointManifest, error)) return true;
  return !fs::exists(directory / "checkpoint", error) && !fs::exists(directory / "variables", error);
}

int verify_file(Context& context, const std::string& path) {
  const std::unique_ptr<TensorFile> file = open_tensor_file(path);
  for (const std::string& note : file->notes()) context.say(note);
  const VerifiedTensors found = verify_tensors(*file);
  if (!found.unread.empty()) {
    context.say(fmt::format("not read, of unknown type: {}", fmt::join(found.unread, ", ")));
  }
  context.print({"kin.verify-tensors/1",
                 {{"whole", true},
                  {"file", file->path()},
                  {"format", std::string(file->format())},
                  {"tensors", found.tensors},
                  {"bytes", static_cast<std::int64_t>(found.bytes)}},
                 {},
                 {}});
  return 0;
}

}  // namespace

int run_verify(Context& context) {
  const std::string& path = context.args.positionals.front();
  if (!means_model(path)) return verify_file(context, path);
  const VerifyReport found = verify_model(path);
  context.print({"kin.verify/1",
                 {{"whole", true},
                  {"directory", path},
                  {"files", found.files},
                  {"bytes", static_cast<std::int64_t>(found.bytes)},
                  {"tensors", found.tensors},
                  {"model", found.model.empty() ? Cell() : Cell(found.model)},
                  {"checkpoint", found.checkpoint.empty() ? Cell() : Cell(found.checkpoint)}},
                 {},
                 {}});
  return 0;
}

}  // namespace kin::cli
