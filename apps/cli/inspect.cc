#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/commands.h"
#include "apps/cli/data_flags.h"
#include "apps/cli/inspect_report.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/input_files.h"
#include "kinspace/data/sniff.h"
#include "kinspace/estimator/draft_spec.h"

namespace kin::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kLongKey = 1e17;
constexpr double kWrongType = 0.01;  // more bad rows than that are no accident

/// How the first file is written, where the flags do not say it.
void add_dialect(DataOptions& data) {
  if (!data.query.empty()) return;
  const std::string first = find_input_files(data.path, "").front();
  if (!fs::is_regular_file(first)) return;  // it can be read only once
  const Sniffed found = sniff_source(file_source(first));
  if (found.format != "csv" || unpacked_name(first).ends_with(".parquet")) return;
  if (data.separator.empty() && found.separator != ",") data.separator = found.separator;
  if (data.names.empty() && !found.header) data.names = found.names;
  data.comment = found.comment;
  data.quotes = found.quotes;
  data.encoding = found.encoding;
  data.decimal = found.decimal;
}

DataOptions data_of(const Context& context) {
  DataOptions data;
  data.path = context.args.positionals;
  data.query = context.args.text("query");
  if (data.path.empty() == data.query.empty()) {
    throw Error::invalid_argument("kin inspect needs FILE or --query, one of them", "such as: kin inspect ratings.csv");
  }
  data.separator = context.args.text("separator");
  if (data.separator == "tab" || data.separator == "\\t") data.separator = "\t";
  const std::string names = context.args.text("names");
  for (const std::string_view name : split(names, ',')) {
    if (!names.empty()) data.names.emplace_back(trim(name));
  }
  add_dialect(data);
  data.on_bad = context.args.given("on-bad") ? context.args.text("on-bad") : "report";
  if (context.args.given("max-bad")) data.max_bad = context.args.text("max-bad");
  return data;
}

std::string dialect_text(const DataOptions& data) {
  std::string out;
  if (!data.separator.empty()) {
    out += fmt::format(", separated by {}", data.separator == "\t" ? "tabs" : kin::quoted(data.separator));
  }
  if (!data.names.empty()) out += ", without a header";
  if (!data.comment.empty()) out += fmt::format(", with comments behind {}", kin::quoted(data.comment));
  if (data.encoding != "utf-8") out += fmt::format(", in {}", data.encoding);
  if (data.decimal != ".") out += ", with decimal commas";
  return out;
}

/// The column that many bad rows are about, whose type was guessed wrongly from the first rows; -1: none.
std::int64_t wrong_type(const Table& table, const TableProfile& profile) {
  const auto all = static_cast<double>(profile.rows + profile.bad_rows);
  if (profile.bad_shown.empty() || static_cast<double>(profile.bad_rows) <= kWrongType * all) return -1;
  const std::string& place = profile.bad_shown.front().place;
  const std::vector<Field>& fields = table.fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool named =
        place.ends_with(", column " + fields[i].name) || place.ends_with(", column " + toml_key(fields[i].name));
    if (named && fields[i].guessed && fields[i].type != ColumnType::kString) return static_cast<std::int64_t>(i);
  }
  return -1;
}

/// Reads the table; again with another type for a column that turns out to be something else than its first rows.
TableProfile read_profile(DataOptions& data, Context& context) {
  ProfileOptions options;
  options.buckets = context.args.integer("buckets").value_or(0);
  if (context.memory_limit != 0) options.memory = context.memory_limit / 2;
  TableRequest request = data_request(context);
  if (data.path == std::vector<std::string>{"-"}) request.source = file_source("-");
  for (;;) {
    const auto table = open_table(data, request);
    TableProfile profile = profile_table(*table, options);
    const std::int64_t wrong = data.on_bad == "report" ? wrong_type(*table, profile) : -1;
    if (wrong >= 0) {
      const Field& field = table->fields()[static_cast<std::size_t>(wrong)];
      // Integers beyond 64 bits are keys; as numbers they would lose digits.
      const auto& numbers = profile.columns[static_cast<std::size_t>(wrong)].numbers;
      const bool long_keys = numbers && std::max(numbers->max, -numbers->min) > kLongKey;
      data.types[field.name] = field.type == ColumnType::kInteger && !long_keys ? "number" : "string";
      context.say(fmt::format("{}: {}; reading {} as {}", profile.bad_shown.front().place,
                              profile.bad_shown.front().message, field.name, data.types[field.name]));
      continue;
    }
    say_bad_rows(*table, context);
    return profile;
  }
}

const ColumnProfile& find_column(const TableProfile& profile, const std::string& name) {
  std::vector<Field> fields;
  for (const ColumnProfile& column : profile.columns) {
    Field& field = fields.emplace_back();
    field.name = column.name;
  }
  return profile.columns[static_cast<std::size_t>(find_field(fields, name, profile.name, "--column"))];
}

/// The path of a file for a spec in `directory`, where its relative paths start.
std::string seen_from(const std::string& file, const fs::path& directory) {
  if (file == "-") return file;
  const fs::path path(file);
  if (directory.is_absolute() != path.is_absolute()) return directory.empty() ? file : fs::absolute(path).string();
  const fs::path relative = path.lexically_relative(directory.empty() ? fs::path(".") : directory);
  const bool below = !relative.empty() && *relative.begin() != "..";
  return below || (!relative.empty() && path.is_relative()) ? relative.string() : file;
}

void write_spec(const TableProfile& profile, DataOptions data, Context& context) {
  const std::string path = context.args.text("write-spec");
  for (std::string& file : data.path) file = seen_from(file, fs::path(path).parent_path());
  if (profile.bad_rows == 0) data.on_bad = DataOptions().on_bad;
  const SpecDraft draft = draft_spec(profile, data, context.args.text("target"));
  const std::string toml = draft_toml(draft);
  if (path == "-") {
    context.out.write(toml);
    return;
  }
  write_file_atomically(path, toml);
  context.say(fmt::format("wrote {}   next: kin {} {}{}", path, draft.recommender ? "train" : "encode", path,
                          draft.recommender ? " -o run/" : " | head"));
}

}  // namespace

int run_inspect(Context& context) {
  DataOptions data = data_of(context);
  const TableProfile profile = read_profile(data, context);
  context.say(fmt::format("{}: {} rows, {} columns{}", profile.name, with_thousands(profile.rows),
                          profile.columns.size(), dialect_text(data)));

  const bool to_stdout = context.args.text("write-spec") == "-";
  const bool machine = context.json() || context.format == Format::kCsv;
  TableProfile shown = profile;
  const std::vector<std::string> wanted = context.args.texts("column");
  if (!wanted.empty()) shown.columns.clear();
  for (const std::string& name : wanted) shown.columns.push_back(find_column(profile, name));
  if (!to_stdout && (machine || wanted.empty())) {
    context.print(inspect_report(shown, machine));
  } else if (!to_stdout) {
    for (const ColumnProfile& column : shown.columns) {
      if (&column != &shown.columns.front()) context.out.write("\n");
      context.print(inspect_column_report(column));
    }
  }
  if (context.args.given("write-spec")) write_spec(profile, data, context);
  return 0;
}

}  // namespace kin::cli
