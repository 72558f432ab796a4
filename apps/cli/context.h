#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "apps/cli/arguments.h"
#include "apps/cli/report.h"
#include "apps/cli/stream.h"

namespace kin::cli {

/// What a command works with: its arguments, the settings that all commands share, and the two streams. Data go to
/// `out`; whatever is said to people goes through say() and warn().
class Context {
 public:
  Context(Arguments arguments, std::FILE* out, std::FILE* err);

  Arguments args;
  Format format = Format::kTable;
  bool quiet = false;
  int threads = 0;                 ///< 0: all processors
  std::uint64_t memory_limit = 0;  ///< bytes; 0: no limit
  Terminal out_terminal;
  Terminal err_terminal;
  StreamSink out;
  std::FILE* err;

  bool json() const noexcept { return format == Format::kJson || format == Format::kJsonl; }

  /// Prints a result in the format of the flags.
  void print(const Report& report) { cli::print(report, format, out_terminal, out); }

  /// Calls body(sink) with the file that --output names, which then appears whole, or with standard output.
  template <class Body>
  void with_output(Body body) {
    const std::string path = args.text("output");
    if (path.empty() || path == "-") return body(static_cast<Sink&>(out));
    FileSink file(path);
    body(static_cast<Sink&>(file));
    file.commit();
  }

  /// A line for people, unless --quiet.
  void say(std::string_view line);

  /// A line for people, --quiet or not.
  void warn(std::string_view line);
};

/// The format that --json and --format ask for; without them a table on a terminal, else plain.
Format format_of(const Arguments& arguments, const Terminal& terminal);

/// Prints an error for people, or as JSON in one line with the schema "kin.error/1".
void print_error(std::FILE* err, bool json, std::string_view code, int status, std::string_view message,
                 std::string_view fix);

}  // namespace kin::cli
