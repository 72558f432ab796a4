#include "kinspace/nn/parameters.h"

#include <fmt/format.h>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

ParameterStore::ParameterStore(std::uint64_t seed, const OptimizerOptions& optimizer)
    : seed_(seed), optimizer_(optimizer) {}

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
  Parameter& made = add(name, rows, dim, options.decay);
  made.initialize(pool, seed_, options.initial, key_number);
  return made;
}

Parameter& ParameterStore::add(const std::string& name, std::int64_t rows, std::int64_t dim, bool decay) {
  if (find(name) != nullptr) throw Error::invalid_argument(fmt::format("there are two parameters '{}'", name));
  return *parameters_.emplace(name, std::make_unique<Parameter>(name, rows, dim, decay, optimizer())).first->second;
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
    list.push_back({p->name(), p->weights()});
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
      for (std::int64_t r = begin; r < end; ++r) {
        if (!k.all_finite(p->row(r), p->dim())) finite[static_cast<std::size_t>(begin / kChunkRows)] = 0;
      }
    });
    for (const char good : finite) {
      if (good == 0) return false;
    }
  }
  return true;
}

}  // namespace kin
