#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/keyed_vectors.h"
#include "kinspace/formats/run_directory.h"

namespace kin::cli {

int run_import(Context& context) {
  const std::string& path = context.args.positionals.front();
  const std::string directory = context.args.text("output");
  const std::string column = context.args.text("column");
  vocabulary_path(column);  // refuses what can be no name of a file
  const KeyedVectors table = load_keyed_vectors(path, {.table = context.args.text("tensor"),
                                                       .format = context.args.text("from"),
                                                       .vocabulary = context.args.text("vocabulary"),
                                                       .number_rows = true});
  for (const std::string& note : table.notes) context.say(note);
  if (table.unknown_rows > 1) {
    context.say(fmt::format("{} rows behind those of the keys are left out", with_thousands(table.unknown_rows)));
  }
  save_keyed_vectors(directory, column, table);
  context.print({"kin.import/1",
                 {{"directory", directory},
                  {"column", column},
                  {"from", table.path},
                  {"tensor", table.tensor},
                  {"keys", table.vocabulary.size()},
                  {"dim", table.vectors.cols()},
                  {"unknown_row", table.unknown_rows == 1}},
                 {},
                 {}});
  return 0;
}

}  // namespace kin::cli
