#include "kinspace/nn/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kinspace/nn/apply.h"

namespace kin {

GradcheckResult gradcheck(ThreadPool& pool, std::span<Parameter* const> parameters, FunctionRef<Var(Tape&)> loss,
                          const GradcheckOptions& options) {
  Tape tape(pool, options.seed);
  const auto value = [&] {
    tape.begin({.step = 0, .training = true});
    return loss(tape);
  };
  tape.backward(value());
  std::vector<Matrix> gradients;
  for (Parameter* p : parameters) gradients.push_back(total_gradient(tape, *p));

  GradcheckResult result;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = *parameters[i];
    double largest = 1e-2;
    for (const float g : gradients[i].values()) largest = std::max(largest, std::abs(double(g)));
    const std::int64_t count = p.rows() * p.dim();
    const std::int64_t tried = std::min(count, options.most);
    for (std::int64_t t = 0; t < tried; ++t) {
      const std::int64_t at = t * count / tried;
      float& weight = p.row(at / p.dim())[at % p.dim()];
      const float before = weight;
      const auto at_distance = [&](double distance) {
        weight = static_cast<float>(double(before) + distance);
        return double(value().scalar());
      };
      const double h = options.step;
      const double near = at_distance(h) - at_distance(-h);
      const double far = at_distance(2 * h) - at_distance(-2 * h);
      weight = before;
      const double numeric = (8 * near - far) / (12 * h);
      const double taped = double(gradients[i].row(at / p.dim())[at % p.dim()]);
      const double difference = std::abs(numeric - taped) / largest;
      if (!(difference <= result.worst)) {
        result.worst = difference;
        result.where = fmt::format("{}[{}, {}]: {} on the tape, {} by differences", p.name(), at / p.dim(),
                                   at % p.dim(), taped, numeric);
      }
    }
  }
  return result;
}

}  // namespace kin
