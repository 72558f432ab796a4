#include <fmt/core.h>

#include "apps/cli/build_info.h"
#include "apps/cli/commands.h"
#include "kinspace/kernels/kernels.h"

namespace kin::cli {

std::string compiler_name() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string isa_list() {
  std::string out;
  for (const kernels::Isa isa : kernels::supported_isas()) {
    out += fmt::format("{}{}", out.empty() ? "" : " ", kernels::isa_name(isa));
  }
  return out;
}

int run_version(Context& context) {
  const std::string isa(kernels::isa_name(kernels::active().isa));
  if (!context.json() && !context.args.given("format")) {
    context.out.write(fmt::format("kin {} ({}, {}, {})\n", KIN_VERSION, compiler_name(), KIN_BUILD_TYPE, isa));
    return 0;
  }
  context.print({"kin.version/1",
                 {{"version", std::string(KIN_VERSION)},
                  {"compiler", compiler_name()},
                  {"build", std::string(KIN_BUILD_TYPE)},
                  {"isa", isa},
                  {"supported_isas", isa_list()}},
                 {},
                 {}});
  return 0;
}

}  // namespace kin::cli
