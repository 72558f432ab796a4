#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/nn/parameter.h"

namespace kin {

struct ParameterOptions {
  Initial initial = {};   ///< zeros unless said
  bool decay = true;      ///< l2 and weight decay reach it
  bool trainable = true;  ///< false: no step changes it, such as moving averages
  bool by_row = false;    ///< a table of which only rows are read, by combine() and sampled_softmax_loss(): the store
                          ///< may keep it in bf16
};

/// Whether `name` is what `pattern` says, in which * stands for any characters ('/' too, and none), ? for any one.
bool matches_pattern(std::string_view pattern, std::string_view name) noexcept;

/// A matrix with the name under which it is stored.
struct NamedMatrix {
  std::string name;
  RowsView matrix;
};

/// Owns every parameter of a model, by name.
class ParameterStore {
 public:
  /// For prediction: parameters have no slots.
  ParameterStore() = default;
  /// For training. `by_pattern` names parameters ("linear/*") that another optimizer than the first moves; parameters
  /// that a pattern of `frozen` matches are made as not trainable; those that are read by row are kept in `tables`.
  /// Errors: kInvalidArgument for impossible options; two patterns of `by_pattern` that match one parameter are found
  /// when it is made.
  ParameterStore(std::uint64_t seed, const OptimizerOptions& optimizer,
                 const std::map<std::string, OptimizerOptions>& by_pattern = {}, std::vector<std::string> frozen = {},
                 Precision tables = Precision::kFp32);

  /// The parameter of that name, made and initialised on first use (row r has the key number r, or what `key_number`
  /// says). Errors: kInvalidArgument when it exists in another shape, or when two patterns match a new one.
  Parameter& parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                       const ParameterOptions& options);
  Parameter& parameter(ThreadPool& pool, const std::string& name, std::int64_t rows, std::int64_t dim,
                       const ParameterOptions& options, KeyNumber key_number);

  /// A new parameter, all zero whatever `options.initial` says: to be filled by a loader. Errors: kInvalidArgument when
  /// the name is taken, or when two patterns match.
  Parameter& add(const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions& options = {});

  /// A parameter for prediction over weights that lie in memory already. Errors: kInvalidArgument when the name is
  /// taken.
  Parameter& add(const std::string& name, std::int64_t rows, std::int64_t dim, std::shared_ptr<float> weights);

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

  /// That of all parameters which no pattern names; null when predicting.
  const Optimizer* optimizer() const noexcept { return optimizer_.get(); }
  std::uint64_t seed() const noexcept { return seed_; }

  /// Patterns, of optimizers and of what is frozen, that match no parameter which exists so far: likely slips.
  std::vector<std::string> idle_patterns() const;

 private:
  const Optimizer* optimizer_of(const std::string& name) const;
  bool frozen(const std::string& name) const noexcept;
  void require_new(const std::string& name) const;

  std::uint64_t seed_ = 0;
  // Parameters point to them, also after the store was moved.
  std::unique_ptr<Optimizer> optimizer_;
  std::map<std::string, std::unique_ptr<Optimizer>> by_pattern_;
  std::vector<std::string> frozen_;
  Precision tables_ = Precision::kFp32;
  std::map<std::string, std::unique_ptr<Parameter>, std::less<>> parameters_;
};

}  // namespace kin
