#include "apps/cli/context.h"

#include <fmt/core.h>

#include <utility>

#include "kinspace/base/error.h"

namespace kin::cli {
namespace {

ColorMode color_mode(const Arguments& arguments) {
  const std::string mode = arguments.text("color");
  if (arguments.on("no-color") || mode == "never") return ColorMode::kNever;
  return mode == "always" ? ColorMode::kAlways : ColorMode::kAuto;
}

}  // namespace

Format format_of(const Arguments& arguments, const Terminal& terminal) {
  const std::string name = arguments.text("format");
  if (arguments.on("json")) {
    if (arguments.given("format") && name != "json") {
      throw Error::invalid_argument("--json and --format " + name + " contradict each other", "give one of them");
    }
    return Format::kJson;
  }
  if (name == "plain") return Format::kPlain;
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonl;
  if (name == "csv") return Format::kCsv;
  if (name == "md") return Format::kMarkdown;
  if (name == "table") return Format::kTable;
  return terminal.interactive ? Format::kTable : Format::kPlain;
}

Context::Context(Arguments arguments, std::FILE* output, std::FILE* error)
    : args(std::move(arguments)),
      quiet(args.on("quiet")),
      threads(static_cast<int>(args.integer("threads").value_or(0))),
      memory_limit(static_cast<std::uint64_t>(args.integer("memory-limit").value_or(0))),
      out_terminal(Terminal::of(output, color_mode(args))),
      err_terminal(Terminal::of(error, color_mode(args))),
      out(output, "standard output"),
      err(error) {
  format = format_of(args, out_terminal);
}

void Context::say(std::string_view line) {
  if (!quiet) warn(line);
}

// When nobody listens on stderr there is nothing better to do than to go on.
void Context::warn(std::string_view line) {
  std::fprintf(err, "%.*s\n", static_cast<int>(line.size()), line.data());
}

void print_error(std::FILE* err, bool json, std::string_view code, int status, std::string_view message,
                 std::string_view fix) {
  std::string text;
  if (json) {
    text = fmt::format("{{\"schema\":\"kin.error/1\",\"code\":{},\"exit\":{},\"message\":{},\"fix\":{}}}\n",
                       json_quote(code), status, json_quote(message), json_quote(fix));
  } else {
    text = fmt::format("error: {}\n", message);
    if (!fix.empty()) text += fmt::format("  fix: {}\n", fix);
  }
  std::fputs(text.c_str(), err);
  std::fflush(err);
}

}  // namespace kin::cli
