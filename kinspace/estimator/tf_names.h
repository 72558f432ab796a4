#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/estimator/spec.h"
#include "kinspace/features/encoder.h"
#include "kinspace/nn/parameters.h"

namespace kin {

/// A parameter of ours in a checkpoint of TensorFlow's canned estimators.
struct TfParameter {
  std::vector<std::string> names;    ///< V2's, then V1's where it differs; the first that a checkpoint has is meant
  std::vector<std::int64_t> row_of;  ///< row r of ours is its row row_of[r]; empty: the same
};

/// The parameters of a canned model over rows by our names. `encoder` must be fitted.
/// Source   tensorflow_estimator's canned estimators, V1 and V2.
std::map<std::string, TfParameter> tf_parameters(const Spec& spec, const Encoder& encoder);

/// A tensor as TensorFlow's canned estimators store it.
struct TfTensorOut {
  std::string name;
  std::vector<std::int64_t> shape;  ///< biases are vectors
  std::vector<float> values;
};

/// The parameters of a canned model over rows as TensorFlow would have stored them: its names, its order of rows. Where
/// V1 and V2 differ, the name is V1's with train.compat = tf1, else V2's. Parameters that TensorFlow does not have keep
/// their names.
std::vector<TfTensorOut> tf_tensors(const Spec& spec, const Encoder& encoder, const ParameterStore& store);

/// Names that slot `index` (as Optimizer::slots() orders them) of the variable `name` may have, by optimizers of V2 and
/// V1: "training/Adagrad/NAME/accumulator", "NAME/Adagrad", "NAME/t_0/Adagrad", "NAME/part_0/Adagrad".
std::vector<std::string> tf_slot_names(const std::string& name, std::string_view optimizer, std::string_view slot,
                                       std::size_t index);

}  // namespace kin
