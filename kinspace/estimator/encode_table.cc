#include "kinspace/estimator/encode_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/expression.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/row_split.h"

namespace kin {
namespace {

/// The batches of a table, seen by several readers of columns: each names the fields that it wants and gets a batch of
/// just these, without a copy of the values.
class SharedColumns {
 public:
  /// Returns the number under which columns() knows this reader.
  std::size_t want(const std::vector<std::int64_t>& fields) {
    std::vector<std::size_t> places;
    for (const std::int64_t field : fields) {
      const auto found = std::find(wanted_.begin(), wanted_.end(), field);
      places.push_back(static_cast<std::size_t>(found - wanted_.begin()));
      if (found == wanted_.end()) wanted_.push_back(field);
    }
    places_.push_back(std::move(places));
    views_.emplace_back();
    return places_.size() - 1;
  }

  const std::vector<std::int64_t>& wanted() const noexcept { return wanted_; }

  const Batch& columns(std::size_t reader, const Batch& all) {
    Batch& view = views_[reader];
    view.rows = all.rows;
    view.columns.clear();
    for (const std::size_t place : places_[reader]) view.columns.push_back(all.columns[place]);
    return view;
  }

 private:
  std::vector<std::int64_t> wanted_;
  std::vector<std::vector<std::size_t>> places_;
  std::vector<Batch> views_;
};

/// Reads a table once, batch by batch, with the rows that `where` keeps and the part of each row.
class Pass {
 public:
  Pass(Table& table, Encoder& encoder, const std::string& where, const EncodeOptions& options)
      : table_(table),
        options_(options),
        filter_(where, table.fields(), table.name()),
        filter_columns_(shared_.want(filter_.columns())),
        encoder_columns_(
            shared_.want(encoder.bind(table.fields(), table.name(), [this](std::size_t row) { return place(row); }))) {}

  void split_by(const Spec& spec) {
    split_ = std::make_unique<RowSplit>(spec, table_.fields(), table_.name());
    if (split_->field() >= 0) split_column_ = shared_.want({split_->field()});
  }

  void watch() {
    watcher_ = options_.watcher;
    if (watcher_ != nullptr) watcher_columns_ = shared_.want(watcher_->fields(table_.fields(), table_.name()));
  }

  using Rows = std::span<const std::uint32_t>;

  /// Calls take(batch, rows that are kept, those of them that are trained on) for every batch with some.
  void run(FunctionRef<void(const Batch&, Rows kept, Rows training)> take) {
    counts_ = {};
    table_.start(shared_.wanted());
    Batch batch;
    while (table_.next(batch)) {
      if (options_.stop_requested && options_.stop_requested()) {
        throw Error::cancelled("stopped while reading " + table_.name());
      }
      filter_.select(shared_.columns(filter_columns_, batch), kept_);
      counts_.kept_rows += static_cast<std::int64_t>(kept_.size());
      const Rows training = training_rows(batch);
      counts_.rows += batch.rows;
      if (kept_.empty()) continue;
      take(shared_.columns(encoder_columns_, batch), kept_, training);
      if (watcher_ != nullptr) watcher_->take(shared_.columns(watcher_columns_, batch), kept_);
    }
    counts_.bad_rows = table_.bad_rows().count();
    counts_.digest = table_.digest();
  }

  const EncodeCounts& counts() const noexcept { return counts_; }

  /// The part of each row that was kept, where split_by() was called.
  std::vector<Part> take_parts() { return std::move(kept_parts_); }

 private:
  std::string place(std::size_t row) {
    const std::lock_guard lock(place_mutex_);
    return table_.place(row);
  }

  Rows training_rows(const Batch& batch) {
    if (split_ == nullptr) return kept_;
    if (split_->all()) {
      kept_parts_.resize(kept_parts_.size() + kept_.size(), Part::kTrain);
      return kept_;
    }
    const Column* column = split_->field() >= 0 ? shared_.columns(split_column_, batch).columns.data() : nullptr;
    split_->parts(batch.rows, column, counts_.rows, parts_);
    for (const std::uint32_t row : kept_) kept_parts_.push_back(parts_[row]);
    training_.clear();
    std::copy_if(kept_.begin(), kept_.end(), std::back_inserter(training_),
                 [&](std::uint32_t row) { return parts_[row] == Part::kTrain; });
    return training_;
  }

  Table& table_;
  std::mutex place_mutex_;  // threads that encode columns may meet bad rows at once
  const EncodeOptions& options_;
  SharedColumns shared_;
  RowFilter filter_;
  std::size_t filter_columns_;
  std::size_t encoder_columns_;
  std::unique_ptr<RowSplit> split_;
  std::size_t split_column_ = 0;
  RowWatcher* watcher_ = nullptr;
  std::size_t watcher_columns_ = 0;
  std::vector<std::uint32_t> kept_;
  std::vector<std::uint32_t> training_;
  std::vector<Part> parts_;
  std::vector<Part> kept_parts_;
  EncodeCounts counts_;
};

std::unique_ptr<Table> open(const Spec& spec, const EncodeOptions& options) {
  if (spec.data.path.empty() && spec.data.query.empty()) {
    throw Error::invalid_argument("data.path is missing: there is something to learn from data, and none is named",
                                  "name the training data: data = { path = \"train.csv\" }");
  }
  TableRequest request;
  request.directory = options.directory;
  request.rejects = options.rejects;
  request.memory_limit = options.memory_limit;
  request.source = options.source;
  request.codes = true;
  request.pool = options.pool;
  return open_table(spec.data, request);
}

void require_some(std::int64_t learned, const Spec& spec) {
  if (learned > 0) return;
  throw Error::bad_data(fmt::format("{}: no row to learn from is left", data_name(spec.data)),
                        "check data.where and the split");
}

void learn(const Spec& spec, Table& table, Encoder& encoder, const EncodeOptions& options) {
  Pass pass(table, encoder, spec.data.where, options);
  pass.split_by(spec);
  std::int64_t learned = 0;
  pass.run([&](const Batch& batch, Pass::Rows, Pass::Rows training) {
    encoder.learn(batch, training, options.pool);
    learned += static_cast<std::int64_t>(training.size());
  });
  require_some(learned, spec);
  encoder.finish_learning();
}

void require_memory(const EncodedTable& table, const EncodeOptions& options) {
  if (options.memory_limit == 0 || table.bytes() <= options.memory_limit) return;
  throw Error::resource_limit(fmt::format("the encoded table takes more than the limit of {} after {} rows",
                                          human_bytes(options.memory_limit), with_thousands(table.rows())),
                              "raise --memory-limit, or take fewer columns or rows");
}

/// One pass: ids are numbers by order of arrival until all rows have been seen.
EncodedData encode_at_once(const Spec& spec, Table& table, Encoder encoder, const EncodeOptions& options) {
  EncodedTable encoded(encoder.columns());
  EncodedBatch out;
  Pass pass(table, encoder, spec.data.where, options);
  pass.split_by(spec);
  pass.watch();
  std::int64_t learned = 0;
  pass.run([&](const Batch& batch, Pass::Rows kept, Pass::Rows training) {
    encoder.learn_and_encode(batch, kept, training, out, options.pool);
    encoded.append(out, options.pool);
    learned += static_cast<std::int64_t>(training.size());
    require_memory(encoded, options);
  });
  require_some(learned, spec);
  encoder.finish_learning();
  for (std::size_t c = 0; c < encoder.columns().size(); ++c) {
    encoded.set_info(c, encoder.columns()[c]);
    if (!encoder.renumbering(c).empty()) encoded.renumber(c, encoder.renumbering(c));
  }
  return {std::move(encoder), std::move(encoded), pass.counts(), pass.take_parts()};
}

}  // namespace

Encoder fit_encoder(const Spec& spec, const EncodeOptions& options) {
  EncoderOptions encoder_options;
  encoder_options.directory = options.directory;
  Encoder encoder(spec.columns, {}, encoder_options);
  if (!encoder.fitted()) learn(spec, *open(spec, options), encoder, options);
  return encoder;
}

EncodeCounts encode_rows(Encoder& encoder, Table& table, const std::string& where, const EncodeOptions& options,
                         FunctionRef<void(const EncodedBatch&)> take) {
  EncodedBatch out;
  Pass pass(table, encoder, where, options);
  pass.run([&](const Batch& batch, Pass::Rows kept, Pass::Rows) {
    encoder.encode(batch, kept, out, options.pool);
    take(out);
  });
  return pass.counts();
}

EncodedData encode_table(const Spec& spec, const EncodeOptions& options, FittedColumns fitted) {
  const std::unique_ptr<Table> table = open(spec, options);
  EncoderOptions encoder_options;
  encoder_options.directory = options.directory;
  Encoder encoder(spec.columns, std::move(fitted), encoder_options);
  if (!encoder.fitted()) {
    if (encoder.one_pass()) return encode_at_once(spec, *table, std::move(encoder), options);
    learn(spec, *table, encoder, options);
  }
  EncodedTable encoded(encoder.columns());
  encoded.reserve(table->estimated_rows());
  EncodedBatch out;
  Pass pass(*table, encoder, spec.data.where, options);
  pass.split_by(spec);
  pass.watch();
  pass.run([&](const Batch& batch, Pass::Rows kept, Pass::Rows) {
    encoder.encode(batch, kept, out, options.pool);
    encoded.append(out, options.pool);
    require_memory(encoded, options);
  });
  return {std::move(encoder), std::move(encoded), pass.counts(), pass.take_parts()};
}

}  // namespace kin
