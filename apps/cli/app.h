#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace kin::cli {

/// Runs one command line (without the program's name) and returns the exit status. Every error has been printed to
/// `err` then; only BrokenPipe gets out.
int run_kin(const std::vector<std::string>& words, std::FILE* out, std::FILE* err);

}  // namespace kin::cli
