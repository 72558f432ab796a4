#include "kinspace/estimator/warm_start.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/features/vocabulary_file.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

constexpr std::int64_t kFresh = -1;  // the row keeps what it started from
constexpr std::int64_t kMean = -2;   // it takes the mean of the old rows

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

/// A path of a spec: below its directory if there is such a thing, else below the current one.
std::string path_of_spec(const std::string& path, const std::string& spec_directory) {
  const std::string below = (std::filesystem::path(spec_directory) / path).string();
  std::error_code ignored;
  return std::filesystem::exists(below, ignored) ? below : path;
}

class WarmStarter {
 public:
  WarmStarter(const WarmStartOptions& options, const std::string& spec_directory, const ParameterKeys& keys,
              ParameterStore& store, TensorFile& file)
      : options_(options), spec_directory_(spec_directory), keys_(keys), store_(store), file_(file) {}

  WarmStartReport run() {
    check_patterns();
    WarmStartReport report;
    report.path = file_.path();
    report.notes = file_.notes();
    for (Parameter* parameter : store_.all()) report.rows.push_back(take(*parameter));
    check_keys(report);
    const bool any =
        std::any_of(report.rows.begin(), report.rows.end(), [](const WarmStarted& row) { return !row.tensor.empty(); });
    if (any) {
      check_slots(report);
      return report;
    }
    throw Error::invalid_argument(
        fmt::format("train.warm_start: {} has nothing for this model; its tensors are: {}", file_.path(),
                    some_tensors()),
        "name them: train.warm_start.rename = { \"city/embedding\" = \"tensor of the file\" }");
  }

 private:
  void check_patterns() const {
    std::vector<std::string> names;
    for (const Parameter* parameter : store_.all()) names.push_back(parameter->name());
    const auto check = [&](const char* key, const std::string& pattern) {
      if (std::any_of(names.begin(), names.end(), [&](const auto& name) { return matches_pattern(pattern, name); }))
        return;
      std::string list;
      for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
      throw Error::invalid_argument(fmt::format("train.warm_start.{}: no parameter matches {}{}", key,
                                                kin::quoted(pattern), did_you_mean(pattern, names)),
                                    "the parameters are: " + list);
    };
    for (const std::string& pattern : options_.include) check("include", pattern);
    for (const std::string& pattern : options_.exclude) check("exclude", pattern);
    for (const auto& [name, tensor] : options_.rename) {
      check("rename", name);
      file_.require(tensor);
    }
  }

  /// Slots that are wanted and not there are a slip; those that are have seen some steps.
  void check_slots(WarmStartReport& report) const {
    if (!options_.slots) return;
    bool wanted = false;
    bool found = false;
    for (const WarmStarted& row : report.rows) {
      wanted = wanted || (!row.tensor.empty() && !store_.get(row.parameter).slots().empty());
      found = found || row.slots > 0;
    }
    if (wanted && !found) {
      throw Error::invalid_argument(
          fmt::format("train.warm_start.slots: {} has no slots of this model's optimizer", file_.path()),
          file_.format() == "run" ? "a published model has none; name the checkpoint beside it, " +
                                        (std::filesystem::path(file_.path()) / kCheckpointManifest).string()
                                  : "start without them, or take the optimizer that it was trained with");
    }
    if (found) report.slot_steps = steps_of_file();
  }

  std::int64_t steps_of_file() const {
    if (file_.format() == "run") {
      const RunState state = run_state_from_json(file_.attributes(), file_.path());
      return state.step + state.slot_steps;
    }
    const StoredTensor* step = file_.find("global_step");
    if (step == nullptr || step->type != StoredType::kI64 || !step->shape.empty()) return 0;
    return std::max<std::int64_t>(0, file_.read_integers(*step).front());
  }

  /// A vocabulary that nothing was joined by is a slip.
  void check_keys(const WarmStartReport& report) const {
    for (const auto& [name, path] : options_.keys) {
      const auto row = std::find_if(report.rows.begin(), report.rows.end(),
                                    [&, &wanted = name](const WarmStarted& r) { return r.parameter == wanted; });
      if (row != report.rows.end() && row->by_key) continue;
      std::string why = "no parameter has that name";
      if (row != report.rows.end()) why = row->why.empty() ? "its rows are numbers, not keys" : row->why;
      throw Error::invalid_argument(
          fmt::format("train.warm_start.keys: {} is not joined by the keys of {}: {}", kin::quoted(name), path, why),
          "name tables of vocabulary columns, such as \"city/embedding\"");
    }
  }

  std::string some_tensors() const {
    constexpr std::size_t kShown = 20;
    std::string list;
    for (std::size_t i = 0; i < std::min(kShown, file_.tensors().size()); ++i) {
      list += (i == 0 ? "" : ", ") + file_.tensors()[i].name;
    }
    return file_.tensors().size() > kShown ? list + ", ..." : list;
  }

  /// The tensor that stands for a parameter; null if there is none.
  const StoredTensor* find(const std::string& name, const TfParameter** tf) const {
    *tf = nullptr;
    const auto renamed = options_.rename.find(name);
    if (renamed != options_.rename.end()) return file_.find(renamed->second);
    if (const StoredTensor* same = file_.find(name)) return same;
    const auto known = keys_.tf.find(name);
    if (known == keys_.tf.end()) return nullptr;
    for (const std::string& theirs : known->second.names) {
      if (const StoredTensor* found = file_.find(theirs)) {
        *tf = &known->second;
        return found;
      }
    }
    return nullptr;
  }

  WarmStarted take(Parameter& parameter) {
    WarmStarted row;
    row.parameter = parameter.name();
    if (!options_.include.empty() && !any_matches(options_.include, parameter.name())) {
      row.why = "not among train.warm_start.include";
    } else if (any_matches(options_.exclude, parameter.name())) {
      row.why = "excluded";
    }
    if (!row.why.empty()) return row;
    const TfParameter* tf = nullptr;
    const StoredTensor* tensor = find(parameter.name(), &tf);
    if (tensor == nullptr) {
      row.why = "the file has no such tensor";
      return row;
    }
    const std::vector<std::int64_t> from = rows_from(parameter, *tensor, tf, row);
    row.tensor = tensor->name;
    fill(parameter.stored(), read(*tensor, is_vector(parameter, *tensor)), from);
    if (options_.slots) take_slots(parameter, *tensor, from, row);
    return row;
  }

  const Vocabulary* vocabulary_of(const Parameter& parameter) const {
    return keys_.vocabulary ? keys_.vocabulary(parameter.name()) : nullptr;
  }

  /// A bias, not a table of one key or of one weight a key.
  bool is_vector(const Parameter& parameter, const StoredTensor& tensor) const {
    return parameter.rows() == 1 && tensor.shape.size() < 2 && vocabulary_of(parameter) == nullptr;
  }

  /// Vectors are rows here, and columns there.
  Matrix read(const StoredTensor& tensor, bool vector) const {
    Matrix values = file_.read_matrix(tensor);
    if (!kernels::active().all_finite(values.values().data(), values.rows() * values.cols())) {
      throw Error::bad_data(
          fmt::format("{}: tensor {} holds a NaN or an infinity", file_.path(), kin::quoted(tensor.name)),
          "start from another checkpoint, or leave it out with train.warm_start.exclude");
    }
    if (!vector) return values;
    Matrix row(1, values.rows());
    std::copy_n(values.values().data(), values.rows(), row.values().data());
    return row;
  }

  [[noreturn]] void refuse_shape(const Parameter& parameter, const StoredTensor& tensor, const std::string& why) const {
    throw Error::invalid_argument(
        fmt::format("train.warm_start: {} of {} is {}, and {} is [{}, {}]{}", kin::quoted(tensor.name), file_.path(),
                    tensor.describe(), kin::quoted(parameter.name()), parameter.rows(), parameter.dim(), why),
        fmt::format("leave it out with train.warm_start.exclude = [\"{}\"], or make the model fit", parameter.name()));
  }

  /// For each row of a parameter the row of the tensor that it takes, or kFresh or kMean.
  std::vector<std::int64_t> rows_from(const Parameter& parameter, const StoredTensor& tensor, const TfParameter* tf,
                                      WarmStarted& row) {
    const bool vector = is_vector(parameter, tensor);
    if ((vector ? tensor.rows() : tensor.cols()) != parameter.dim()) refuse_shape(parameter, tensor, "");
    const Vocabulary* vocabulary = vocabulary_of(parameter);
    const std::optional<TokenList> given =
        vocabulary == nullptr ? std::nullopt : given_tokens(parameter, tensor, *vocabulary);
    const TokenList* tokens = given ? &*given : file_.tokens(tensor);
    if (vocabulary != nullptr && tokens != nullptr) return rows_by_key(parameter, tensor, *vocabulary, *tokens, row);
    if (!vector && tensor.rows() != parameter.rows()) {
      refuse_shape(parameter, tensor,
                   vocabulary != nullptr ? "; the file does not say which keys its rows stand for: name their "
                                           "vocabulary file with train.warm_start.keys, or embed.keys"
                                         : "");
    }
    row.matched = parameter.rows();
    if (tf != nullptr && !tf->row_of.empty()) return tf->row_of;
    std::vector<std::int64_t> from(static_cast<std::size_t>(parameter.rows()));
    std::iota(from.begin(), from.end(), 0);
    return from;
  }

  /// The keys of a tensor's rows where the user has named the file that holds them.
  std::optional<TokenList> given_tokens(const Parameter& parameter, const StoredTensor& tensor,
                                        const Vocabulary& vocabulary) const {
    const auto given = options_.keys.find(parameter.name());
    if (given == options_.keys.end()) return std::nullopt;
    const std::string path = path_of_spec(given->second, spec_directory_);
    const KeyList keys = read_vocabulary_file(path, /*rows=*/0, vocabulary.keys().integers());
    if (keys.size() > tensor.rows()) {
      throw Error::invalid_argument(fmt::format("train.warm_start: {} holds {} keys, and {} of {} has {} rows", path,
                                                keys.size(), kin::quoted(tensor.name), file_.path(), tensor.rows()),
                                    "name the vocabulary that this table was trained with");
    }
    TokenList tokens;
    for (std::int64_t i = 0; i < keys.size(); ++i) tokens.add(keys.text(i));
    return tokens;
  }

  std::vector<std::int64_t> rows_by_key(const Parameter& parameter, const StoredTensor& tensor,
                                        const Vocabulary& vocabulary, const TokenList& tokens, WarmStarted& row) {
    row.by_key = true;
    std::unordered_map<std::string_view, std::int64_t> old;
    const std::int64_t old_keys = std::min(static_cast<std::int64_t>(tokens.size()), tensor.rows());
    for (std::int64_t i = 0; i < old_keys; ++i) old.emplace(tokens[static_cast<std::size_t>(i)], i);
    const bool old_unknown = tensor.rows() > old_keys;
    std::vector<std::int64_t> from;
    for (std::int64_t r = 0; r < parameter.rows(); ++r) {
      if (r >= vocabulary.size()) {
        const std::int64_t behind = old_keys + (r - vocabulary.size());
        from.push_back(behind < tensor.rows() ? behind : kFresh);
      } else {
        const std::string key = vocabulary.key(r);
        const auto found = old.find(key);
        from.push_back(found != old.end()                              ? found->second
                       : options_.fresh == "oov" && old_unknown        ? old_keys
                       : options_.fresh == "mean" && tensor.rows() > 0 ? kMean
                                                                       : kFresh);
        if (found == old.end()) {
          ++row.fresh;
          continue;
        }
      }
      row.matched += from.back() >= 0 ? 1 : 0;
    }
    row.unused = tensor.rows() - row.matched;
    return from;
  }

  static void fill(const RowsView& to, const Matrix& values, const std::vector<std::int64_t>& from) {
    std::vector<double> mean(static_cast<std::size_t>(to.cols), 0.0);
    if (std::find(from.begin(), from.end(), kMean) != from.end()) {
      for (std::int64_t r = 0; r < values.rows(); ++r) {
        for (std::int64_t c = 0; c < to.cols; ++c) mean[static_cast<std::size_t>(c)] += double(values.row(r)[c]);
      }
      for (double& sum : mean) sum /= static_cast<double>(values.rows());
    }
    const std::vector<float> mean_row(mean.begin(), mean.end());
    for (std::int64_t r = 0; r < to.rows; ++r) {
      const std::int64_t row = from[static_cast<std::size_t>(r)];
      if (row == kFresh) continue;
      to.write(r, {row == kMean ? mean_row.data() : values.row(row), 1, to.cols, to.cols});
    }
  }

  void take_slots(Parameter& parameter, const StoredTensor& tensor, std::vector<std::int64_t> from, WarmStarted& row) {
    for (std::int64_t& r : from) r = r == kMean ? kFresh : r;
    for (std::size_t i = 0; i < parameter.slots().size(); ++i) {
      const Slot& slot = parameter.slots()[i];
      std::vector<std::string> names = {fmt::format("{}/{}", tensor.name, slot.name)};
      for (std::string& theirs : tf_slot_names(tensor.name, parameter.optimizer()->options().name, slot.name, i)) {
        names.push_back(std::move(theirs));
      }
      for (const std::string& name : names) {
        const StoredTensor* found = file_.find(name);
        if (found == nullptr) continue;
        // Its rows are those of the weights, by whose keys `from` was made.
        const bool vector = is_vector(parameter, tensor);
        const Matrix values = read(*found, vector && found->shape.size() < 2);
        const MatrixView to = parameter.slot(slot);
        if (values.cols() != to.cols || values.rows() != (vector ? 1 : tensor.rows())) {
          refuse_shape(parameter, *found, "");
        }
        fill(to, values, from);
        ++row.slots;
        break;
      }
    }
  }

  const WarmStartOptions& options_;
  const std::string& spec_directory_;
  const ParameterKeys& keys_;
  ParameterStore& store_;
  TensorFile& file_;
};

/// As path_of_spec(), of what may be a pattern.
std::unique_ptr<TensorFile> open(const std::string& path, const std::string& spec_directory) {
  const std::string below = (std::filesystem::path(spec_directory) / path).string();
  if (below == path) return open_tensor_file(path);
  try {
    return open_tensor_file(below);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
  }
  return open_tensor_file(path);
}

}  // namespace

WarmStartReport warm_start(const WarmStartOptions& options, const std::string& spec_directory,
                           const ParameterKeys& keys, ParameterStore& store) {
  const std::unique_ptr<TensorFile> file = open(options.path, spec_directory);
  return WarmStarter(options, spec_directory, keys, store, *file).run();
}

std::vector<WarmStartReport> load_embeddings(const FeatureColumns& columns, const std::string& spec_directory,
                                             const ParameterKeys& keys, ParameterStore& store) {
  std::vector<WarmStartReport> out;
  for (const auto& [name, column] : columns) {
    const EmbedOptions* embed = embed_options(column);
    if (embed == nullptr || embed->checkpoint.empty()) continue;
    const std::unique_ptr<TensorFile> file = open(embed->checkpoint, spec_directory);
    const std::string table = (embed->share.empty() ? name : embed->share) + "/embedding";
    WarmStartOptions options;
    options.path = embed->checkpoint;
    options.include = {table};
    std::string tensor = embed->tensor;
    if (tensor.empty() && file->find(table) == nullptr && file->tensors().size() == 1) tensor = file->tensors()[0].name;
    if (!tensor.empty()) options.rename[table] = tensor;
    if (!embed->keys.empty()) options.keys[table] = embed->keys;
    WarmStartReport report = WarmStarter(options, spec_directory, keys, store, *file).run();
    std::erase_if(report.rows, [&](const WarmStarted& row) { return row.parameter != table; });
    out.push_back(std::move(report));
  }
  return out;
}

std::vector<std::string> report_lines(const WarmStartReport& report) {
  std::vector<std::string> out = {"started from " + report.path};
  out.insert(out.end(), report.notes.begin(), report.notes.end());
  for (const WarmStarted& row : report.rows) {
    if (row.tensor.empty()) {
      out.push_back(fmt::format("  {}: as without a start, {}", row.parameter, row.why));
      continue;
    }
    std::string line = fmt::format("  {}: {} row{} by {} from {}", row.parameter, with_thousands(row.matched),
                                   row.matched == 1 ? "" : "s", row.by_key ? "key" : "number", row.tensor);
    if (row.fresh > 0) line += fmt::format(", {} new", with_thousands(row.fresh));
    if (row.unused > 0) line += fmt::format(", {} of the file not used", with_thousands(row.unused));
    if (row.slots > 0) line += fmt::format(", {} slot{}", row.slots, row.slots == 1 ? "" : "s");
    out.push_back(line);
  }
  if (report.slot_steps > 0) {
    out.push_back(fmt::format("  the slots have seen {} steps", with_thousands(report.slot_steps)));
  }
  return out;
}

}  // namespace kin
