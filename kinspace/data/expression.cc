#include "kinspace/data/expression.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kinspace/data/expression_program.h"

namespace kin {
namespace {

using expression::ColumnRef;

// One byte a row: 0 or 1.
using Mask = std::vector<std::uint8_t>;

// 0, 1 or 2: a is below, equal to or above b.
template <class Value>
std::size_t order(Value a, Value b) noexcept {
  return a < b ? 0 : a == b ? 1 : 2;
}

// Exact, though not every integer is a double.
std::size_t order(std::int64_t a, double b) noexcept {
  if (b >= 0x1p63) return 0;
  if (b < -0x1p63) return 2;
  const double whole = std::trunc(b);
  const std::size_t by_whole = order(a, static_cast<std::int64_t>(whole));
  return by_whole != 1 ? by_whole : order(whole, b);
}
std::size_t order(double a, std::int64_t b) noexcept {
  return 2 - order(b, a);
}

// Calls f with a function that yields the operand's value in a row, if it is numeric.
template <class F>
void with_numeric(const expression::Operand& operand, const Batch& batch, F f) {
  if (const auto* column = std::get_if<ColumnRef>(&operand)) {
    const Column& values = batch.columns[column->slot];
    if (values.type == ColumnType::kInteger) {
      f([p = values.integers.data()](std::size_t row) { return p[row]; });
    } else {
      f([p = values.numbers.data()](std::size_t row) { return p[row]; });
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&operand)) {
    f([value = *integer](std::size_t) { return value; });
  } else {
    f([value = std::get<double>(operand)](std::size_t) { return value; });
  }
}

template <class F>
void with_string(const expression::Operand& operand, const Batch& batch, F f) {
  if (const auto* column = std::get_if<ColumnRef>(&operand)) {
    f([&values = batch.columns[column->slot]](std::size_t row) { return values.string(row); });
  } else {
    f([value = std::string_view(std::get<std::string>(operand))](std::size_t) { return value; });
  }
}

bool is_string(const expression::Operand& operand, const Batch& batch) {
  const auto* column = std::get_if<ColumnRef>(&operand);
  return column != nullptr ? batch.columns[column->slot].type == ColumnType::kString
                           : std::holds_alternative<std::string>(operand);
}

void clear_missing(const Column& column, Mask& mask) {
  if (column.validity == nullptr) return;
  for (std::size_t row = 0; row < mask.size(); ++row) mask[row] &= static_cast<std::uint8_t>(!column.missing(row));
}

void evaluate(const expression::Compare& op, const Batch& batch, Mask& mask) {
  const auto fill = [&](auto left, auto right) {
    for (std::size_t row = 0; row < mask.size(); ++row) {
      mask[row] = static_cast<std::uint8_t>(op.accept[order(left(row), right(row))]);
    }
  };
  if (is_string(op.left, batch)) {
    with_string(op.left, batch,
                [&](auto left) { with_string(op.right, batch, [&](auto right) { fill(left, right); }); });
  } else {
    with_numeric(op.left, batch,
                 [&](auto left) { with_numeric(op.right, batch, [&](auto right) { fill(left, right); }); });
  }
  for (const auto* side : {&op.left, &op.right}) {
    if (const auto* column = std::get_if<ColumnRef>(side)) clear_missing(batch.columns[column->slot], mask);
  }
}

void evaluate(const expression::In& op, const Batch& batch, Mask& mask) {
  const Column& column = batch.columns[op.slot];
  const auto fill = [&](const auto& list, auto value) {
    for (std::size_t row = 0; row < mask.size(); ++row) {
      mask[row] = static_cast<std::uint8_t>(std::binary_search(list.begin(), list.end(), value(row), std::less<>()));
    }
  };
  switch (column.type) {
    case ColumnType::kInteger:
      fill(op.integers, [&](std::size_t row) { return column.integers[row]; });
      break;
    case ColumnType::kNumber:
      fill(op.numbers, [&](std::size_t row) { return column.numbers[row]; });
      break;
    case ColumnType::kString:
      fill(op.strings, [&](std::size_t row) { return column.string(row); });
      break;
  }
  clear_missing(column, mask);
}

void evaluate(const expression::Missing& op, const Batch& batch, Mask& mask) {
  const Column& column = batch.columns[op.slot];
  for (std::size_t row = 0; row < mask.size(); ++row) mask[row] = static_cast<std::uint8_t>(column.missing(row));
}

}  // namespace

struct RowFilter::State {
  expression::Program program;
  std::vector<Mask> stack;  // of masks; those above the top keep their memory
};

RowFilter::RowFilter(std::string_view text, std::span<const Field> fields, const std::string& file)
    : state_(std::make_unique<State>()) {
  state_->program = expression::parse(text, fields, file);
}

RowFilter::~RowFilter() = default;
RowFilter::RowFilter(RowFilter&&) noexcept = default;
RowFilter& RowFilter::operator=(RowFilter&&) noexcept = default;

const std::vector<std::int64_t>& RowFilter::columns() const noexcept {
  return state_->program.columns;
}

void RowFilter::select(const Batch& batch, std::vector<std::uint32_t>& rows) {
  const auto count = static_cast<std::size_t>(batch.rows);
  rows.resize(count);
  if (state_->program.ops.empty()) {
    std::iota(rows.begin(), rows.end(), 0U);
    return;
  }
  std::vector<Mask>& stack = state_->stack;
  std::size_t depth = 0;
  const auto push = [&]() -> Mask& {
    if (depth == stack.size()) stack.emplace_back();
    stack[depth].resize(count);
    return stack[depth++];
  };
  for (const expression::Op& op : state_->program.ops) {
    if (const auto* compare = std::get_if<expression::Compare>(&op)) {
      evaluate(*compare, batch, push());
    } else if (const auto* in = std::get_if<expression::In>(&op)) {
      evaluate(*in, batch, push());
    } else if (const auto* missing = std::get_if<expression::Missing>(&op)) {
      evaluate(*missing, batch, push());
    } else if (std::holds_alternative<expression::Not>(op)) {
      for (std::uint8_t& truth : stack[depth - 1]) truth ^= 1;
    } else {
      const bool both = std::holds_alternative<expression::And>(op);
      Mask& left = stack[depth - 2];
      const Mask& right = stack[depth - 1];
      for (std::size_t row = 0; row < count; ++row) {
        left[row] = static_cast<std::uint8_t>(both ? left[row] & right[row] : left[row] | right[row]);
      }
      --depth;
    }
  }
  std::size_t kept = 0;
  for (std::size_t row = 0; row < count; ++row) {
    rows[kept] = static_cast<std::uint32_t>(row);
    kept += stack[0][row];
  }
  rows.resize(kept);
}

}  // namespace kin
