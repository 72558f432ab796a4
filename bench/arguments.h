#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "kinspace/base/error.h"

namespace kin::bench {

/// The command line of a benchmark program: --name value, all optional.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 1; i + 1 < argc; i += 2) values_[argv[i]] = argv[i + 1];
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find("--" + name);
    return found == values_.end() ? otherwise : found->second;
  }
  std::int64_t number(const std::string& name, std::int64_t otherwise) const {
    const auto found = values_.find("--" + name);
    return found == values_.end() ? otherwise : std::atoll(found->second.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

/// main() of a program: `body` does the work; an error is said on stderr and becomes the exit status.
inline int run_program(const char* name, int argc, char** argv, void (*body)(const Arguments&)) {
  try {
    body(Arguments(argc, argv));
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return exit_status(error.code());
  }
}

}  // namespace kin::bench
