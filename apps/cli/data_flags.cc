#include "apps/cli/data_flags.h"

#include <fmt/core.h>

#include "kinspace/base/text.h"

namespace kin::cli {

std::vector<std::string> data_settings(const Context& context) {
  std::vector<std::string> settings;
  if (context.args.given("on-bad")) settings.push_back("data.on_bad=" + context.args.text("on-bad"));
  if (context.args.given("max-bad")) settings.push_back("data.max_bad=\"" + context.args.text("max-bad") + "\"");
  return settings;
}

TableRequest data_request(const Context& context) {
  TableRequest request;
  request.rejects = context.args.text("rejects");
  request.memory_limit = context.memory_limit;
  return request;
}

void say_bad_rows(const Table& table, Context& context) {
  const BadRows& bad = table.bad_rows();
  if (bad.count() == 0) return;
  for (const BadRow& row : bad.shown()) context.say(fmt::format("{}: {}", row.place, row.message));
  const std::string rejects = context.args.text("rejects");
  context.say(fmt::format("{} bad rows left out{}", with_thousands(bad.count()),
                          rejects.empty() ? "; --rejects FILE keeps them" : ", kept in " + rejects));
}

}  // namespace kin::cli
