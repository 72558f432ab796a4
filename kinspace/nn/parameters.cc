#include "kinspace/nn/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

bool matches_pattern(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;  // the last one met, which then stands for name[from .. n)
  std::size_t from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

ParameterStore::ParameterStore(std::uint64_t seed, const OptimizerOptions& optimizer,
                               const std::map<std::string, OptimizerOptions>& by_pattern,
                               std::vector<std::string> frozen, Precision tables)
    : seed_(seed), optimizer_(std::make_unique<Optimizer>(optimizer)), frozen_(std::move(frozen)), tables_(tables) {
  for (const auto& [pattern, options] : by_pattern) by_pattern_[pattern] = std::make_unique<Optimizer>(options);
}

const Optimizer* ParameterStore::optimizer_of(const std::string& name) const {
  const Optimizer* found = nullptr;
  std::string first;
  for (const auto& [pattern, optimizer] : by_pattern_) {
    if (!matches_pattern(pattern, name)) continue;
    if (found != nullptr) {
      throw Error::invalid_argument(fmt::format("parameter {} is matched by the patterns {} and {} of two optimizers",
                                                quoted(name), quoted(first), quoted(pattern)),
                                    "write patterns so that each parameter has one optimizer");
    }
    found = optimizer.get();
    first = pattern;
  }
  return found != nullptr ? found : optimizer();
}

bool ParameterStore::frozen(const std::string& name) const noexcept {
  return std::any_of(frozen_.begin(), frozen_.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

std::vector<std::string> ParameterStore::idle_patterns() const {
  std::vector<std::string> patterns = frozen_;
  for (const auto& [pattern, unused] : by_pattern_) patterns.push_back(pattern);
  std::erase_if(patterns, [&](const std::string& pattern) {
    return std::any_of(parameters_.begin(), parameters_.end(),
                       [&](const auto& entry) { return matches_pattern(pattern, entry.first); });
  });
  return patterns;
}

Parameter& ParameterStore::parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                                     const ParameterOptions& options) {
  return parameter(pool, name, rows, dim, options, [](std::int64_t row) { return static_cast<std::uint64_t>(row); });
}

Parameter& ParameterStore::parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                                     const ParameterOptions& options, KeyNumber key_number) {
  if (Parameter* known = find(name)) {
    if (known->rows() != rows || known->dim() != dim) {
      throw Error::invalid_argument(fmt::format("parameter '{}' is [{}, {}] and cannot be used as [{}, {}]", name,
                                                known->rows(), known->dim(), rows, dim));
    }
    return *known;
  }
  Parameter& made = add(name, rows, dim, options);
  made.initialize(pool, seed_, options.initial, key_number);
  return made;
}

void ParameterStore::require_new(const std::string& name) const {
  if (find(name) != nullptr) throw Error::invalid_argument(fmt::format("there are two parameters '{}'", name));
}

Parameter& ParameterStore::add(const std::string& name, std::int64_t rows, std::int64_t dim,
                               std::shared_ptr<float> weights) {
  require_new(name);
  auto made = std::make_unique<Parameter>(name, rows, dim, std::move(weights));
  return *parameters_.emplace(name, std::move(made)).first->second;
}

Parameter& ParameterStore::add(const std::string& name, std::int64_t rows, std::int64_t dim,
                               const ParameterOptions& options) {
  require_new(name);
  auto made =
      std::make_unique<Parameter>(name, rows, dim, options.decay, optimizer_of(name),
                                  options.trainable && !frozen(name), options.by_row ? tables_ : Precision::kFp32);
  return *parameters_.emplace(name, std::move(made)).first->second;
}

Parameter* ParameterStore::find(const std::string& name) noexcept {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? nullptr : found->second.get();
}

const Parameter* ParameterStore::find(const std::string& name) const noexcept {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? nullptr : found->second.get();
}

const Parameter& ParameterStore::get(const std::string& name) const {
  if (const Parameter* found = find(name)) return *found;
  std::vector<std::string> names;
  for (const auto& [known, unused] : parameters_) names.push_back(known);
  throw Error::invalid_argument(fmt::format("there is no parameter {}{}", quoted(name), did_you_mean(name, names)));
}

Parameter& ParameterStore::get(const std::string& name) {
  return const_cast<Parameter&>(static_cast<const ParameterStore*>(this)->get(name));
}

std::vector<Parameter*> ParameterStore::all() {
  std::vector<Parameter*> list;
  for (const auto& [name, parameter] : parameters_) list.push_back(parameter.get());
  return list;
}

std::vector<const Parameter*> ParameterStore::all() const {
  std::vector<const Parameter*> list;
  for (const auto& [name, parameter] : parameters_) list.push_back(parameter.get());
  return list;
}

std::vector<NamedMatrix> ParameterStore::matrices(bool with_slots) {
  std::vector<NamedMatrix> list;
  for (Parameter* p : all()) {
    list.push_back({p->name(), p->stored()});
    if (!with_slots) continue;
    for (const Slot& slot : p->slots()) list.push_back({fmt::format("{}/{}", p->name(), slot.name), p->slot(slot)});
  }
  return list;
}

bool ParameterStore::all_finite(ThreadPool& pool) const {
  constexpr std::int64_t kChunkRows = 1024;
  const kernels::Table& k = kernels::active();
  for (const Parameter* p : all()) {
    std::vector<char> finite(static_cast<std::size_t>((p->rows() + kChunkRows - 1) / kChunkRows), 1);
    parallel_for(pool, p->rows(), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
      Matrix widened(1, p->dim());
      for (std::int64_t r = begin; r < end; ++r) {
        if (!k.all_finite(p->read_row(r, widened.row(0)), p->dim()))
          finite[static_cast<std::size_t>(begin / kChunkRows)] = 0;
      }
    });
    for (const char good : finite) {
      if (good == 0) return false;
    }
  }
  return true;
}

}  // namespace kin
