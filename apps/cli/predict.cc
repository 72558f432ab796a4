#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/commands.h"
#include "apps/cli/data_flags.h"
#include "apps/cli/signals.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/origin.h"
#include "kinspace/estimator/predictor.h"

namespace kin::cli {
namespace {

/// CSV unless something else is asked for: by the flags, or by the name of the output.
Format rows_format(const Context& context) {
  if (context.json() || context.args.text("output").ends_with(".jsonl")) return Format::kJsonl;
  if (context.args.given("format") && context.format != Format::kCsv) {
    throw Error::invalid_argument("kin predict writes csv or jsonl, not " + context.args.text("format"),
                                  "take --format csv");
  }
  return Format::kCsv;
}

/// What is the same for every row is left out unless asked for.
bool is_constant(const std::string& key) {
  const std::string_view name = std::string_view(key).substr(key.find('/') + 1);
  return name == "all_classes" || name == "all_class_ids";
}

std::vector<std::string> wanted_keys(const Context& context, const std::vector<Prediction>& predictions) {
  std::vector<std::string> known;
  for (const Prediction& p : predictions) known.push_back(p.key);
  const std::string list = context.args.text("keys");
  std::vector<std::string> keys;
  for (const std::string_view part : split(list, ',')) {
    const std::string key(trim(part));
    if (key.empty()) continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Error::invalid_argument(
          fmt::format("--keys: the model predicts no {}{}", kin::quoted(key), did_you_mean(key, known)),
          fmt::format("it predicts: {}", fmt::join(known, ", ")));
    }
    keys.push_back(key);
  }
  if (!keys.empty()) return keys;
  for (const std::string& key : known) {
    if (!is_constant(key)) keys.push_back(key);
  }
  return keys;
}

Cell cell_of(const Prediction& prediction, std::int64_t row, std::int64_t column) {
  const auto at = static_cast<std::size_t>(row * prediction.width + column);
  return std::visit([&](const auto& values) { return Cell(values[at]); }, prediction.values);
}

/// Prints predictions row by row: a number of columns for each key (csv), or a list where there are several (jsonl).
class PredictionWriter {
 public:
  PredictionWriter(Format format, const std::vector<Prediction>& predictions, const std::vector<std::string>& keys,
                   Sink& out)
      : lists_(format == Format::kJsonl), writer_(format, columns(predictions, keys), out) {}

  void write(std::int64_t rows, const std::vector<Prediction>& predictions) {
    std::vector<Cell> cells;
    for (std::int64_t row = 0; row < rows; ++row) {
      cells.clear();
      for (const std::size_t place : places_) {
        const Prediction& p = predictions[place];
        if (lists_ && p.width > 1) {
          cells.emplace_back(Json{list(p, row)});
        } else {
          for (std::int64_t c = 0; c < p.width; ++c) cells.push_back(cell_of(p, row, c));
        }
      }
      writer_.write(cells);
    }
  }

 private:
  std::vector<Column> columns(const std::vector<Prediction>& predictions, const std::vector<std::string>& keys) {
    std::vector<Column> out;
    for (const std::string& key : keys) {
      const auto found =
          std::find_if(predictions.begin(), predictions.end(), [&](const Prediction& p) { return p.key == key; });
      places_.push_back(static_cast<std::size_t>(found - predictions.begin()));
      const bool several = !lists_ && found->width > 1;
      for (std::int64_t c = 0; c < (several ? found->width : 1); ++c) {
        out.push_back({several ? fmt::format("{}_{}", key, c) : key});
      }
    }
    return out;
  }

  static std::string list(const Prediction& p, std::int64_t row) {
    std::string out;
    for (std::int64_t c = 0; c < p.width; ++c) out += (c == 0 ? "" : ",") + cell_json(cell_of(p, row, c));
    return "[" + out + "]";
  }

  bool lists_;
  std::vector<std::size_t> places_;
  RowWriter writer_;
};

}  // namespace

int run_predict(Context& context) {
  const auto& positionals = context.args.positionals;
  const std::string& directory = positionals.front();
  const Format format = rows_format(context);
  Predictor predictor = Predictor::load(directory);

  const StopOnSignal stop;
  EncodeOptions options;
  options.memory_limit = context.memory_limit;
  options.stop_requested = [] { return last_signal() != 0; };
  DataOptions data = predictor.spec().data;
  if (context.args.given("on-bad")) data.on_bad = context.args.text("on-bad");
  if (context.args.given("max-bad")) data.max_bad = context.args.text("max-bad");
  TableRequest request = data_request(context);
  if (positionals.size() > 1) {
    data.path.assign(positionals.begin() + 1, positionals.end());
    data.query.clear();
  } else {
    request.directory = options.directory = read_origin(directory);
  }
  request.codes = true;
  const std::unique_ptr<Table> table = open_table(data, request);

  ThreadPool pool(context.threads);
  EncodeCounts counts;
  context.with_output([&](Sink& sink) {
    std::unique_ptr<PredictionWriter> writer;
    counts = predictor.predict(pool, *table, options, [&](std::int64_t rows, const std::vector<Prediction>& found) {
      if (!writer) writer = std::make_unique<PredictionWriter>(format, found, wanted_keys(context, found), sink);
      writer->write(rows, found);
    });
  });
  say_bad_rows(*table, context);
  context.say(fmt::format("{} of {} rows", with_thousands(counts.kept_rows), with_thousands(counts.rows)));
  return 0;
}

}  // namespace kin::cli
