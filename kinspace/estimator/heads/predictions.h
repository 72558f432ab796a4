#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/estimator/head.h"
#include "kinspace/estimator/heads/labels.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/matrix.h"

// What several heads predict alike.

namespace kin {

inline std::vector<float> contiguous(ConstMatrixView m) {
  std::vector<float> out(static_cast<std::size_t>(m.rows * m.cols));
  for (std::int64_t b = 0; b < m.rows; ++b) std::copy_n(m.row(b), m.cols, out.data() + b * m.cols);
  return out;
}

/// f of every logit.
inline std::vector<float> activated(ConstMatrixView logits, kernels::Activation f) {
  std::vector<float> out = contiguous(logits);
  kernels::active().activate(f, out.data(), out.data(), static_cast<std::int64_t>(out.size()));
  return out;
}

inline void add_logits(ConstMatrixView logits, std::vector<Prediction>& out) {
  out.push_back({"logits", logits.cols, contiguous(logits)});
}

/// class_ids, classes, all_class_ids and all_classes from the class of each row.
void add_classes(std::vector<std::int64_t> ids, const LabelClasses& classes, std::vector<Prediction>& out);

/// The names of all classes for each of B rows.
std::vector<std::string> all_classes(std::int64_t rows, const LabelClasses& classes);

}  // namespace kin
