#include "kinspace/nn/parameter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/random.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/gemm.h"

namespace kin {
namespace {

constexpr std::int64_t kLineFloats = 16;
constexpr std::int64_t kMaxRows = (std::int64_t{1} << 32) - 1;
constexpr std::int64_t kMaxDim = std::int64_t{1} << 24;
constexpr std::int64_t kChunkRows = 256;

Precision precision_of(std::int64_t dim, Precision wanted) noexcept {
  return dim == 1 ? Precision::kFp32 : wanted;
}

std::int64_t floats_of_weights(std::int64_t dim, Precision precision) noexcept {
  return precision == Precision::kFp32 ? dim : (dim + 1) / 2;
}

std::int64_t stride_of(std::int64_t dim, const Optimizer* optimizer, Precision precision) noexcept {
  const std::int64_t floats =
      floats_of_weights(dim, precision) + (optimizer != nullptr ? optimizer->slot_floats(dim) : 0);
  const std::int64_t padded = (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
  return padded - floats <= floats / 8 ? stride_for_products(padded) : floats;
}

std::int64_t checked(std::int64_t value, std::int64_t most, const std::string& name, const char* what) {
  if (value < 1 || value > most) {
    throw Error::invalid_argument(
        fmt::format("parameter '{}': {} = {} has to be from 1 to {}", name, what, value, most));
  }
  return value;
}

}  // namespace

Parameter::Parameter(std::string name, std::int64_t rows, std::int64_t dim, bool decay, const Optimizer* optimizer,
                     bool trainable, Precision precision)
    : name_(std::move(name)),
      name_hash_(fnv1a64(name_)),
      rows_(checked(rows, kMaxRows, name_, "rows")),
      dim_(checked(dim, kMaxDim, name_, "width")),
      precision_(precision_of(dim, precision)),
      weight_floats_(floats_of_weights(dim, precision_)),
      stride_(stride_of(dim, trainable ? optimizer : nullptr, precision_)),
      decay_(decay),
      trainable_(trainable),
      optimizer_(trainable ? optimizer : nullptr),
      slots_(optimizer_ != nullptr ? optimizer_->slots(dim) : std::vector<Slot>{}),
      buffer_(static_cast<std::size_t>(rows * stride_)),
      data_(buffer_.data()) {
  for (const Slot& s : slots_) {
    if (s.initial == 0.0F) continue;
    const MatrixView view = slot(s);
    for (std::int64_t r = 0; r < rows_; ++r) std::fill_n(view.row(r), view.cols, s.initial);
  }
}

Parameter::Parameter(std::string name, std::int64_t rows, std::int64_t dim, std::shared_ptr<float> weights)
    : name_(std::move(name)),
      name_hash_(fnv1a64(name_)),
      rows_(checked(rows, kMaxRows, name_, "rows")),
      dim_(checked(dim, kMaxDim, name_, "width")),
      precision_(Precision::kFp32),
      weight_floats_(dim),
      stride_(dim),
      decay_(false),
      trainable_(false),
      optimizer_(nullptr),
      borrowed_(std::move(weights)),
      data_(borrowed_.get()) {}

void Parameter::initialize(ThreadPool& pool, std::uint64_t seed, Initial initial, KeyNumber key_number) {
  parallel_for(pool, rows_, kChunkRows, [&](std::int64_t begin, std::int64_t end) {
    Matrix drawn(precision_ == Precision::kBf16 ? end - begin : 0, dim_);
    for (std::int64_t r = begin; r < end; ++r) {
      draw(seed, initial, key_number(r), precision_ == Precision::kBf16 ? drawn.row(r - begin) : row(r));
    }
    stored().write(begin, drawn.view());
  });
}

void Parameter::initialize_row(std::uint64_t seed, Initial initial, std::int64_t r, std::uint64_t key_number) {
  if (precision_ == Precision::kFp32) return draw(seed, initial, key_number, row(r));
  Matrix drawn(1, dim_);
  draw(seed, initial, key_number, drawn.row(0));
  stored().write(r, drawn.view());
}

void Parameter::draw(std::uint64_t seed, Initial initial, std::uint64_t key_number, float* w) const noexcept {
  if (initial.kind == Initial::Kind::kConstant) {
    std::fill_n(w, dim_, initial.value);
    return;
  }
  RandomStream stream(seed, Purpose::kInit, name_hash_, key_number);
  if (initial.kind == Initial::Kind::kTruncatedNormal) {
    kernels::active().truncated_normals({stream.key(), stream.counter()}, initial.value, w, dim_);
  } else {
    const auto limit = static_cast<float>(std::sqrt(6.0 / double(rows_ + dim_)));
    for (std::int64_t i = 0; i < dim_; ++i) w[i] = limit * (2.0F * stream.uniform() - 1.0F);
  }
}

std::uint64_t Parameter::rounding_key(std::uint64_t seed, std::int64_t step) const noexcept {
  return RandomStream(seed, Purpose::kRounding, static_cast<std::uint64_t>(step), name_hash_).next_u64();
}

std::uint64_t Parameter::bytes_needed(std::int64_t rows, std::int64_t dim, const Optimizer* optimizer,
                                      Precision precision) noexcept {
  return static_cast<std::uint64_t>(rows) *
         static_cast<std::uint64_t>(stride_of(dim, optimizer, precision_of(dim, precision))) * sizeof(float);
}

}  // namespace kin
