#include "kinspace/features/encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/compile_columns.h"

namespace kin {

using internal::BatchRows;

namespace {

// Empties what a column does not fill, should the batch have held other columns before.
void clear_rest(const EncodedInfo& info, EncodedColumn& out) {
  const bool ids = info.categorical || info.num_buckets > 0;
  if (info.categorical) out.dense.clear();
  if (!info.weighted) out.weights.clear();
  if (!info.sequence) out.lengths.clear();
  if (!ids) out.ids.clear();
  if (!ids) out.positions.clear();
  if (!ids && !info.sequence) out.offsets.clear();
}

}  // namespace

struct Encoder::State {
  std::shared_ptr<FittedColumns> fitted;  // clones read it too
  internal::CompiledColumns compiled;
  internal::Binding binding;
  bool bound = false;
  std::vector<std::uint8_t> training;

  void describe() {
    for (const std::size_t i : compiled.order) {
      compiled.encoders[i]->resolve(compiled.infos);
      compiled.encoders[i]->describe(compiled.infos[i]);
    }
  }

  void check(const Batch& batch) const {
    KIN_ASSERT(bound);
    internal::check_batch(batch, binding);
  }

  void check(const Batch& batch, std::span<const std::uint32_t> rows) const {
    check(batch);
    const auto inside = [&](std::uint32_t row) { return row < batch.rows; };
    KIN_ASSERT(std::all_of(rows.begin(), rows.end(), inside));
  }

  void learn(const BatchRows& rows, ThreadPool* pool) {
    run(pool, std::ssize(compiled.encoders), [&](std::int64_t i) {
      internal::ColumnEncoder& encoder = *compiled.encoders[static_cast<std::size_t>(i)];
      if (!encoder.fitted()) encoder.learn(rows);
    });
  }

  /// encode_column(encoder, to) for all columns: first those that crosses are made of.
  template <class F>
  void encode_columns(std::size_t rows, EncodedBatch& out, ThreadPool* pool, F encode_column) {
    out.rows = static_cast<std::int64_t>(rows);
    out.columns.resize(compiled.encoders.size());
    const auto crosses = std::find_if(compiled.order.begin(), compiled.order.end(),
                                      [&](std::size_t i) { return !compiled.parts[i].empty(); });
    const auto some = [&](auto begin, auto end) {
      run(pool, end - begin, [&](std::int64_t place) {
        const std::size_t i = begin[place];
        clear_rest(compiled.infos[i], out.columns[i]);
        encode_column(*compiled.encoders[i], out.columns[i]);
      });
    };
    some(compiled.order.begin(), crosses);
    some(crosses, compiled.order.end());
  }

  void encode(const BatchRows& rows, EncodedBatch& out, ThreadPool* pool) {
    encode_columns(rows.size(), out, pool,
                   [&](internal::ColumnEncoder& encoder, EncodedColumn& to) { encoder.encode(rows, out.columns, to); });
  }
};

Encoder::Encoder(const FeatureColumns& columns, FittedColumns fitted, const EncoderOptions& options)
    : state_(std::make_unique<State>()) {
  state_->fitted = std::make_shared<FittedColumns>(std::move(fitted));
  state_->compiled = internal::compile_columns(columns, *state_->fitted, options.directory);
  state_->describe();
}

Encoder::Encoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

const std::vector<std::string>& Encoder::sources() const noexcept {
  return state_->compiled.sources;
}

std::vector<std::int64_t> Encoder::bind(std::span<const Field> fields, const std::string& file,
                                        std::function<std::string(std::size_t row)> place) {
  std::vector<std::int64_t> positions;
  internal::Binding binding;
  binding.file = file;
  binding.place = std::move(place);
  std::unordered_map<std::string_view, std::int64_t> places;
  for (std::size_t i = 0; i < fields.size(); ++i) places.emplace(fields[i].name, static_cast<std::int64_t>(i));
  for (std::size_t i = 0; i < sources().size(); ++i) {
    const auto found = places.find(sources()[i]);
    positions.push_back(found != places.end() ? found->second
                                              : find_field(fields, sources()[i], file,
                                                           "columns." + toml_key(state_->compiled.readers[i])));
    binding.fields.push_back(fields[static_cast<std::size_t>(positions.back())]);
  }
  for (const auto& encoder : state_->compiled.encoders) encoder->bind(binding);
  state_->binding = std::move(binding);
  state_->bound = true;
  state_->describe();
  return positions;
}

bool Encoder::fitted() const noexcept {
  const auto& encoders = state_->compiled.encoders;
  return std::all_of(encoders.begin(), encoders.end(), [](const auto& encoder) { return encoder->fitted(); });
}

void Encoder::learn(const Batch& batch) {
  state_->check(batch);
  state_->learn(BatchRows(batch, state_->binding), nullptr);
}

void Encoder::learn(const Batch& batch, std::span<const std::uint32_t> rows, ThreadPool* pool) {
  state_->check(batch, rows);
  state_->learn(BatchRows(batch, state_->binding, rows), pool);
}

void Encoder::finish_learning() {
  for (const std::size_t i : state_->compiled.order) {
    internal::ColumnEncoder& encoder = *state_->compiled.encoders[i];
    if (!encoder.fitted()) encoder.finish((*state_->fitted)[state_->compiled.infos[i].name]);
  }
  state_->describe();
}

const FittedColumns& Encoder::learned() const noexcept {
  return *state_->fitted;
}

const std::vector<EncodedInfo>& Encoder::columns() const noexcept {
  return state_->compiled.infos;
}

const Vocabulary* Encoder::vocabulary(std::string_view column) const noexcept {
  for (std::size_t i = 0; i < columns().size(); ++i) {
    if (columns()[i].name == column) return state_->compiled.encoders[i]->vocabulary();
  }
  return nullptr;
}

void Encoder::encode(const Batch& batch, EncodedBatch& out) {
  KIN_ASSERT(fitted());
  state_->check(batch);
  state_->encode(BatchRows(batch, state_->binding), out, nullptr);
}

void Encoder::encode(const Batch& batch, std::span<const std::uint32_t> rows, EncodedBatch& out, ThreadPool* pool) {
  KIN_ASSERT(fitted());
  state_->check(batch, rows);
  state_->encode(BatchRows(batch, state_->binding, rows), out, pool);
}

bool Encoder::one_pass() const noexcept {
  const internal::CompiledColumns& c = state_->compiled;
  const auto later = [&](std::size_t i) { return !c.encoders[i]->fitted(); };
  for (std::size_t i = 0; i < c.encoders.size(); ++i) {
    if (later(i) && !c.encoders[i]->provisional()) return false;
    if (std::any_of(c.parts[i].begin(), c.parts[i].end(), later)) return false;
  }
  return !fitted();
}

void Encoder::learn_and_encode(const Batch& batch, std::span<const std::uint32_t> chosen,
                               std::span<const std::uint32_t> training, EncodedBatch& out, ThreadPool* pool) {
  KIN_ASSERT(one_pass());
  state_->check(batch, chosen);
  state_->training.resize(chosen.size());
  auto next = training.begin();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    while (next != training.end() && *next < chosen[i]) ++next;
    state_->training[i] = next != training.end() && *next == chosen[i] ? 1 : 0;
  }
  const bool all = static_cast<std::int64_t>(chosen.size()) == batch.rows;
  const BatchRows rows = all ? BatchRows(batch, state_->binding) : BatchRows(batch, state_->binding, chosen);
  state_->encode_columns(rows.size(), out, pool, [&](internal::ColumnEncoder& encoder, EncodedColumn& to) {
    if (encoder.fitted()) {
      encoder.encode(rows, out.columns, to);
    } else {
      encoder.encode_provisional(rows, state_->training, to);
    }
  });
}

std::span<const std::uint32_t> Encoder::renumbering(std::size_t column) const noexcept {
  const std::vector<std::uint32_t>* const numbers = state_->compiled.encoders[column]->renumbering();
  return numbers == nullptr ? std::span<const std::uint32_t>() : std::span<const std::uint32_t>(*numbers);
}

void Encoder::renumber(EncodedBatch& batch) const {
  for (std::size_t c = 0; c < batch.columns.size(); ++c) {
    const std::span<const std::uint32_t> numbers = renumbering(c);
    if (numbers.empty()) continue;
    for (std::int64_t& id : batch.columns[c].ids) {
      const std::uint32_t number = numbers[static_cast<std::size_t>(id)];
      id = number == 0xFFFFFFFF ? -1 : std::int64_t{number};
    }
  }
}

Encoder Encoder::clone() const {
  KIN_ASSERT(fitted());
  auto copy = std::make_unique<State>();
  copy->fitted = state_->fitted;
  copy->compiled.sources = state_->compiled.sources;
  copy->compiled.readers = state_->compiled.readers;
  copy->compiled.infos = state_->compiled.infos;
  copy->compiled.parts = state_->compiled.parts;
  copy->compiled.order = state_->compiled.order;
  for (const auto& encoder : state_->compiled.encoders) copy->compiled.encoders.push_back(encoder->clone());
  copy->binding = state_->binding;
  copy->bound = state_->bound;
  return Encoder(std::move(copy));
}

}  // namespace kin
