#include "kinspace/formats/verify.h"

#include "apps/cli/commands.h"

namespace kin::cli {

int run_verify(Context& context) {
  const std::string& directory = context.args.positionals.front();
  const VerifyReport found = verify_model(directory);
  context.print({"kin.verify/1",
                 {{"whole", true},
                  {"directory", directory},
                  {"files", found.files},
                  {"bytes", static_cast<std::int64_t>(found.bytes)},
                  {"tensors", found.tensors},
                  {"model", found.model.empty() ? Cell() : Cell(found.model)},
                  {"checkpoint", found.checkpoint.empty() ? Cell() : Cell(found.checkpoint)}},
                 {},
                 {}});
  return 0;
}

}  // namespace kin::cli
