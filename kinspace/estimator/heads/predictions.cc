#include "kinspace/estimator/heads/predictions.h"

namespace kin {

std::vector<std::string> all_classes(std::int64_t rows, const LabelClasses& classes) {
  std::vector<std::string> out;
  out.reserve(static_cast<std::size_t>(rows * classes.count()));
  for (std::int64_t b = 0; b < rows; ++b) {
    for (std::int64_t c = 0; c < classes.count(); ++c) out.push_back(classes.name(c));
  }
  return out;
}

void add_classes(std::vector<std::int64_t> ids, const LabelClasses& classes, std::vector<Prediction>& out) {
  const auto rows = static_cast<std::int64_t>(ids.size());
  std::vector<std::string> names;
  for (const std::int64_t id : ids) names.push_back(classes.name(id));
  std::vector<std::int64_t> all_ids;
  all_ids.reserve(static_cast<std::size_t>(rows * classes.count()));
  for (std::int64_t b = 0; b < rows; ++b) {
    for (std::int64_t c = 0; c < classes.count(); ++c) all_ids.push_back(c);
  }
  out.push_back({"class_ids", 1, std::move(ids)});
  out.push_back({"classes", 1, std::move(names)});
  out.push_back({"all_class_ids", classes.count(), std::move(all_ids)});
  out.push_back({"all_classes", classes.count(), all_classes(rows, classes)});
}

}  // namespace kin
