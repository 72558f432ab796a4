#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "apps/cli/commands.h"
#include "apps/cli/items.h"
#include "apps/cli/users_file.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/model.h"

namespace kin::cli {
namespace {

constexpr std::size_t kReasons = 3;
constexpr std::size_t kUsersAtOnce = 4096;

/// The items of the history that add most to the score of `row`.
Cell reasons(const Model& model, ThreadPool& pool, const std::vector<std::int64_t>& history, std::int64_t row,
             bool json) {
  const std::vector<float> adds = explain(model, pool, history, row);
  std::vector<std::size_t> order(adds.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return adds[a] > adds[b]; });
  order.resize(std::min(order.size(), kReasons));
  std::string out;
  for (const std::size_t i : order) {
    const std::string label = model.vocabulary().label(history[i]);
    if (json) {
      out += fmt::format("{}{{\"item\":{},\"label\":{},\"adds\":{}}}", out.empty() ? "" : ",",
                         cell_json(key_cell(model.vocabulary(), history[i])), json_quote(label), cell_json(adds[i]));
    } else if (adds[i] > 0) {
      out += fmt::format("{}{} (+{:.3f})", out.empty() ? "" : ", ", label, adds[i]);
    }
  }
  return json ? Cell(Json{"[" + out + "]"}) : Cell(out);
}

void recommend_one(Context& context, const Model& model, ThreadPool& pool, const RecommendOptions& options) {
  const Vocabulary& vocabulary = model.vocabulary();
  const std::vector<std::vector<std::int64_t>> histories = {
      rows_of_texts(vocabulary, context.args.texts("history"), model.directory())};
  if (histories[0].empty()) throw Error::invalid_argument("--history names no item", "such as: --history 1,260,480");
  if (static_cast<std::int64_t>(histories[0].size()) > model.spec().head.context) {
    context.say(
        fmt::format("the model looks at the last {} of the {} items", model.spec().head.context, histories[0].size()));
  }
  const bool why = context.args.on("why");
  Report report{"kin.recommend/1", {}, {{"rank", -1, true}, {"score", 3}}, {}};
  std::vector<std::string> labels;
  for (const std::int64_t row : histories[0]) labels.push_back(vocabulary.label(row));
  report.fields.emplace_back("history", labels);
  add_item_columns(vocabulary, report.columns);
  if (why) report.columns.push_back({"why"});
  std::int64_t rank = 0;
  const auto best = recommend(model, pool, histories, options);
  for (const Neighbour& found : best.front()) {
    auto& cells = report.rows.emplace_back(std::vector<Cell>{++rank, found.score});
    add_item_cells(vocabulary, found.row, cells);
    if (why) cells.push_back(reasons(model, pool, histories[0], found.row, context.json()));
  }
  context.with_output([&](Sink& sink) { print(report, context.format, context.out_terminal, sink); });
}

/// CSV unless something else is asked for: by the flags, or by the name of the output.
Format batch_format(const Context& context) {
  if (context.json() || context.args.text("output").ends_with(".jsonl")) return Format::kJsonl;
  if (context.args.given("format") && context.format != Format::kCsv) {
    throw Error::invalid_argument("--users writes csv or jsonl, not " + context.args.text("format"),
                                  "take --format csv");
  }
  return Format::kCsv;
}

void recommend_many(Context& context, const Model& model, ThreadPool& pool, const RecommendOptions& options) {
  const Vocabulary& vocabulary = model.vocabulary();
  const Format format = batch_format(context);
  const UserHistories all = read_users(context.args.text("users"), model, pool, context.memory_limit);
  if (all.unknown_items > 0) {
    context.say(fmt::format("{} items of the histories are not in the vocabulary", with_thousands(all.unknown_items)));
  }
  std::vector<Column> columns = {{"user"}, {"rank"}, {"score"}};
  add_item_columns(vocabulary, columns);
  context.with_output([&](Sink& sink) {
    RowWriter writer(format, columns, sink);
    for (std::size_t begin = 0; begin < all.rows.size(); begin += kUsersAtOnce) {
      const auto part = std::span(all.rows).subspan(begin, std::min(kUsersAtOnce, all.rows.size() - begin));
      const auto found = recommend(model, pool, part, options);
      for (std::size_t i = 0; i < part.size(); ++i) {
        std::int64_t rank = 0;
        for (const Neighbour& one : found[i]) {
          std::vector<Cell> cells = {all.users[begin + i], ++rank, one.score};
          add_item_cells(vocabulary, one.row, cells);
          writer.write(cells);
        }
      }
    }
  });
}

}  // namespace

int run_recommend(Context& context) {
  const bool many = context.args.given("users");
  if (many == context.args.given("history")) {
    throw Error::invalid_argument(
        many ? "--history and --users exclude each other" : "kin recommend needs --history or --users",
        "such as: kin recommend run/ --history 1,260,480");
  }
  if (many && context.args.on("why")) throw Error::invalid_argument("--why goes with --history alone", "leave it out");
  const Model model = Model::load(context.args.positionals.front());
  ThreadPool pool(context.threads);
  RecommendOptions options;
  options.k = *context.args.integer("count");
  options.exclude_seen = context.args.on("exclude-seen", true);
  (many ? recommend_many : recommend_one)(context, model, pool, options);
  return 0;
}

}  // namespace kin::cli
