#include "kinspace/estimator/train_log.h"

#include <fmt/core.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::uint64_t kMaxLog = std::uint64_t{256} << 20;

/// Rows of an earlier process up to `step`; what cannot be read as a row is dropped.
std::string rows_until(const std::string& path, std::int64_t step) {
  std::string kept;
  if (step == 0 || !file_exists(path)) return kept;
  const std::string text = read_file(path, kMaxLog);
  for (const std::string_view line : split(text, '\n')) {
    const auto row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (row.is_object() && row.value("step", step + 1) <= step) kept.append(line).append("\n");
  }
  return kept;
}

}  // namespace

TrainLog::TrainLog(const std::string& directory, std::int64_t resumed_at) : path_(directory + "/train.jsonl") {
  write_file_atomically(path_, rows_until(path_, resumed_at));
  file_ = std::fopen(path_.c_str(), "ae");
  if (file_ == nullptr)
    throw Error::io(fmt::format("cannot open {}: {}", path_, std::generic_category().message(errno)));
}

TrainLog::~TrainLog() {
  std::fclose(file_);
}

void TrainLog::write(const TrainProgress& progress) {
  const std::string line = to_json(progress) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) {
    throw Error::io(fmt::format("cannot write to {}: {}", path_, std::generic_category().message(errno)),
                    "free space there");
  }
}

std::string to_json(const TrainProgress& p) {
  nlohmann::ordered_json row{{"step", p.step},
                             {"steps", p.steps},
                             {"epoch", p.epoch},
                             {"loss", p.loss},
                             {"loss_since", p.loss_since},
                             {"lr", p.learning_rate},
                             {"examples_per_second", p.examples_per_second},
                             {"seconds_left", p.seconds_left}};
  if (p.evaluated) {
    row["metric"] = *p.metric;
    nlohmann::ordered_json& metrics = row["metrics"] = nlohmann::ordered_json::object();
    for (const NamedValue& value : p.metrics) metrics[value.name] = value.value;
  }
  return row.dump();
}

}  // namespace kin
