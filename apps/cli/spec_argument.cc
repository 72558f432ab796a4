#include "apps/cli/spec_argument.h"

#include <fmt/core.h>

#include <filesystem>

#include "apps/cli/data_flags.h"
#include "apps/cli/items.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/spec_io.h"

namespace kin::cli {

Spec read_spec_argument(const Context& context) {
  std::vector<std::string> settings = context.args.texts("set");
  for (const std::string& setting : data_settings(context)) settings.push_back(setting);
  if (context.args.given("seed")) settings.push_back("train.seed=" + context.args.text("seed"));
  const std::string& path = context.args.positionals.front();
  if (path != "-") return read_spec(path, settings);
  std::string text;
  for (const std::string& line : stdin_lines()) text += line + "\n";
  return parse_spec(text, "standard input", settings);
}

RunOptions run_options(const Context& context) {
  RunOptions options;
  options.spec_directory = std::filesystem::path(context.args.positionals.front()).parent_path().string();
  options.rejects = context.args.text("rejects");
  options.threads = context.threads;
  options.memory_limit = context.memory_limit;
  return options;
}

}  // namespace kin::cli
