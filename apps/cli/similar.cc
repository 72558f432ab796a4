#include <fmt/core.h>

#include "apps/cli/commands.h"
#include "apps/cli/items.h"
#include "kinspace/estimator/keyed_vectors.h"
#include "kinspace/index/exact.h"

namespace kin::cli {

int run_similar(Context& context) {
  const KeyedVectors table =
      load_keyed_vectors(context.args.positionals.front(), {.table = context.args.text("table"), .number_rows = true});
  for (const std::string& note : table.notes) context.say(note);
  const Vocabulary& vocabulary = table.vocabulary;
  const std::vector<std::int64_t> rows =
      rows_of_texts(vocabulary, {context.args.positionals.begin() + 1, context.args.positionals.end()}, table.path);
  const std::string metric = context.args.text("metric");

  ThreadPool pool(context.threads);
  const ConstMatrixView items = table.keyed();
  const ExactIndex index(pool, items, parse_similarity(metric));
  Matrix queries(static_cast<std::int64_t>(rows.size()), items.cols);
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(items.row(rows[i]), items.cols, queries.row(static_cast<std::int64_t>(i)));
    offsets.push_back(static_cast<std::int64_t>(i) + 1);
  }
  const auto neighbours =
      index.search(pool, queries.view(), *context.args.integer("count"), SparseTensor{offsets, rows, {}});

  // With one item to start from, people need not be told which.
  Report report{"kin.similar/1", {{"metric", metric}}, {}, {}};
  report.columns = {{"of", -1, rows.size() == 1}, {"rank", -1, true}, {"score", 3}};
  add_item_columns(vocabulary, report.columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::int64_t rank = 0;
    for (const Neighbour& neighbour : neighbours[i]) {
      auto& cells = report.rows.emplace_back(std::vector<Cell>{key_cell(vocabulary, rows[i]), ++rank, neighbour.score});
      add_item_cells(vocabulary, neighbour.row, cells);
    }
  }
  context.print(report);
  return 0;
}

}  // namespace kin::cli
