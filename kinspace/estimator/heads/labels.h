#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/estimator/head.h"
#include "kinspace/estimator/heads/row_head.h"

// Reading of labels and of the options about them.

namespace kin {

/// The classes of a head: by number, by the values of the spec, or learned.
class LabelClasses {
 public:
  /// Errors   kInvalidArgument naming the setting below `path`: a label that is given twice, another number of labels
  ///          than of classes.
  LabelClasses(const HeadOptions& options, const std::string& path);

  /// How they are read from single cells, or with `list` from lists.
  FeatureColumn column(const HeadOptions& options, bool list) const;

  /// Errors   kInvalidArgument when the column has other ids.
  void bind(const EncodedInfo& info, const FittedColumn* fitted);

  /// Numbers 0 .. count - 1 without names.
  void bind_numbers(std::int64_t count);

  std::int64_t count() const noexcept { return count_; }  ///< 0 before bind() where they are learned
  bool learned() const noexcept { return learned_; }
  bool named() const noexcept { return !names_.empty(); }

  /// The value of the label, or the number of the class.
  std::string name(std::int64_t c) const;

  /// The class that a name of the spec means: a value, or a number where there are none.
  std::optional<std::int64_t> find(const std::string& name) const;

  /// "0 to 3" or the values, the first of them: for messages.
  std::string list() const;

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::int64_t count_ = 0;
  bool learned_ = false;
};

/// The sources of a NumericColumn with labels.
std::vector<std::string> label_source(const HeadOptions& options);

// Errors of the following: kBadData "row 3: ..." naming the first row that counts and whose label is none.

/// Numbers [B, width] from `low` to `high`.
void read_numbers(const EncodedColumn& label, std::int64_t width, double low, double high, RowTargets& targets);

/// The only class of each row.
void read_classes(const EncodedColumn& label, const LabelClasses& classes, RowTargets& targets);

/// Any number of classes a row as numbers 0 and 1, [B, classes].
void read_indicator(const EncodedColumn& label, const LabelClasses& classes, RowTargets& targets);

/// Whether `known` has `name`; an entry such as "top_k@K" has it for any number K from 1 on.
bool takes_metric(std::span<const std::string> known, std::string_view name);

/// The number K of "top_k@K".
std::optional<std::int64_t> cutoff(std::string_view name);

bool wanted(std::span<const std::string> extra, std::string_view name);

}  // namespace kin
