#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

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

}  // namespace kin::bench
