#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace kin::cli {

// The command line as data: parsing, help, completion and the JSON of `kin help --json` all come from these tables
// (command_table.cc).

enum class FlagKind : std::uint8_t { kSwitch, kText, kFile, kInteger, kSize, kChoice };

struct Flag {
  std::string_view name;  ///< without dashes
  char letter = 0;        ///< one-letter form, 0: none
  FlagKind kind = FlagKind::kSwitch;
  bool repeatable = false;
  bool negatable = false;          ///< kSwitch: --no-NAME exists too, and the last one given counts
  std::string_view argument = {};  ///< name of the value in help; empty for a switch
  std::string_view preset = {};    ///< value when the flag is absent; empty: none
  std::string_view help = {};
  std::string_view choices = {};                                 ///< kChoice: "auto|always|never"
  std::string_view environment = {};                             ///< variable that stands for an absent flag
  std::int64_t low = std::numeric_limits<std::int64_t>::min();   ///< kInteger
  std::int64_t high = std::numeric_limits<std::int64_t>::max();  ///< kInteger
};

struct Argument {
  std::string_view name;
  std::string_view help = {};
  bool optional = false;
  bool many = false;  ///< takes what is left; only the last one may
};

struct Example {
  std::string_view line;
  std::string_view what;
};

class Context;

struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line, no full stop
  std::span<const Argument> arguments;
  std::span<const Flag> flags;
  std::span<const Example> examples;
  std::string_view details;  ///< more about it; may be empty
  int (*run)(Context&);      ///< returns the exit status
};

/// In the order of help.
std::span<const Command> all_commands();

/// Flags that every command has.
std::span<const Flag> global_flags();

/// Null when there is none.
const Command* find_command(std::string_view name);

}  // namespace kin::cli
