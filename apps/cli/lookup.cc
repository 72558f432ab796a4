#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "apps/cli/commands.h"
#include "apps/cli/items.h"
#include "kinspace/base/error.h"
#include "kinspace/estimator/keyed_vectors.h"
#include "kinspace/formats/npy.h"

namespace kin::cli {
namespace {

Report list_of(const Vocabulary& vocabulary, const std::vector<std::int64_t>& rows) {
  Report report{"kin.lookup/1", {}, {}, {}};
  add_item_columns(vocabulary, report.columns);
  report.columns.push_back({"count"});
  for (const std::int64_t row : rows) {
    auto& cells = report.rows.emplace_back();
    add_item_cells(vocabulary, row, cells);
    cells.emplace_back(vocabulary.count(row));
  }
  return report;
}

/// JSON has the vector of an item in one array, the other formats each number in a column.
Report vectors_of(const KeyedVectors& model, const std::vector<std::int64_t>& rows, bool json) {
  const ConstMatrixView table = model.keyed();
  Report report{"kin.lookup/1", {{"dim", table.cols}}, {}, {}};
  add_item_columns(model.vocabulary, report.columns);
  if (json) {
    report.columns.push_back({"vector"});
  } else {
    for (std::int64_t d = 0; d < table.cols; ++d) report.columns.push_back({fmt::format("v{}", d), 4});
  }
  for (const std::int64_t row : rows) {
    auto& cells = report.rows.emplace_back();
    add_item_cells(model.vocabulary, row, cells);
    std::string array;
    for (std::int64_t d = 0; d < table.cols; ++d) {
      const Cell value = table.row(row)[d];
      if (json) {
        array += (d == 0 ? "" : ",") + cell_json(value);
      } else {
        cells.push_back(value);
      }
    }
    if (json) cells.push_back(Json{"[" + array + "]"});
  }
  return report;
}

Matrix matrix_of(const KeyedVectors& model, const std::vector<std::int64_t>& rows) {
  const ConstMatrixView table = model.keyed();
  Matrix out(static_cast<std::int64_t>(rows.size()), table.cols);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(table.row(rows[i]), table.cols, out.row(static_cast<std::int64_t>(i)));
  return out;
}

}  // namespace

int run_lookup(Context& context) {
  const bool list = context.args.on("list");
  const bool npy = context.args.text("format") == "npy";
  const std::vector<std::string> keys(context.args.positionals.begin() + 1, context.args.positionals.end());
  if (keys.empty() && !list && !context.args.on("all")) {
    throw Error::invalid_argument("kin lookup needs KEY, --list or --all", "such as: kin lookup run/ 260");
  }
  if (npy && list) throw Error::invalid_argument("--list has no numbers for --format npy", "leave out --list");
  if (npy && context.out_terminal.interactive && context.args.text("output").empty()) {
    throw Error::invalid_argument("--format npy is binary and standard output a terminal", "add -o vectors.npy");
  }
  const KeyedVectors model =
      load_keyed_vectors(context.args.positionals.front(), {.table = context.args.text("table"), .number_rows = true});
  for (const std::string& note : model.notes) context.say(note);
  std::vector<std::int64_t> rows = rows_of_texts(model.vocabulary, keys, model.path);
  if (keys.empty()) {
    rows.resize(static_cast<std::size_t>(model.vocabulary.size()));
    std::iota(rows.begin(), rows.end(), 0);
  }
  context.with_output([&](Sink& sink) {
    if (npy) {
      const Matrix matrix = matrix_of(model, rows);
      write_npy(matrix.view(), [&](std::string_view bytes) { sink.write(bytes); });
    } else {
      print(list ? list_of(model.vocabulary, rows) : vectors_of(model, rows, context.json()), context.format,
            context.out_terminal, sink);
    }
  });
  return 0;
}

}  // namespace kin::cli
