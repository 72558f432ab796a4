#pragma once

namespace kin::cli {

/// While it lives, SIGINT and SIGTERM ask to stop instead of ending the process; a second one ends it.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
};

/// The signal that asked to stop last; 0: none did.
int last_signal() noexcept;

/// Writing to a closed pipe or beyond the limit of a file's size becomes an error of the call instead of the end of the
/// process.
void take_write_errors_as_errors();

/// Ends the process the way a closed pipe does by default, so that shells see the usual status.
[[noreturn]] void die_of_broken_pipe();

}  // namespace kin::cli
