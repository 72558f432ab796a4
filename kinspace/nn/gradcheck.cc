#include "kinspace/nn/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/internal/weighted_sum.h"

namespace kin {
namespace {

Matrix copy_of(ConstMatrixView from) {
  Matrix out(from.rows, from.cols);
  for (std::int64_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.cols, out.row(r));
  return out;
}

void copy_to(const Matrix& from, Parameter& to) {
  for (std::int64_t r = 0; r < from.rows(); ++r) std::copy_n(from.row(r), from.cols(), to.row(r));
}

Matrix random_weights(std::uint64_t seed, std::int64_t rows, std::int64_t cols) {
  RandomStream stream(seed, Purpose::kPick, 0, 0);
  Matrix out(rows, cols);
  for (float& value : out.values()) value = 2.0F * stream.uniform() - 1.0F;
  return out;
}

}  // namespace

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

GradcheckResult gradcheck(ThreadPool& pool, ParameterStore& store, const Layer& layer, ConstMatrixView input,
                          const GradcheckOptions& options) {
  Parameter x("input", input.rows, input.cols, /*decay=*/false, /*optimizer=*/nullptr);
  copy_to(copy_of(input), x);
  const auto source = [&](const std::string& name, std::int64_t rows, std::int64_t cols, const ParameterOptions& how,
                          KeyNumber key_number) -> Parameter& {
    return store.parameter(pool, name, rows, cols, how, key_number);
  };
  const std::string name = layer.name().empty() ? layer.kind() : layer.name();
  const auto call = [&](Tape& tape) {
    LayerContext context{tape, source};
    return layer(context, name, tape.variable(x));
  };

  // A first look, without training so that no state moves, makes the parameters and shows which the tape knows.
  Tape tape(pool, options.seed);
  tape.begin({.step = 0, .training = false});
  const Var out = call(tape);
  const Matrix weights = random_weights(options.seed, out.rows(), out.cols());
  std::vector<Parameter*> values;
  for (Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
    if (t->rows.parameter().trainable()) values.push_back(&t->rows.parameter());
  }
  std::vector<std::pair<Parameter*, Matrix>> state;
  for (Parameter* p : store.all()) {
    if (std::find(values.begin(), values.end(), p) == values.end()) {
      state.emplace_back(p, copy_of(std::as_const(*p).weights()));
    }
  }
  const auto restore = [&] {
    for (const auto& [parameter, start] : state) copy_to(start, *parameter);
  };
  const GradcheckResult result = gradcheck(
      pool, values,
      [&](Tape& t) {
        restore();
        return internal::weighted_sum(t, call(t), weights);
      },
      options);
  restore();
  return result;
}

}  // namespace kin
