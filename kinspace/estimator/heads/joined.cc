#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/head.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/take_columns.h"

namespace kin {
namespace {

struct Part {
  std::string name;
  std::unique_ptr<Head> head;
  float weight = 1;
  std::size_t labels = 1;  ///< label columns
};

/// What belongs to one of several heads.
template <class T>
std::span<const T> take(std::span<const T>& rest, std::size_t count) {
  if (rest.size() < count) throw Error::internal(fmt::format("labels of {} heads are missing", count - rest.size()));
  const std::span<const T> out = rest.first(count);
  rest = rest.subspan(count);
  return out;
}

ConstMatrixView take_columns(ConstMatrixView all, std::int64_t& first, std::int64_t count) {
  const ConstMatrixView out(all.data + first, all.rows, count, all.stride);
  first += count;
  return out;
}

class JoinedMetrics final : public HeadMetrics {
 public:
  JoinedMetrics(const std::vector<Part>& parts, std::vector<std::unique_ptr<HeadMetrics>> metrics)
      : parts_(parts), metrics_(std::move(metrics)) {}

  void add(ConstMatrixView logits, std::span<const HeadLabels> labels) override {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      metrics_[i]->add(take_columns(logits, first, parts_[i].head->logits()), take(labels, parts_[i].labels));
    }
  }

  std::vector<NamedValue> result() const override {
    std::vector<NamedValue> out;
    double loss = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      for (NamedValue& value : metrics_[i]->result()) {
        if (value.name == "loss") {
          loss += double(parts_[i].weight) * value.value;
          value.name += "/" + parts_[i].name;
        }
        out.push_back(std::move(value));
      }
    }
    out.push_back({"loss", loss});
    std::sort(out.begin(), out.end(), [](const NamedValue& a, const NamedValue& b) { return a.name < b.name; });
    return out;
  }

 private:
  const std::vector<Part>& parts_;
  std::vector<std::unique_ptr<HeadMetrics>> metrics_;
};

class JoinedPrior final : public HeadPrior {
 public:
  explicit JoinedPrior(const std::vector<Part>& parts) : parts_(parts) {
    for (const Part& part : parts) priors_.push_back(part.head->prior());
  }

  void add(std::int64_t rows, std::span<const HeadLabels> labels) override {
    for (std::size_t i = 0; i < parts_.size(); ++i) priors_[i]->add(rows, take(labels, parts_[i].labels));
  }

  std::vector<float> logits() const override {
    std::vector<float> out;
    for (const auto& prior : priors_) {
      const std::vector<float> own = prior->logits();
      out.insert(out.end(), own.begin(), own.end());
    }
    return out;
  }

 private:
  const std::vector<Part>& parts_;
  std::vector<std::unique_ptr<HeadPrior>> priors_;
};

class JoinedHead final : public Head {
 public:
  explicit JoinedHead(std::vector<Part> parts) : parts_(std::move(parts)) {}

  std::vector<FeatureColumn> label_columns() const override {
    std::vector<FeatureColumn> out;
    for (const Part& part : parts_) {
      std::vector<FeatureColumn> columns = part.head->label_columns();
      std::move(columns.begin(), columns.end(), std::back_inserter(out));
    }
    return out;
  }

  void bind(std::span<const EncodedInfo> infos, std::span<const FittedColumn* const> fitted) override {
    for (const Part& part : parts_) part.head->bind(take(infos, part.labels), take(fitted, part.labels));
  }

  std::int64_t logits() const noexcept override {
    std::int64_t sum = 0;
    for (const Part& part : parts_) sum += part.head->logits();
    return sum;
  }

  std::unique_ptr<HeadPrior> prior() const override { return std::make_unique<JoinedPrior>(parts_); }

  Var loss(Tape& tape, Var logits, std::span<const HeadLabels> labels) const override {
    check(logits.cols());
    Var sum;
    std::int64_t first = 0;
    for (const Part& part : parts_) {
      const std::int64_t width = part.head->logits();
      const Var own = kin::take_columns(tape, logits, first, width);
      const Var loss = scale(tape, part.head->loss(tape, own, take(labels, part.labels)), part.weight);
      sum = sum.exists() ? add(tape, sum, loss) : loss;
      first += width;
    }
    return sum;
  }

  std::vector<Prediction> predict(ConstMatrixView logits) const override {
    check(logits.cols);
    std::vector<Prediction> out;
    std::int64_t first = 0;
    for (const Part& part : parts_) {
      for (Prediction& prediction : part.head->predict(take_columns(logits, first, part.head->logits()))) {
        prediction.key = part.name + "/" + prediction.key;
        out.push_back(std::move(prediction));
      }
    }
    return out;
  }

  std::unique_ptr<HeadMetrics> metrics(std::span<const std::string> extra) const override {
    std::vector<std::vector<std::string>> own(parts_.size());
    for (const std::string& name : extra) {
      bool taken = false;
      for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (!takes_metric(parts_[i].head->extra_metrics(), name)) continue;
        own[i].push_back(name);
        taken = true;
      }
      if (!taken) {
        const std::vector<std::string> known = extra_metrics();
        throw Error::invalid_argument(fmt::format("none of the heads has a metric {}{}; there are {}", quoted(name),
                                                  did_you_mean(name, known), fmt::join(known, ", ")));
      }
    }
    std::vector<std::unique_ptr<HeadMetrics>> metrics;
    for (std::size_t i = 0; i < parts_.size(); ++i) metrics.push_back(parts_[i].head->metrics(own[i]));
    return std::make_unique<JoinedMetrics>(parts_, std::move(metrics));
  }

  std::vector<std::string> extra_metrics() const override {
    std::set<std::string> all;
    for (const Part& part : parts_) {
      for (const std::string& name : part.head->extra_metrics()) all.insert(name);
    }
    return {all.begin(), all.end()};
  }

 private:
  void check(std::int64_t cols) const {
    if (cols == logits()) return;
    throw Error::internal(fmt::format("{} logits a row for heads that have {}", cols, logits()));
  }

  std::vector<Part> parts_;
};

}  // namespace

std::unique_ptr<Head> join_heads(std::vector<std::unique_ptr<Head>> heads, std::vector<std::string> names,
                                 std::vector<float> weights) {
  if (heads.empty()) throw Error::invalid_argument("there are no heads to join");
  if (names.size() != heads.size() || weights.size() != heads.size()) {
    throw Error::internal(
        fmt::format("{} heads with {} names and {} weights", heads.size(), names.size(), weights.size()));
  }
  std::set<std::string> known;
  std::vector<Part> parts;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    if (names[i].empty()) throw Error::invalid_argument("one of several heads has no name");
    if (!known.insert(names[i]).second) {
      throw Error::invalid_argument(fmt::format("two heads have the name {}", quoted(names[i])));
    }
    const std::size_t labels = heads[i]->label_columns().size();
    parts.push_back({names[i], std::move(heads[i]), weights[i], labels});
  }
  return std::make_unique<JoinedHead>(std::move(parts));
}

}  // namespace kin
