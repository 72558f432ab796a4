#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

/// Calls visit(flag) for the flags of a command and for the global ones it does not replace.
template <class Visit>
void each_flag(const Command& command, Visit visit) {
  for (const Flag& flag : command.flags) visit(flag);
  for (const Flag& flag : global_flags()) {
    bool replaced = false;
    for (const Flag& own : command.flags) replaced = replaced || own.name == flag.name;
    if (!replaced) visit(flag);
  }
}

std::string words_of(std::string_view choices) {
  std::string out(choices);
  for (char& c : out) c = c == '|' ? ' ' : c;
  return out;
}

std::string command_names() {
  std::string out;
  for (const Command& command : all_commands()) out += fmt::format("{}{}", out.empty() ? "" : " ", command.name);
  return out;
}

/// `text` for use between single quotes of a shell.
std::string shell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out;
}

std::string bash() {
  std::string flags;
  std::string values;
  for (const Command& command : all_commands()) {
    std::string names = "--help";
    each_flag(command, [&](const Flag& flag) {
      names += fmt::format(" --{}", flag.name);
      if (flag.negatable) names += fmt::format(" --no-{}", flag.name);
      if (flag.letter != 0) names += fmt::format(" -{}", flag.letter);
      if (flag.kind == FlagKind::kSwitch) return;
      const std::string pattern =
          flag.letter != 0 ? fmt::format("{}:--{}|{}:-{}", command.name, flag.name, command.name, flag.letter)
                           : fmt::format("{}:--{}", command.name, flag.name);
      values += fmt::format("    {}) {} ;;\n", pattern,
                            flag.kind == FlagKind::kChoice
                                ? fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", words_of(flag.choices))
                            : flag.kind == FlagKind::kFile ? "COMPREPLY=($(compgen -f -- \"$cur\"))"
                                                           : "COMPREPLY=()");
    });
    flags += fmt::format("      {}) words='{}' ;;\n", command.name, names);
  }
  return fmt::format(R"(# bash completion of kin; made by: kin completion bash
_kin() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" command='' word words=''
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case " {0} " in *" $word "*) command="$word"; break ;; esac
  done
  if [[ -z $command ]]; then
    COMPREPLY=($(compgen -W '{0}' -- "$cur"))
    return
  fi
  case "$command:$prev" in
{1}    *)
      if [[ $cur == -* ]]; then
        case "$command" in
{2}        esac
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
      elif [[ $command == completion ]]; then
        COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur"))
      elif [[ $command == help ]]; then
        COMPREPLY=($(compgen -W '{0}' -- "$cur"))
      else
        COMPREPLY=($(compgen -f -- "$cur"))
      fi ;;
  esac
}}
complete -o filenames -F _kin kin
)",
                     command_names(), values, flags);
}

/// A description inside [ ] of zsh's _arguments.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : shell(text)) {
    if (c == '[' || c == ']' || c == ':') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string zsh_action(const Flag& flag) {
  if (flag.kind == FlagKind::kSwitch) return "";
  const std::string action = flag.kind == FlagKind::kChoice ? "(" + words_of(flag.choices) + ")"
                             : flag.kind == FlagKind::kFile ? "_files"
                                                            : "";
  return fmt::format(":{}:{}", zsh_text(flag.argument), action);
}

std::string zsh() {
  std::string commands;
  std::string cases;
  for (const Command& command : all_commands()) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.summary));
    cases += fmt::format("    {})\n      _arguments '(-h --help){{-h,--help}}[help]'", command.name);
    cases.replace(cases.rfind("'(-h --help){-h,--help}[help]'"), 30, "'(-h --help)'{-h,--help}'[help]'");
    each_flag(command, [&](const Flag& flag) {
      const std::string star = flag.repeatable ? "*" : "";
      const std::string tail = fmt::format("[{}]{}", zsh_text(flag.help), zsh_action(flag));
      cases += fmt::format(" \\\n        '{}--{}{}'", star, flag.name, tail);
      if (flag.negatable) cases += fmt::format(" \\\n        '--no-{}{}'", flag.name, tail);
      if (flag.letter != 0) cases += fmt::format(" \\\n        '{}-{}{}'", star, flag.letter, tail);
    });
    const std::string rest = command.name == "completion" ? "(bash zsh fish)"
                             : command.name == "help"     ? "(" + command_names() + ")"
                                                          : "_files";
    cases += fmt::format(" \\\n        '*:argument:{}' ;;\n", rest);
  }
  return fmt::format(R"(#compdef kin
# zsh completion of kin; made by: kin completion zsh
_kin() {{
  local -a commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
if [[ $funcstack[1] == _kin ]]; then _kin "$@"; else compdef _kin kin; fi
)",
                     commands, cases);
}

std::string fish() {
  std::string out = "# fish completion of kin; made by: kin completion fish\n";
  for (const Command& command : all_commands()) {
    out += fmt::format("complete -c kin -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                       shell(command.summary));
  }
  for (const Command& command : all_commands()) {
    const std::string when = fmt::format("complete -c kin -n '__fish_seen_subcommand_from {}'", command.name);
    each_flag(command, [&](const Flag& flag) {
      std::string line = fmt::format("{} -l {}", when, flag.name);
      if (flag.letter != 0) line += fmt::format(" -s {}", flag.letter);
      if (flag.kind == FlagKind::kChoice) line += fmt::format(" -x -a '{}'", words_of(flag.choices));
      if (flag.kind == FlagKind::kFile) line += " -r -F";
      if (flag.kind == FlagKind::kText || flag.kind == FlagKind::kInteger || flag.kind == FlagKind::kSize)
        line += " -x";
      out += fmt::format("{} -d '{}'\n", line, shell(flag.help));
      if (flag.negatable) out += fmt::format("{} -l no-{} -d 'not: {}'\n", when, flag.name, shell(flag.help));
    });
  }
  out += "complete -c kin -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  out += fmt::format("complete -c kin -n '__fish_seen_subcommand_from help' -f -a '{}'\n", command_names());
  return out;
}

}  // namespace

int run_completion(Context& context) {
  const std::string& name = context.args.positionals.front();
  const std::string script = name == "bash" ? bash() : name == "zsh" ? zsh() : name == "fish" ? fish() : "";
  if (script.empty()) {
    const std::vector<std::string> known = {"bash", "zsh", "fish"};
    throw Error::invalid_argument(
        fmt::format("no completion for the shell {}{}", kin::quoted(name), did_you_mean(name, known)),
        "name bash, zsh or fish");
  }
  if (context.json()) {
    context.print({"kin.completion/1", {{"shell", name}, {"script", script}}, {}, {}});
  } else {
    context.out.write(script);
  }
  return 0;
}

}  // namespace kin::cli
