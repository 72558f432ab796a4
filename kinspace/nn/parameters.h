#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/nn/parameter.h"

namespace kin {

struct ParameterOptions {
  Initial initial;    ///< zeros unless said
  bool decay = true;  ///< l2 and weight decay reach it
};

/// A matrix with the name under which it is stored.
struct NamedMatrix {
  std::string name;
  MatrixView matrix;
};

/// Owns every trainable parameter of a model, by name.
class ParameterStore {
 public:
  /// For prediction: parameters have no slots.
  ParameterStore() = default;
  /// For training. Errors: kInvalidArgument for impossible options.
  ParameterStore(std::uint64_t seed, const OptimizerOptions& optimizer);

  /// The parameter of that name, made and initialised on first use (row r has the key number r, or what `key_number`
  /// says). Errors: kInvalidArgument when it exists in another shape.
  Parameter& parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                       const ParameterOptions& options);
  Parameter& parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                       const ParameterOptions& options, KeyNumber key_number);

  /// A new parameter, all zero: to be filled by a loader. Errors: kInvalidArgument when the name is taken.
  Parameter& add(const std::string& name, std::int64_t rows, std::int64_t dim, bool decay = true);

  /// Null if there is none.
  Parameter* find(const std::string& name) noexcept;
  const Parameter* find(const std::string& name) const noexcept;

  /// Errors: kInvalidArgument if there is none.
  Parameter& get(const std::string& name);
  const Parameter& get(const std::string& name) const;

  /// By name in the order of their bytes.
  std::vector<Parameter*> all();
  std::vector<const Parameter*> all() const;

  /// Weights as `<parameter>` and, if wanted, slots as `<parameter>/<slot>`, in the order of all().
  std::vector<NamedMatrix> matrices(bool with_slots);

  /// Whether no weight is NaN or infinite: asked before a checkpoint is written.
  bool all_finite(ThreadPool& pool) const;

  /// Null when predicting.
  const Optimizer* optimizer() const noexcept { return optimizer_ ? &*optimizer_ : nullptr; }
  std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_ = 0;
  std::optional<Optimizer> optimizer_;
  std::map<std::string, std::unique_ptr<Parameter>, std::less<>> parameters_;
};

}  // namespace kin
