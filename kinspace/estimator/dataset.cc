#include "kinspace/estimator/dataset.h"

#include <fmt/core.h>

#include <filesystem>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

std::vector<Part> split_groups(const SplitOptions& split, const LoadedHistories& loaded) {
  if (split.by == "group" || split.by == "column") {
    return split.folds > 0 ? split_by_fold(loaded.split_numbers, split.folds, split.fold)
                           : split_by_share(loaded.split_numbers, split.valid, split.test);
  }
  return std::vector<Part>(static_cast<std::size_t>(loaded.histories.group_count()), Part::kTrain);
}

void require_learnable(const LoadedHistories& loaded, const std::string& path) {
  const Histories& histories = loaded.histories;
  if (histories.group_count() == loaded.short_groups) {
    throw Error::bad_data(fmt::format("{}: each of the {} groups has one event; learning what follows what needs two",
                                      path, with_thousands(histories.group_count())),
                          "check data.group_by and data.where");
  }
  if (histories.item_count() == 1) {
    throw Error::bad_data(fmt::format("{}: only one item occurs ({}); there is nothing to choose from", path,
                                      histories.item_keys.text(0)),
                          "check the column's source and data.where");
  }
}

}  // namespace

Protocol protocol_of(const Spec& spec, const std::string& name) {
  Protocol protocol;
  protocol.kind = parse_protocol(name.empty() ? spec.eval.protocol : name);
  protocol.context = spec.head.context;
  protocol.predict = spec.head.predict;
  if (spec.split.by == "time") protocol.last = split_by_time(spec.split.valid, spec.split.test);
  return protocol;
}

const std::string& item_source(const Spec& spec) {
  return target_column(spec).source;
}

Dataset load_dataset(const Spec& spec, ThreadPool& pool, const LoadOptions& options) {
  HistoriesRequest request;
  request.item = item_source(spec);
  if (spec.split.by == "column") request.split_column = spec.split.column;
  request.memory_limit = options.memory_limit;
  request.progress = options.progress;
  request.table.directory = options.directory;
  request.table.rejects = options.rejects;

  Dataset dataset;
  dataset.loaded = read_histories(spec.data, request, pool);
  require_learnable(dataset.loaded, data_name(spec.data));
  dataset.protocol = protocol_of(spec);
  dataset.parts = split_groups(spec.split, dataset.loaded);
  dataset.training = training_part(dataset.histories(), dataset.protocol, dataset.parts);
  return dataset;
}

std::string data_name(const DataOptions& data) {
  if (!data.query.empty()) return "the query";
  return data.path.size() == 1 ? data.path.front() : fmt::format("{} and others", data.path.front());
}

std::string locate(const std::string& path, const std::string& spec_directory) {
  if (std::filesystem::path(path).is_absolute() || spec_directory.empty()) return path;
  const std::string beside = (std::filesystem::path(spec_directory) / path).string();
  return file_exists(beside) || !file_exists(path) ? beside : path;
}

}  // namespace kin
