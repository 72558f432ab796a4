#include "apps/cli/spec_argument.h"

#include <fmt/core.h>

#include <filesystem>

#include "apps/cli/data_flags.h"
#include "apps/cli/items.h"
#include "apps/cli/report.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/spec_io.h"

namespace kin::cli {
namespace {

/// Flags of training that stand for settings.
void add_training_settings(const Context& context, std::vector<std::string>& settings) {
  const auto list = [&](const char* flag, const char* key) {
    if (!context.args.given(flag)) return;
    std::string values;
    for (const std::string& value : context.args.texts(flag))
      values += (values.empty() ? "" : ", ") + json_quote(value);
    settings.push_back(fmt::format("{}=[{}]", key, values));
  };
  if (context.args.given("warm-start")) {
    settings.push_back("train.warm_start.path=" + json_quote(context.args.text("warm-start")));
  }
  list("include", "train.warm_start.include");
  list("exclude", "train.warm_start.exclude");
  list("freeze", "train.freeze");
  if (context.args.on("tensorboard")) settings.push_back("train.tensorboard=true");
  if (context.args.given("seed")) settings.push_back("train.seed=" + context.args.text("seed"));
}

}  // namespace

Spec read_spec_argument(const Context& context) {
  std::vector<std::string> settings;
  for (const std::string& key : context.args.texts("unset")) settings.push_back("-" + key);
  for (const std::string& setting : context.args.texts("set")) settings.push_back(setting);
  for (const std::string& setting : data_settings(context)) settings.push_back(setting);
  add_training_settings(context, settings);
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
