#include <cstdio>
#include <string>
#include <vector>

#include "apps/cli/app.h"
#include "apps/cli/signals.h"
#include "apps/cli/stream.h"

int main(int count, char** words) {
  kin::cli::take_write_errors_as_errors();
  try {
    return kin::cli::run_kin(std::vector<std::string>(words + (count > 0 ? 1 : 0), words + count), stdout, stderr);
  } catch (const kin::cli::BrokenPipe&) {
    kin::cli::die_of_broken_pipe();
  }
}
