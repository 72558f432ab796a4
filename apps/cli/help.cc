#include "apps/cli/help.h"

#include <fmt/core.h>

#include <algorithm>

#include "apps/cli/commands.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kLeft = 26;

constexpr std::string_view kExitStatus =
    "Exit status: 0 done, 1 the answer is no, 2 usage or spec, 3 bad data, 4 corrupt or unsupported model,\n"
    "5 input or output, 6 too little memory, 7 training diverged, 70 a bug of ours, 130 or 143 stopped by a signal.\n";

/// `left` and, wrapped, `right` beside it.
std::string row(const std::string& left, std::string_view right) {
  std::string out = "  " + left;
  std::size_t column = out.size();
  if (column + 1 > kLeft) {
    out += '\n';
    column = 0;
  }
  out.append(kLeft - column, ' ');
  column = kLeft;
  for (const std::string_view word : split(right, ' ')) {
    if (column > kLeft && column + 1 + word.size() > kWidth) {
      out += '\n' + std::string(kLeft, ' ');
      column = kLeft;
    }
    if (column > kLeft) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + '\n';
}

std::string wrapped(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out += '\n';
      column = 0;
    }
    if (column > 0) out += ' ';
    out += word;
    column += word.size() + 1;
  }
  return out + '\n';
}

std::string flag_row(const Flag& flag) {
  std::string left = flag.letter != 0 ? fmt::format("-{}, ", flag.letter) : "    ";
  left += fmt::format("--{}{}", flag.negatable ? "[no-]" : "", flag.name);
  if (!flag.argument.empty()) left += fmt::format(" {}", flag.argument);
  std::string right(flag.help);
  if (!flag.choices.empty()) right += fmt::format(" ({})", flag.choices);
  if (!flag.preset.empty()) right += fmt::format(" [{}]", flag.preset);
  if (!flag.environment.empty()) right += fmt::format(" (or ${})", flag.environment);
  return row(left, right);
}

std::string usage(const Command& command) {
  std::string out = fmt::format("kin {}", command.name);
  for (const Argument& argument : command.arguments) {
    const std::string name = fmt::format("{}{}", argument.name, argument.many ? "..." : "");
    out += argument.optional ? fmt::format(" [{}]", name) : " " + name;
  }
  return out + " [flags]";
}

std::string flags_json(std::span<const Flag> flags) {
  std::string out = "[";
  for (const Flag& flag : flags) {
    out += fmt::format("{}{{\"name\":{}", out.size() > 1 ? "," : "", json_quote(flag.name));
    if (flag.letter != 0) out += fmt::format(",\"short\":\"{}\"", flag.letter);
    if (!flag.argument.empty()) out += fmt::format(",\"argument\":{}", json_quote(flag.argument));
    if (!flag.preset.empty()) out += fmt::format(",\"default\":{}", json_quote(flag.preset));
    if (!flag.environment.empty()) out += fmt::format(",\"environment\":{}", json_quote(flag.environment));
    if (!flag.choices.empty()) {
      out += ",\"choices\":[";
      for (const std::string_view choice : split(flag.choices, '|')) {
        out += fmt::format("{}{}", out.back() == '[' ? "" : ",", json_quote(choice));
      }
      out += "]";
    }
    out += fmt::format(",\"repeatable\":{},\"negatable\":{},\"help\":{}}}", flag.repeatable, flag.negatable,
                       json_quote(flag.help));
  }
  return out + "]";
}

std::string command_json(const Command& command) {
  std::string out = fmt::format("{{\"name\":{},\"summary\":{},\"usage\":{},\"arguments\":[", json_quote(command.name),
                                json_quote(command.summary), json_quote(usage(command)));
  for (const Argument& argument : command.arguments) {
    out += fmt::format("{}{{\"name\":{},\"optional\":{},\"many\":{},\"help\":{}}}",
                       &argument == &command.arguments.front() ? "" : ",", json_quote(argument.name), argument.optional,
                       argument.many, json_quote(argument.help));
  }
  out += fmt::format("],\"flags\":{},\"examples\":[", flags_json(command.flags));
  for (const Example& example : command.examples) {
    out += fmt::format("{}{{\"line\":{},\"what\":{}}}", &example == &command.examples.front() ? "" : ",",
                       json_quote(example.line), json_quote(example.what));
  }
  return out + "]}";
}

}  // namespace

std::string overview() {
  std::string out =
      "$ kin train movies.toml -o run/                learn from who watched what\n"
      "$ kin similar run/ \"Toy Story (1995)\"          the nearest movies\n"
      "$ kin recommend run/ --history 1,260,480       the next ones for a history\n"
      "\n"
      "Usage: kin COMMAND [arguments] [flags]\n"
      "Learn, reuse, search and serve embeddings from sparse data.\n"
      "\nCommands\n";
  for (const Command& command : all_commands()) out += row(std::string(command.name), command.summary);
  out += "\nFlags of every command\n" + row("-h, --help", "examples, arguments and flags of a command");
  for (const Flag& flag : global_flags()) out += flag_row(flag);
  return out + "\n" + std::string(kExitStatus);
}

std::string help_text(const Command& command) {
  std::string out;
  std::size_t widest = 0;
  for (const Example& example : command.examples) widest = std::max(widest, example.line.size());
  for (const Example& example : command.examples) {
    out += widest + example.what.size() < kWidth + 10 ? fmt::format("$ {:{}}  {}\n", example.line, widest, example.what)
                                                      : fmt::format("$ {}\n    {}\n", example.line, example.what);
  }
  out += fmt::format("\nUsage: {}\n{}\n", usage(command), command.summary);
  if (!command.details.empty()) out += wrapped(command.details);
  if (!command.arguments.empty()) {
    out += "\nArguments\n";
    for (const Argument& argument : command.arguments) out += row(std::string(argument.name), argument.help);
  }
  if (!command.flags.empty()) {
    out += "\nFlags\n";
    for (const Flag& flag : command.flags) out += flag_row(flag);
  }
  out += "\nFlags of every command\n";
  for (const Flag& flag : global_flags()) {
    const bool replaced =
        std::any_of(command.flags.begin(), command.flags.end(), [&](const Flag& f) { return f.name == flag.name; });
    if (!replaced) out += flag_row(flag);
  }
  return out + "\n" + std::string(kExitStatus);
}

std::string help_json(const Command* command) {
  std::string out = "{\"schema\":\"kin.help/1\",\"commands\":[";
  if (command != nullptr) {
    out += command_json(*command);
  } else {
    for (const Command& known : all_commands())
      out += (&known == &all_commands().front() ? "" : ",") + command_json(known);
  }
  return out + fmt::format("],\"flags\":{}}}", flags_json(global_flags()));
}

int run_help(Context& context) {
  const Command* command = nullptr;
  if (!context.args.positionals.empty()) {
    const std::string& name = context.args.positionals.front();
    command = find_command(name);
    if (command == nullptr) {
      std::vector<std::string> names;
      for (const Command& known : all_commands()) names.emplace_back(known.name);
      throw Error::invalid_argument(fmt::format("unknown command {}{}", kin::quoted(name), did_you_mean(name, names)));
    }
  }
  if (context.json()) {
    context.out.write(help_json(command) + "\n");
  } else {
    context.out.write(command == nullptr ? overview() : help_text(*command));
  }
  return 0;
}

}  // namespace kin::cli
