#include "kinspace/estimator/column_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

#include "kinspace/base/hash.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/profile/hyperloglog.h"

namespace kin {
namespace {

/// Ids so wide that two values never share one by chance.
constexpr std::int64_t kNoCollisions = std::int64_t{1} << 62;

/// Counts different numbers.
class Distinct {
 public:
  void add(std::int64_t value) {
    sketch_.add(mix64(static_cast<std::uint64_t>(value)));
    if (exact_.size() <= kExact) exact_.insert(value);
  }
  std::int64_t count() const {
    return exact_.size() <= kExact ? static_cast<std::int64_t>(exact_.size()) : std::llround(sketch_.estimate());
  }

 private:
  static constexpr std::size_t kExact = 1'000'000;
  std::unordered_set<std::int64_t> exact_;
  HyperLogLog sketch_;
};

/// Number of buckets of a hashed column; null for others.
std::int64_t* buckets_of(FeatureColumn& column) {
  if (auto* hash = std::get_if<HashColumn>(&column)) return &hash->buckets;
  if (auto* cross = std::get_if<CrossedColumn>(&column)) return cross->buckets > 0 ? &cross->buckets : nullptr;
  if (auto* text = std::get_if<TextColumn>(&column)) return text->buckets > 0 ? &text->buckets : nullptr;
  return nullptr;
}

ColumnPlan plan_column(const Spec& spec, const EncodedInfo& info, const Optimizer& optimizer) {
  const FeatureColumn& column = spec.columns.at(info.name);
  ColumnPlan plan;
  plan.name = info.name;
  plan.kind = column_kind(column);
  plan.categorical = info.categorical;
  plan.width = info.width;
  plan.form = "numbers";
  if (!info.categorical) return plan;
  plan.ids = info.num_buckets;
  plan.rule_dim = rule_of_thumb_dim(info.num_buckets);
  const EmbedOptions& embed = *embed_options(column);
  const bool indicator = std::visit(
      [](const auto& c) {
        if constexpr (requires { c.indicator; }) return c.indicator;
        return false;
      },
      column);
  plan.form = indicator ? "indicator" : "embedding";
  plan.width = info.num_buckets;
  if (indicator) return plan;
  plan.dim = embed.dim > 0 ? embed.dim : plan.rule_dim;
  plan.width = plan.dim;
  plan.table_bytes =
      Parameter::bytes_needed(info.num_buckets, plan.dim, &optimizer, precision_named(spec.train.table_precision));
  return plan;
}

/// Encodes the data twice at once, with the buckets of the spec and with as many as nobody fills.
void count_collisions(const Spec& spec, Encoder& encoder, const EncodeOptions& options, ColumnsPlan& plan) {
  FeatureColumns wide = spec.columns;
  std::vector<std::string> hashed;
  for (auto& [name, column] : wide) {
    std::int64_t* buckets = buckets_of(column);
    if (buckets == nullptr) continue;
    hashed.push_back(name);
    *buckets = kNoCollisions;
  }
  if (hashed.empty() || (spec.data.path.empty() && spec.data.query.empty())) return;
  EncoderOptions encoder_options;
  encoder_options.directory = options.directory;
  Encoder without(wide, copy_of(encoder.learned()), encoder_options);

  TableRequest request;
  request.directory = options.directory;
  std::map<std::string, Distinct> values;
  std::map<std::string, Distinct> ids;
  const auto count = [&](Encoder& by, std::map<std::string, Distinct>& to) {
    return encode_rows(by, *open_table(spec.data, request), spec.data.where, options, [&](const EncodedBatch& batch) {
      for (std::size_t c = 0; c < by.columns().size(); ++c) {
        const std::string& name = by.columns()[c].name;
        if (std::find(hashed.begin(), hashed.end(), name) == hashed.end()) continue;
        Distinct& distinct = to[name];
        for (const std::int64_t id : batch.columns[c].ids) distinct.add(id);
      }
    });
  };
  count(without, values);
  const EncodeCounts counts = count(encoder, ids);
  plan.rows = counts.rows;
  plan.kept_rows = counts.kept_rows;
  plan.bad_rows = counts.bad_rows;
  for (ColumnPlan& column : plan.columns) {
    if (std::find(hashed.begin(), hashed.end(), column.name) == hashed.end()) continue;
    column.distinct = values[column.name].count();
    column.collisions = std::max<std::int64_t>(0, *column.distinct - ids[column.name].count());
    column.expected_collisions =
        expected_collisions(static_cast<double>(*column.distinct), static_cast<double>(column.ids));
  }
}

}  // namespace

double expected_collisions(double values, double buckets) noexcept {
  if (values <= 0 || buckets <= 0) return 0;
  return values + buckets * std::expm1(values * std::log1p(-1 / buckets));
}

ColumnsPlan plan_columns(const Spec& spec, const EncodeOptions& options) {
  const Optimizer optimizer(spec.train.optimizer);
  Encoder encoder = fit_encoder(spec, options);
  ColumnsPlan plan;
  for (const EncodedInfo& info : encoder.columns()) plan.columns.push_back(plan_column(spec, info, optimizer));
  count_collisions(spec, encoder, options, plan);
  return plan;
}

}  // namespace kin
