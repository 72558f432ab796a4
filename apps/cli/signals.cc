#include "apps/cli/signals.h"

#include <csignal>
#include <cstdlib>

namespace kin::cli {
namespace {

// Signals reach a program through global state; this is the only piece of it.
volatile std::sig_atomic_t stop_signal = 0;

void remember(int signal) {
  stop_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

StopOnSignal::StopOnSignal() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

StopOnSignal::~StopOnSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int last_signal() noexcept {
  return stop_signal;
}

void take_write_errors_as_errors() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void die_of_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::_Exit(128 + SIGPIPE);
}

}  // namespace kin::cli
