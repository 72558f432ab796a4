#include "apps/cli/app.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <new>

#include "apps/cli/commands.h"
#include "apps/cli/help.h"
#include "apps/cli/signals.h"
#include "kinspace/base/error.h"

namespace kin::cli {
namespace {

int run_parsed(Arguments arguments, std::FILE* out, std::FILE* err) {
  Context context(std::move(arguments), out, err);
  if (context.args.command == nullptr || context.args.help) {
    const Command* command = context.args.command;
    if (command == nullptr && !context.args.help) {
      std::fputs(overview().c_str(), err);
      return exit_status(ErrorCode::kInvalidArgument);
    }
    context.out.write(context.json()       ? help_json(command) + "\n"
                      : command == nullptr ? overview()
                                           : help_text(*command));
    context.out.flush();
    return 0;
  }
  const int status = context.args.command->run(context);
  context.out.flush();
  return status;
}

/// Before the command line is understood: whether errors should be JSON.
bool wants_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "--json" || words[i] == "--format=json" || words[i] == "--format=jsonl") return true;
    if (words[i] == "--format" && i + 1 < words.size()) return words[i + 1] == "json" || words[i + 1] == "jsonl";
  }
  return false;
}

}  // namespace

int run_kin(const std::vector<std::string>& words, std::FILE* out, std::FILE* err) {
  const bool json = wants_json(words);
  const auto report = [&](ErrorCode code, std::string_view message, std::string_view fix) {
    // A request to end (SIGTERM) and Ctrl-C differ in nothing but the status.
    const int status = code == ErrorCode::kCancelled && last_signal() != 0 ? 128 + last_signal() : exit_status(code);
    print_error(err, json, error_name(code), status, message, fix);
    return status;
  };
  try {
    return run_parsed(parse(words), out, err);
  } catch (const Error& error) {
    return report(error.code(), error.message(), error.fix());
  } catch (const std::bad_alloc&) {
    return report(ErrorCode::kResourceLimit, "there is not enough memory", "kin check says what a run needs");
  } catch (const BrokenPipe&) {
    throw;
  } catch (const std::exception& error) {
    return report(ErrorCode::kInternal, fmt::format("unexpected: {}", error.what()),
                  "this is a bug of Kinspace: please report it with the command that showed it");
  }
}

}  // namespace kin::cli
