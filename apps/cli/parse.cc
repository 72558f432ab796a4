// The only file that knows CLI11.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "apps/cli/arguments.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

// A mark in front of a word makes CLI11 take it as it is: it would take a positional like "[REC]" apart, and what
// follows
// "--" it would not leave to the command.
constexpr char kShield = '\x01';

/// The words as CLI11 wants them: last one first.
std::vector<std::string> shielded(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  bool all = false;
  for (const std::string& word : words) {
    if (!all && word == "--") {
      all = true;
    } else {
      out.push_back(all || word.starts_with('[') ? kShield + word : word);
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string unshielded(const std::string& word) {
  return word.starts_with(kShield) ? word.substr(1) : word;
}

/// What CLI11 found for the flags of one (sub)command.
struct Found {
  const Flag* flag;
  std::vector<std::string> values;  ///< of a switch: one "1" or "0" for each time
};

void add_flag(CLI::App& app, const Flag& flag, std::vector<Found>& found) {
  Found& to = found.emplace_back(Found{&flag, {}});
  std::string names = "--" + std::string(flag.name);
  if (flag.letter != 0) names += fmt::format(",-{}", flag.letter);
  if (flag.kind != FlagKind::kSwitch) {
    app.add_option(names, to.values)->allow_extra_args(false);
    return;
  }
  app.add_flag_callback(names, [&to] { to.values.emplace_back("1"); })->trigger_on_parse();
  if (flag.negatable) {
    app.add_flag_callback("--no-" + std::string(flag.name), [&to] { to.values.emplace_back("0"); })->trigger_on_parse();
  }
}

std::vector<std::string> flag_names(const Command* command) {
  std::vector<std::string> names = {"--help"};
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      names.push_back("--" + std::string(flag.name));
      if (flag.negatable) names.push_back("--no-" + std::string(flag.name));
    }
  };
  if (command != nullptr) add(command->flags);
  add(global_flags());
  return names;
}

std::string help_hint(const Command* command) {
  return command == nullptr ? "kin --help lists the commands"
                            : fmt::format("kin {} --help lists its flags", command->name);
}

[[noreturn]] void unknown(const std::string& word, const Command* command) {
  if (word.starts_with("-") && word.size() > 1) {
    const std::string name = word.substr(0, word.find('='));
    throw Error::invalid_argument(
        fmt::format("unknown flag {}{}", kin::quoted(name), did_you_mean(name, flag_names(command))),
        help_hint(command));
  }
  std::vector<std::string> names;
  for (const Command& known : all_commands()) names.emplace_back(known.name);
  throw Error::invalid_argument(fmt::format("unknown command {}{}", kin::quoted(word), did_you_mean(word, names)),
                                help_hint(nullptr));
}

void check_value(const Flag& flag, const Arguments::Value& value) {
  const auto refuse = [&](const std::string& need, const std::string& hint = {}) {
    throw Error::invalid_argument(
        fmt::format("{} needs {}, not {}{}", value.origin, need, kin::quoted(value.text), hint));
  };
  if (flag.kind == FlagKind::kInteger) {
    std::int64_t number = 0;
    const char* end = value.text.data() + value.text.size();
    const auto [stop, status] = std::from_chars(value.text.data(), end, number);
    if (status == std::errc() && stop == end && number >= flag.low && number <= flag.high) return;
    constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();
    refuse(flag.high < kNoLimit ? fmt::format("an integer from {} to {}", flag.low, flag.high)
                                : fmt::format("an integer from {} on", flag.low));
  } else if (flag.kind == FlagKind::kSize) {
    const auto bytes = parse_bytes(value.text);
    if (!bytes || *bytes > static_cast<std::uint64_t>(INT64_MAX)) refuse("a size such as 512M or 4G");
  } else if (flag.kind == FlagKind::kChoice) {
    std::vector<std::string> choices;
    for (const std::string_view choice : split(flag.choices, '|')) choices.emplace_back(choice);
    if (std::find(choices.begin(), choices.end(), value.text) == choices.end()) {
      refuse("one of " + std::string(flag.choices), did_you_mean(value.text, choices));
    }
  }
}

void take_flags(const std::vector<Found>& found, Arguments& arguments) {
  for (const auto& [flag, values] : found) {
    if (values.empty()) continue;
    const std::string origin = "--" + std::string(flag->name);
    if (values.size() > 1 && !flag->repeatable && flag->kind != FlagKind::kSwitch) {
      throw Error::invalid_argument(fmt::format("{} is given {} times", origin, values.size()), "give it once");
    }
    auto& to = arguments.flags[std::string(flag->name)];
    for (const std::string& value : values) {
      to.push_back({unshielded(value), origin});
      check_value(*flag, to.back());
    }
  }
}

void take_environment(std::span<const Flag> flags, Environment environment, Arguments& arguments) {
  for (const Flag& flag : flags) {
    if (flag.environment.empty() || arguments.given(flag.name)) continue;
    const std::string text = environment(flag.environment);
    if (text.empty()) continue;
    const Arguments::Value value{text, std::string(flag.environment)};
    check_value(flag, value);
    arguments.flags[std::string(flag.name)] = {value};
  }
}

void check_positionals(const Command& command, const std::vector<std::string>& positionals) {
  std::size_t needed = 0;
  for (const Argument& argument : command.arguments) needed += argument.optional ? 0 : 1;
  if (positionals.size() < needed) {
    throw Error::invalid_argument(
        fmt::format("kin {} needs {}", command.name, command.arguments[positionals.size()].name),
        fmt::format("such as: {}", command.examples.front().line));
  }
  const bool open = !command.arguments.empty() && command.arguments.back().many;
  if (!open && positionals.size() > command.arguments.size()) {
    throw Error::invalid_argument(
        fmt::format("kin {} takes no argument {}", command.name, kin::quoted(positionals[command.arguments.size()])),
        help_hint(&command));
  }
}

}  // namespace

std::string process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

Arguments parse(const std::vector<std::string>& words, Environment environment) {
  struct Parsed {
    const Command* command = nullptr;
    CLI::App* app = nullptr;
    std::vector<Found> found;
    std::vector<std::string> positionals;
    bool help = false;
  };
  CLI::App root("kin", "kin");
  std::vector<Parsed> parsed(all_commands().size() + 1);
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    Parsed& p = parsed[i];
    p.command = i == 0 ? nullptr : &all_commands()[i - 1];
    p.app = i == 0 ? &root : root.add_subcommand(std::string(p.command->name));
    p.app->set_help_flag();
    p.app->allow_extras();
    p.app->add_flag("-h,--help", p.help);
    const std::span<const Flag> own = p.command == nullptr ? std::span<const Flag>() : p.command->flags;
    p.found.reserve(own.size() + global_flags().size());  // CLI11 keeps pointers to the elements
    for (const Flag& flag : own) add_flag(*p.app, flag, p.found);
    for (const Flag& flag : global_flags()) {
      const bool replaced = std::any_of(own.begin(), own.end(), [&](const Flag& f) { return f.name == flag.name; });
      if (!replaced) add_flag(*p.app, flag, p.found);
    }
    if (p.command != nullptr) p.app->add_option("words", p.positionals);
  }
  root.require_subcommand(0, 1);

  std::vector<std::string> reversed = shielded(words);
  std::string problem;
  try {
    root.parse(reversed);
  } catch (const CLI::Error& error) {
    problem = error.what();
  }

  const auto chosen = std::find_if(parsed.begin() + 1, parsed.end(), [](const Parsed& p) { return p.app->parsed(); });
  Arguments arguments;
  if (chosen != parsed.end()) arguments.command = chosen->command;
  for (const std::string& extra : root.remaining(true)) unknown(unshielded(extra), arguments.command);
  if (!problem.empty()) throw Error::invalid_argument(problem, help_hint(arguments.command));

  arguments.help = parsed.front().help;
  take_flags(parsed.front().found, arguments);
  if (arguments.command != nullptr) {
    arguments.help = arguments.help || chosen->help;
    take_flags(chosen->found, arguments);
    for (const std::string& word : chosen->positionals) arguments.positionals.push_back(unshielded(word));
    take_environment(arguments.command->flags, environment, arguments);
    if (!arguments.help) check_positionals(*arguments.command, arguments.positionals);
  }
  take_environment(global_flags(), environment, arguments);
  return arguments;
}

}  // namespace kin::cli
