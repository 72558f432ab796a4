#include "kinspace/estimator/warm_start_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <regex>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/features/vocabulary_file.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string out;
  for (const std::int64_t extent : shape) out += fmt::format("{}{}", out.empty() ? "" : ", ", extent);
  return "[" + out + "]";
}

/// Variables that the settings choose, each once.
class Choice {
 public:
  Choice(const WarmStartSettings& settings, std::span<const WarmVariable> variables)
      : settings_(settings), variables_(variables), chosen_(variables.size(), false) {
    if (!settings.vars_to_warm_start) {
      for (std::size_t i = 0; i < variables.size(); ++i) chosen_[i] = variables[i].trainable;
    } else if (const auto* pattern = std::get_if<std::string>(&*settings.vars_to_warm_start)) {
      choose(*pattern, /*only_trainable=*/true);
    } else {
      for (const std::string& each : std::get<1>(*settings.vars_to_warm_start)) choose(each, /*only_trainable=*/false);
    }
    check_used("var_name_to_prev_var_name", settings.var_name_to_prev_var_name);
    check_used("var_name_to_vocab_info", settings.var_name_to_vocab_info);
    bool any = false;
    for (std::size_t i = 0; i < variables.size(); ++i) any = any || (*this)[i];
    if (!any) {
      throw Error::invalid_argument("vars_to_warm_start and var_name_to_vocab_info choose no variable",
                                    "name some, or leave out the warm start");
    }
  }

  bool operator[](std::size_t i) const {
    const bool all = settings_.vars_to_warm_start.has_value();
    return chosen_[i] && (all || settings_.var_name_to_vocab_info.count(variables_[i].name) != 0);
  }

 private:
  void choose(const std::string& pattern, bool only_trainable) {
    bool any = false;
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      if ((only_trainable && !variables_[i].trainable) || !matches(pattern, variables_[i].name)) continue;
      chosen_[i] = any = true;
    }
    if (any) return;
    throw Error::invalid_argument(fmt::format("vars_to_warm_start: no {}variable begins with what {} describes",
                                              only_trainable ? "trainable " : "", quoted(pattern)),
                                  "the variables are: " + names());
  }

  /// TensorFlow asks whether the name with ":0" begins with it.
  static bool matches(const std::string& pattern, const std::string& name) {
    try {
      const std::regex regex(pattern);
      const auto flags = std::regex_constants::match_continuous;
      return std::regex_search(name, regex, flags) || std::regex_search(name + ":0", regex, flags);
    } catch (const std::regex_error& error) {
      throw Error::invalid_argument(
          fmt::format("vars_to_warm_start: {} is no regular expression: {}", quoted(pattern), error.what()));
    }
  }

  template <class T>
  void check_used(const char* map, const std::map<std::string, T>& entries) const {
    for (const auto& [name, value] : entries) {
      bool used = false;
      for (std::size_t i = 0; i < variables_.size(); ++i) used = used || (chosen_[i] && variables_[i].name == name);
      if (used) continue;
      throw Error::invalid_argument(fmt::format("{}: {} is not among the variables to start", map, quoted(name)),
                                    "the variables are: " + names());
    }
  }

  std::string names() const {
    std::string list;
    for (const WarmVariable& variable : variables_) list += (list.empty() ? "" : ", ") + variable.name;
    return list;
  }

  const WarmStartSettings& settings_;
  std::span<const WarmVariable> variables_;
  std::vector<bool> chosen_;  // may be started: what the maps may name
};

class Starter {
 public:
  Starter(const WarmStartSettings& settings, TensorFile& file) : settings_(settings), file_(file) {}

  WarmStarted start(const WarmVariable& variable) {
    const auto previous = settings_.var_name_to_prev_var_name.find(variable.name);
    const std::string& name = previous == settings_.var_name_to_prev_var_name.end() ? variable.name : previous->second;
    const StoredTensor& tensor = file_.require(name);
    WarmStarted row;
    row.parameter = variable.name;
    row.tensor = tensor.name;
    const auto info = settings_.var_name_to_vocab_info.find(variable.name);
    if (info == settings_.var_name_to_vocab_info.end()) {
      copy(variable, tensor);
      row.matched = variable.values.rows;
    } else {
      remap(variable, tensor, info->second, row);
    }
    return row;
  }

 private:
  Matrix read(const StoredTensor& tensor) {
    Matrix values = file_.read_matrix(tensor);
    if (kernels::active().all_finite(values.values().data(), values.rows() * values.cols())) return values;
    throw Error::bad_data(fmt::format("{}: tensor {} holds a NaN or an infinity", file_.path(), quoted(tensor.name)),
                          "start from another checkpoint");
  }

  [[noreturn]] void refuse(const WarmVariable& variable, const StoredTensor& tensor, const std::string& why) const {
    throw Error::invalid_argument(fmt::format("warm start: {} of {} is {}, and the variable {} is {}{}",
                                              quoted(tensor.name), file_.path(), tensor.describe(),
                                              quoted(variable.name), shape_text(shape_of(variable)), why));
  }

  static std::vector<std::int64_t> shape_of(const WarmVariable& variable) {
    return variable.shape.value_or(std::vector<std::int64_t>{variable.values.rows, variable.values.cols});
  }

  void copy(const WarmVariable& variable, const StoredTensor& tensor) {
    const RowsView& to = variable.values;
    const bool vector = !variable.shape && to.rows == 1 && tensor.shape == std::vector<std::int64_t>{to.cols};
    if (!vector && tensor.shape != shape_of(variable)) refuse(variable, tensor, "");
    if (tensor.elements() != to.rows * to.cols) refuse(variable, tensor, ", which its values contradict");
    const Matrix values = read(tensor);
    to.write(0, {values.values().data(), to.rows, to.cols, to.cols});
  }

  KeyList vocabulary(const WarmVariable& variable, const std::string& path, std::int64_t size) const {
    try {
      return read_vocabulary_file(path, size, /*integers=*/false);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("VocabInfo of {}: {}", quoted(variable.name), error.message()),
                  error.fix());
    }
  }

  /// For each row (or column) of the variable that of the tensor, -1 for none.
  std::vector<std::int32_t> places(const WarmVariable& variable, const StoredTensor& tensor, const VocabInfo& info,
                                   std::int64_t old_extent) const {
    const KeyList tokens = vocabulary(variable, info.new_vocab, info.new_vocab_size);
    const KeyList known = vocabulary(variable, info.old_vocab, std::max<std::int64_t>(info.old_vocab_size, 0));
    if (known.size() > old_extent) {
      refuse(variable, tensor, fmt::format("; {} holds {} tokens", info.old_vocab, known.size()));
    }
    const auto known_size = static_cast<std::size_t>(known.size());
    const Vocabulary old(known, std::vector<std::int64_t>(known_size, 0));
    std::vector<std::int32_t> from = old.rows_of(tokens, /*unknown=*/-1);
    from.insert(from.end(), static_cast<std::size_t>(info.num_oov_buckets), -1);
    return from;
  }

  void check(const WarmVariable& variable, const StoredTensor& tensor, const VocabInfo& info) const {
    if (info.axis != 0 && info.axis != 1) {
      throw Error::invalid_argument(
          fmt::format("VocabInfo of {}: axis is 0 or 1, not {}", quoted(variable.name), info.axis));
    }
    if (info.new_vocab_size < 1 || info.num_oov_buckets < 0 || info.old_vocab_size < -1 || info.old_vocab_size == 0) {
      throw Error::invalid_argument(
          fmt::format("VocabInfo of {}: new_vocab_size = {}, num_oov_buckets = {}, old_vocab_size = {} are impossible",
                      quoted(variable.name), info.new_vocab_size, info.num_oov_buckets, info.old_vocab_size),
          "new_vocab_size is at least 1, num_oov_buckets at least 0, old_vocab_size -1 (all) or at least 1");
    }
    if (tensor.shape.size() != 2 || (variable.shape && variable.shape->size() != 2)) {
      refuse(variable, tensor, "; a vocabulary goes with matrices");
    }
    const bool rows = info.axis == 0;
    const std::int64_t extent = rows ? variable.values.rows : variable.values.cols;
    // Compared by differences: sums of what a caller gives may not fit.
    if (info.new_vocab_size > extent || info.num_oov_buckets != extent - info.new_vocab_size) {
      refuse(variable, tensor,
             fmt::format("; its VocabInfo has {} tokens and {} buckets on axis {}", info.new_vocab_size,
                         info.num_oov_buckets, info.axis));
    }
    if ((rows ? tensor.cols() : tensor.rows()) != (rows ? variable.values.cols : variable.values.rows)) {
      refuse(variable, tensor, "");
    }
  }

  void remap(const WarmVariable& variable, const StoredTensor& tensor, const VocabInfo& info, WarmStarted& row) {
    check(variable, tensor, info);
    const bool rows = info.axis == 0;
    const std::vector<std::int32_t> from = places(variable, tensor, info, rows ? tensor.rows() : tensor.cols());
    const Matrix old = read(tensor);
    const RowsView& to = variable.values;
    Parameter made(variable.name, to.rows, to.cols, /*decay=*/false, /*optimizer=*/nullptr);
    for (std::int64_t r = 0; r < to.rows; ++r) {
      made.initialize_row(settings_.seed, info.backup_initializer, r, static_cast<std::uint64_t>(r));
      for (std::int64_t c = 0; c < to.cols; ++c) {
        const std::int64_t place = from[static_cast<std::size_t>(rows ? r : c)];
        if (place >= 0) made.row(r)[c] = rows ? old.row(place)[c] : old.row(r)[place];
      }
    }
    to.write(0, made.weights());
    row.by_key = true;
    row.matched = std::count_if(from.begin(), from.end(), [](std::int32_t place) { return place >= 0; });
    row.fresh = static_cast<std::int64_t>(from.size()) - row.matched;
    row.unused = (rows ? tensor.rows() : tensor.cols()) - row.matched;
  }

  const WarmStartSettings& settings_;
  TensorFile& file_;
};

}  // namespace

std::vector<WarmVariable> warm_variables(ParameterStore& store) {
  std::vector<WarmVariable> out;
  for (Parameter* parameter : store.all()) {
    out.push_back({parameter->name(), parameter->stored(), parameter->trainable()});
    for (const Slot& slot : parameter->slots()) {
      out.push_back({fmt::format("{}/{}", parameter->name(), slot.name), parameter->slot(slot), /*trainable=*/false});
    }
  }
  return out;
}

WarmStartReport warm_start(const WarmStartSettings& settings, std::span<const WarmVariable> variables) {
  const std::unique_ptr<TensorFile> file = open_tensor_file(settings.ckpt_to_initialize_from);
  const Choice choice(settings, variables);
  WarmStartReport report;
  report.path = file->path();
  report.notes = file->notes();
  Starter starter(settings, *file);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (choice[i]) {
      report.rows.push_back(starter.start(variables[i]));
    } else {
      report.rows.push_back({.parameter = variables[i].name, .tensor = {}, .why = "not among vars_to_warm_start"});
    }
  }
  return report;
}

}  // namespace kin
