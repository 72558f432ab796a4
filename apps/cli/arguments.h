#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/flags.h"

namespace kin::cli {

/// A parsed command line: plain data.
struct Arguments {
  struct Value {
    std::string text;
    std::string origin;  ///< for messages: "--threads" or "KIN_THREADS"
  };

  const Command* command = nullptr;  ///< null: none was given
  bool help = false;                 ///< -h or --help was
  std::vector<std::string> positionals;
  std::map<std::string, std::vector<Value>, std::less<>> flags;  ///< those given, or set in the environment

  bool given(std::string_view flag) const { return flags.find(flag) != flags.end(); }

  /// Of a switch; `--no-NAME` makes it false.
  bool on(std::string_view flag, bool preset = false) const;

  /// The last value, else the preset of the table; empty when there is neither.
  std::string text(std::string_view flag) const;

  /// All values of a repeatable flag.
  std::vector<std::string> texts(std::string_view flag) const;

  /// Value of a kInteger or kSize flag, given or preset; parse() has checked it. Nothing when there is neither.
  std::optional<std::int64_t> integer(std::string_view flag) const;
};

/// What an environment variable holds; empty when it is not set.
using Environment = std::string (*)(std::string_view name);

/// The process's own environment.
std::string process_environment(std::string_view name);

/// Errors: kInvalidArgument for an unknown command or flag (with the nearest known one), a missing or superfluous
/// argument and an impossible value.
Arguments parse(const std::vector<std::string>& words, Environment environment = process_environment);

}  // namespace kin::cli
