#include "kinspace/estimator/validate_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/bad_rows.h"
#include "kinspace/estimator/slices.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/spec_options.h"
#include "kinspace/metrics/ranking.h"

namespace kin {
namespace {

/// Columns of the data that a feature column reads by itself.
std::vector<std::string> sources_of(const FeatureColumn& column) {
  return std::visit(
      [](const auto& c) -> std::vector<std::string> {
        using Column = std::remove_cvref_t<decltype(c)>;
        if constexpr (std::is_same_v<Column, CrossedColumn>) {
          std::vector<std::string> keys;
          for (const std::string& key : c.of) {
            if (key.starts_with("data.")) keys.push_back(key.substr(5));
          }
          return keys;
        } else if constexpr (std::is_same_v<Column, NumericColumn> || std::is_same_v<Column, BucketizedColumn>) {
          return c.source;
        } else {
          return {c.source};
        }
      },
      column);
}

class Validator {
 public:
  Validator(const Spec& spec, const Places& places) : spec_(spec), places_(places) {}

  void run() {
    each_alone();
    data();
    columns();
    optimizer("train.optimizer", spec_.train.optimizer);
    schedule();
    split();
    if (is_recommender(spec_)) recommender();
    if (is_row_model(spec_)) row_model();
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& message, const std::string& fix = {}) const {
    // The setting itself may be absent: then the nearest table around it says where to write it.
    std::string around = path;
    auto found = places_.find(around);
    while (found == places_.end() && around.find('.') != std::string::npos) {
      around.resize(around.rfind('.'));
      found = places_.find(around);
    }
    const std::string place = found == places_.end() ? "" : found->second + ": ";
    throw Error::invalid_argument(fmt::format("{}{} {}", place, path, message), fix);
  }

  void number(const Option& option, double value, const std::string& shown) const {
    if (option.allowed.admits(value)) return;
    if (!std::isfinite(value)) fail(option.path, fmt::format("must be a finite number, not {}", shown));
    fail(option.path, fmt::format("must be {}, not {}", allowed_text(option.allowed), shown));
  }

  void word(const Option& option, const std::string& value) const {
    const auto& words = option.allowed.words;
    if (words.empty() || std::find(words.begin(), words.end(), value) != words.end()) return;
    fail(option.path, fmt::format("cannot be {}{}", quoted(value), did_you_mean(value, words)),
         fmt::format("take one of: {}", allowed_text(option.allowed)));
  }

  void each_alone() const {
    Spec copy = spec_;
    for (const Option& option : list_options(copy)) {
      std::visit(
          [&](const auto* value) {
            using T = std::remove_cvref_t<decltype(*value)>;
            if constexpr (std::is_same_v<T, std::string>) {
              word(option, *value);
            } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
              for (const std::string& item : *value) word(option, item);
            } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>> ||
                                 std::is_same_v<T, std::vector<double>>) {
              for (const auto item : *value) number(option, static_cast<double>(item), fmt::format("{}", item));
            } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
              for (const auto& [key, item] : *value) word(option, item);
            } else if constexpr (!std::is_same_v<T, bool>) {
              number(option, static_cast<double>(*value), fmt::format("{}", *value));
            }
          },
          option.value);
    }
  }

  void data() const {
    const DataOptions& data = spec_.data;
    for (const std::string& path : data.path) {
      if (path.empty()) fail("data.path", "names an empty path");
    }
    if (!data.query.empty() && !data.path.empty()) {
      fail("data.query", "and data.path exclude each other", "name the files inside the query");
    }
    if (data.separator.size() > 4 || data.separator.find_first_of("\n\r\"") != std::string::npos) {
      fail("data.separator",
           fmt::format("must be 1 to 4 characters other than a quote or a line end, not {}", quoted(data.separator)));
    }
    if (data.comment.find_first_of("\n\r") != std::string::npos) fail("data.comment", "must not hold a line end");
    try {
      parse_share(data.max_bad);
    } catch (const Error& error) {
      fail("data.max_bad", "is no share: " + error.message(), error.fix());
    }
    std::set<std::string> seen;
    for (const std::string& column : spec_.data.order_by) {
      if (column.empty()) fail("data.order_by", "names an empty column");
      if (!seen.insert(column).second) fail("data.order_by", fmt::format("names {} twice", quoted(column)));
    }
  }

  void columns() const {
    if (spec_.columns.empty() && spec_.model.kind != "baseline") {
      fail("columns", "is missing",
           is_row_model(spec_)
               ? "describe what the model sees: columns.age = \"numeric\""
               : "describe the item column: columns.watched = { kind = \"vocabulary\", source = \"movieId\" }");
    }
    for (const auto& [name, column] : spec_.columns) {
      start_of_table("columns." + name + ".embed.", embed_options(column));
      const auto* vocabulary = std::get_if<VocabularyColumn>(&column);
      if (vocabulary == nullptr || vocabulary->names.path.empty()) continue;
      const std::string path = "columns." + name + ".names.";
      if (vocabulary->names.key.empty())
        fail(path + "key", "is missing", "name the column of the names file that holds the keys");
      if (vocabulary->names.label.empty())
        fail(path + "label", "is missing", "name the column of the names file that holds the titles");
    }
    if (spec_.model.dropout < 0) {
      fail("model.dropout",
           fmt::format("must be from 0 to below 1, or -1 for the default, not {}", spec_.model.dropout));
    }
    if (spec_.model.batch_norm_momentum < 0) {
      fail("model.batch_norm_momentum", "must be from 0 to below 1, or -1 for the default");
    }
    if (spec_.model.layers.size() > 64)
      fail("model.layers", fmt::format("has {} layers; 64 is the limit", spec_.model.layers.size()));
  }

  void start_of_table(const std::string& path, const EmbedOptions* embed) const {
    if (embed == nullptr || !embed->checkpoint.empty()) return;
    const std::string fix = "name the file that the table starts from: checkpoint = \"london/\"";
    if (!embed->tensor.empty()) fail(path + "tensor", "goes with embed.checkpoint, which is missing", fix);
    if (!embed->keys.empty()) fail(path + "keys", "goes with embed.checkpoint, which is missing", fix);
  }

  void data_named() const {
    if (spec_.data.path.empty() && spec_.data.query.empty())
      fail("data.path", "is missing", "name the file: data = { path = \"rows.csv\" }");
  }

  void row_model() const {
    data_named();
    if (!spec_.heads.empty() && !spec_.head.target.empty()) {
      fail("heads", "and head exclude each other", "give every head a name below heads");
    }
    if (spec_.heads.empty()) row_head("head", spec_.head);
    for (const auto& [name, head] : spec_.heads) row_head("heads." + name, head);
    for (const std::string& name : spec_.model.wide) column_exists("model.wide", name);
    for (const std::string& name : spec_.model.deep) column_exists("model.deep", name);
    for (const auto& [pattern, options] : spec_.train.optimizers) optimizer("train.optimizers." + pattern, options);
    try {
      for (const std::string& entry : spec_.eval.slice) slice_columns(entry);
    } catch (const Error& error) {
      fail("eval.slice", "has a bad entry: " + error.message(), error.fix());
    }
  }

  void row_head(const std::string& path, const HeadOptions& head) const {
    if (head.target.empty()) fail(path + ".target", "is missing", "name the column of the data that holds the labels");
    if (head.kind == "auto" || head.kind == "softmax") {
      fail(path + ".kind", head.kind == "auto" ? "is missing" : "goes with a recommender",
           "take one of: binary, multi_class, multi_label, regression, poisson, logistic");
    }
    for (const auto& [name, column] : spec_.columns) {
      const std::vector<std::string> read = sources_of(column);
      if (std::find(read.begin(), read.end(), head.target) == read.end()) continue;
      fail("columns." + name,
           fmt::format("reads {}, which {} is to predict: the model would be shown the answer", quoted(head.target),
                       path),
           "take the column out of the spec");
    }
  }

  void recommender() const {
    if (spec_.train.compat != "none") fail("train.compat", "goes with models over rows");
    if (spec_.train.reduction != "mean" && spec_.train.reduction != "sum") {
      fail("train.reduction", fmt::format("cannot be {} for a recommender", quoted(spec_.train.reduction)),
           "mean or sum");
    }
    if (spec_.data.path.empty() && spec_.data.query.empty())
      fail("data.path", "is missing", "name the CSV file: data = { path = \"ratings.csv\", ... }");
    if (spec_.data.group_by.empty()) {
      fail("data.group_by", "is missing", "name the column whose equal values form one history, such as \"userId\"");
    }
    if (!spec_.eval.slice.empty()) fail("eval.slice", "goes with models over rows: histories have no columns of data");
    head();
    target();
    protocol();
    metrics();
  }

  /// A recommender learns the vocabulary of its target from the histories, and knows no other encoding of it.
  void target() const {
    const std::string path = "columns." + spec_.head.target;
    const auto* column = std::get_if<VocabularyColumn>(&spec_.columns.at(spec_.head.target));
    if (column == nullptr) {
      fail(path + ".kind",
           fmt::format("cannot be {} for the target of a recommender",
                       quoted(column_kind(spec_.columns.at(spec_.head.target)))),
           "take \"vocabulary\"");
    }
    const VocabularyColumn plain;
    const auto refuse = [&](bool differs, const char* key) {
      if (differs) fail(path + "." + key, "does not go with the target of a recommender, whose values are learned");
    };
    refuse(column->values != plain.values, "values");
    refuse(column->path != plain.path, "path");
    refuse(column->oov_buckets != plain.oov_buckets, "oov_buckets");
    refuse(column->default_value != plain.default_value, "default_value");
    refuse(column->split != plain.split, "split");
    refuse(column->pair != plain.pair, "pair");
    refuse(column->weight != plain.weight, "weight");
    refuse(column->derive != plain.derive, "derive");
    refuse(column->dtype != plain.dtype, "dtype");
    refuse(column->indicator, "indicator");
    refuse(column->embed.max_norm != plain.embed.max_norm, "embed.max_norm");
    refuse(!column->embed.prune, "embed.prune");
    refuse(!column->embed.trainable, "embed.trainable");
    refuse(column->embed.share != plain.embed.share, "embed.share");
  }

  void column_exists(const std::string& path, const std::string& name) const {
    if (spec_.columns.count(name) != 0) return;
    std::vector<std::string> known;
    std::string list;
    for (const auto& [column, options] : spec_.columns) {
      known.push_back(column);
      list += (list.empty() ? "" : ", ") + column;
    }
    fail(path, fmt::format("names no column: {}{}", quoted(name), did_you_mean(name, known)),
         fmt::format("the columns of the spec are: {}", list));
  }

  void head() const {
    if (spec_.head.target.empty())
      fail("head.target", "is missing and there are several columns", "name the column to predict");
    column_exists("head.target", spec_.head.target);
    if (spec_.head.share.empty()) return;
    column_exists("head.share", spec_.head.share);
    if (spec_.head.share != spec_.head.target) {
      fail("head.share",
           fmt::format("must be the target {} or empty, not {}", quoted(spec_.head.target), quoted(spec_.head.share)));
    }
  }

  /// -1 stands for the default of the optimizer's name; nothing between it and the possible values does.
  void optimizer(const std::string& path, const OptimizerOptions& o) const {
    const auto check = [&](const char* name, float value, bool zero) {
      if (value > 0 || value == -1 || (zero && value == 0)) return;
      fail(path + "." + name,
           fmt::format("must be {} 0, or -1 for the default, not {}", zero ? "at least" : "above", value));
    };
    check("lr", o.lr, false);
    check("epsilon", o.epsilon, true);
    check("initial_accumulator", o.initial_accumulator, true);
    try {
      resolve(o);
    } catch (const Error& error) {
      fail(path, "does not fit together: " + error.message(), error.fix());
    }
  }

  void schedule() const {
    try {
      check_schedule(spec_.train.schedule);
    } catch (const Error& error) {
      fail("train.schedule", "does not fit together: " + error.message(), error.fix());
    }
  }

  void split() const {
    const SplitOptions& s = spec_.split;
    if (s.by == "time") {
      if (s.folds > 0) fail("split.folds", "goes with by = \"group\" or \"column\": the time split has one fold");
      for (const auto& [path, value] :
           {std::pair<const char*, double>{"split.valid", s.valid}, {"split.test", s.test}}) {
        if (value != std::floor(value) || value > 1e6) {
          fail(path,
               fmt::format("counts events when by = \"time\": an integer up to 1000000 is needed, not {}", value));
        }
      }
    } else if (s.by != "none" && s.by != "value" && s.folds == 0 && s.valid + s.test >= 1) {
      fail(s.valid >= 1 ? "split.valid" : "split.test",
           fmt::format("leaves nothing to train on: valid + test is {}, and must be below 1", s.valid + s.test),
           "shares are of all groups, such as valid = 0.05 and test = 0.05");
    }
    if ((s.by == "column" || s.by == "value") && s.column.empty()) {
      fail("split.column", fmt::format("is missing: by = {} needs it", quoted(s.by)));
    }
    if (s.by == "value" && s.folds + s.valid + s.test > 0) {
      fail("split", "by = \"value\" has bounds, no shares and folds", "set valid_from and test_from");
    }
    if (s.by != "value" && !(s.valid_from.empty() && s.test_from.empty())) {
      fail(s.valid_from.empty() ? "split.test_from" : "split.valid_from", "goes with by = \"value\"");
    }
    if (s.folds == 1) fail("split.folds", "must be 0 or at least 2: one fold leaves nothing to train on");
    if (s.fold > 0 && s.fold >= s.folds) {
      fail("split.fold", fmt::format("must be below folds, which is {}, not {}", s.folds, s.fold));
    }
  }

  /// What is held out has to be what the protocol asks about.
  void protocol() const {
    const SplitOptions& s = spec_.split;
    if (s.by == "row" || s.by == "value") {
      fail("split.by", fmt::format("cannot be {} for a recommender, which needs whole histories", quoted(s.by)),
           "split by = \"group\"");
    }
    const bool next_item = spec_.eval.protocol == "next-item";
    if (s.by == "time" && !next_item) {
      fail("split.by",
           fmt::format("holds out the last events of each group, but the protocol {} asks of whole groups that were "
                       "held out",
                       spec_.eval.protocol),
           "split by = \"group\", or evaluate the protocol \"next-item\"");
    }
    if ((s.by == "group" || s.by == "column") && next_item && (s.folds > 0 || s.valid + s.test > 0)) {
      fail("split.by", "holds out whole groups, but the protocol next-item trains on every group",
           "split by = \"time\", or evaluate another protocol");
    }
  }

  void metrics() const {
    check_metrics("eval.metrics", spec_.eval.metrics);
    check_metrics("train.early_stop.metric", {{spec_.train.early_stop.metric}});
  }

  void check_metrics(const std::string& path, const std::vector<std::string>& texts) const {
    try {
      parse_metrics(texts);
    } catch (const Error& error) {
      fail(path, "has a bad entry: " + error.message(), error.fix());
    }
  }

  const Spec& spec_;
  const Places& places_;
};

}  // namespace

void validate(const Spec& spec) {
  validate_at(spec, {});
}

void validate_at(const Spec& spec, const Places& places) {
  Validator(spec, places).run();
}

}  // namespace kin
