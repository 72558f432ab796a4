#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Loops over plain floats, one implementation per instruction set, all with the same bits.
///
/// How the bits agree: every kernel is written once over a vector of 16 floats (vec16.h) that each instruction set
/// implements (an array with std::fma, two AVX2 registers, one AVX-512 register). Work is vectorised over outputs where
/// possible; where a sum must be vectorised it has 16 lanes and one reduction tree. Multiply-adds are fused on every
/// target, exp, log, tanh and the rest are our own polynomials, and the compiler may not contract or reassociate.
/// Only the payload of a NaN is open: where one set gives NaN all do.
namespace kin::kernels {

/// kAvx512Bf16 is kAvx512 with products of bf16 by its instructions.
enum class Isa { kScalar = 0, kAvx2 = 1, kAvx512 = 2, kAvx512Bf16 = 3 };

/// What is not linear in a network; the others as in tf.nn.
///
///   gelu(x)     = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))    approximation of Hendrycks & Gimpel,
///                                                                      arXiv:1606.08415
///   elu(x)      = x above 0, exp(x) - 1 below
///   selu(x)     = 1.0507 elu(x), but 1.0507 * 1.6733 (exp(x) - 1) below 0    arXiv:1706.02515
///   softplus(x) = log(1 + exp(x))
///   swish(x)    = x sigmoid(x)                                         also called silu
///   leaky_relu  = x above 0, 0.2 x below
///
/// All let NaN through. The values are stored in models: never renumber.
enum class Activation : std::uint8_t {
  kLinear = 0,
  kRelu = 1,
  kTanh = 2,
  kSigmoid = 3,
  kGelu = 4,
  kElu = 5,
  kSelu = 6,
  kSoftplus = 7,
  kSwish = 8,
  kLeakyRelu = 9
};

/// Names as in KIN_ISA: "scalar", "avx2", "avx512", "avx512_bf16".
std::string_view isa_name(Isa isa) noexcept;

/// Those that this processor and operating system can run, from kScalar up.
std::vector<Isa> supported_isas();

// Values of one optimizer step that are the same for all elements; the formulas stand in nn/optimizer.h.

/// m = keep m + take g; w += rate d, d being m or, with nesterov, keep m + take g.
struct MomentumStep {
  float keep;
  float take;
  float rate;
  bool nesterov;
};

struct ProximalAdagradStep {
  float rate;
  float l1;
  float l2;
};

/// Adam, amsgrad and Adamax.
struct AdamStep {
  float rate;  ///< lr * sqrt(1 - beta2^t) / (1 - beta1^t), of Adamax without the root
  float beta1;
  float beta2;
  float epsilon;
};

/// w -= rate (gradient g + mean m) / (sqrt(square v) + epsilon)
struct NadamStep {
  float rate;
  float beta1;
  float beta2;
  float epsilon;
  float gradient;
  float mean;
  float square;
};

struct FtrlStep {
  float rate;       ///< above 0
  float power;      ///< of the sum of squares, from 0 on; 0.5 is the fast one
  float l1;         ///< of the sum of gradients
  float l2;         ///< added to n^power / rate
  float shrinkage;  ///< the gradient that is summed has so many weights added
};

struct RmsPropStep {
  float rate;
  float rho;
  float momentum;
  float epsilon;
  bool epsilon_inside;  ///< sqrt(s + epsilon), not sqrt(s) + epsilon
};

struct AdadeltaStep {
  float rate;
  float rho;
  float epsilon;
};

/// The greatest gemm_tile_cols of all sets; each divides it.
inline constexpr std::int64_t kMostTileCols = 32;

/// At most tile_rows rows of the left side of a product: left[r, k] = data[r * row + k * step], where `row` or `step`
/// is 1.
struct TileLeft {
  const float* data;
  std::int64_t row;
  std::int64_t step;
};

/// The right side: right[k, c] = data[k * step + c], which is read in whole vectors of 16 columns.
struct TileRight {
  const float* data;
  std::int64_t step;
};

/// The first `rows` x `cols` of a register tile; nothing else is read or written.
struct TileOut {
  float* data;
  std::int64_t stride;
  std::int64_t rows;
  std::int64_t cols;
  bool accumulate;
};

/// The upper half of a float: its sign, exponent and the first 7 bits of the mantissa.
using Bf16 = std::uint16_t;

/// Where a stream of random numbers stands (base/random.h).
struct RandomKey {
  std::array<std::uint32_t, 2> key;
  std::array<std::uint32_t, 4> counter;
};

struct CsvScan;
struct TextCells;
struct TextPiece;
struct CellSets;
struct StringCopies;

/// Pointers may be unaligned, lengths any, memory of different arguments disjoint unless said otherwise.
struct Table {
  Isa isa;

  // Vectors of n floats.
  float (*dot)(const float* a, const float* b, std::int64_t n) noexcept;  ///< sum a[i] * b[i]
  float (*sum)(const float* a, std::int64_t n) noexcept;
  float (*max)(const float* a, std::int64_t n) noexcept;  ///< -inf when n = 0; NaN is skipped
  float (*squared_distance)(const float* a, const float* b, std::int64_t n) noexcept;
  void (*axpy)(float s, const float* x, float* y, std::int64_t n) noexcept;   ///< y[i] = fma(s, x[i], y[i])
  void (*scale)(float s, const float* x, float* y, std::int64_t n) noexcept;  ///< y[i] = s * x[i]; x may be y
  void (*add)(const float* x, float* y, std::int64_t n) noexcept;             ///< y[i] += x[i]
  void (*multiply)(const float* x, float* y, std::int64_t n) noexcept;        ///< y[i] *= x[i]
  bool (*all_finite)(const float* a, std::int64_t n) noexcept;
  /// Where a[i] >= least, in rising order, into `places` (room for n); returns how many. Never where a[i] is NaN.
  std::int64_t (*at_least)(float least, const float* a, std::int64_t n, std::uint32_t* places) noexcept;

  // Element functions; out may be in.
  void (*exp)(const float* in, float* out, std::int64_t n) noexcept;  ///< to 2 ulp; exp(-inf) = 0
  /// To 2 ulp for every positive input; log(0) = -inf, NaN below 0.
  void (*log)(const float* in, float* out, std::int64_t n) noexcept;
  void (*log1p)(const float* in, float* out, std::int64_t n) noexcept;  ///< to 4 ulp for finite inputs from -1 on
  /// log(1 - (1 - p)^draws) of probabilities p, 0 where p is 0; to 1e-6 of 1 + |result|, for draws up to 2^24.
  void (*log_expected_count)(float draws, const float* in, float* out, std::int64_t n) noexcept;
  void (*activate)(Activation f, const float* in, float* out, std::int64_t n) noexcept;
  /// d_in[i] = d_out[i] * f'(in[i]); `in` is the argument of the activation, `out` its result; d_in may be d_out.
  void (*activate_backward)(Activation f, const float* in, const float* out, const float* d_out, float* d_in,
                            std::int64_t n) noexcept;
  /// values[i] = exp(values[i] - shift) for a shift that no value exceeds, 0 below exp(-87); returns their sum (16
  /// lanes, one tree).
  float (*exp_shift_sum)(float shift, float* values, std::int64_t n) noexcept;

  /// The next n values of RandomStream::truncated_normal() of a stream at the start of a block, times `scale`.
  void (*truncated_normals)(const RandomKey& random, float scale, float* out, std::int64_t n) noexcept;

  // Rows of n bf16.
  void (*widen_bf16)(const Bf16* in, float* out, std::int64_t n) noexcept;     ///< exact
  void (*round_to_bf16)(const float* in, Bf16* out, std::int64_t n) noexcept;  ///< to nearest, ties to even
  /// Stochastic rounding: out[i] is one of the two neighbours of in[i], the farther one as often as in[i] is nearer to
  /// it, so that its mean over keys is in[i]; by 16 random bits, a function of (key, i). What is a bf16, infinite or
  /// NaN stays so.
  void (*round_to_bf16_randomly)(std::uint32_t key, const float* in, Bf16* out, std::int64_t n) noexcept;

  // Updates of n weights by their gradient (TensorFlow's formulas, reference in nn/optimizer.h).
  void (*sgd)(float rate, const float* g, float* w, std::int64_t n) noexcept;  ///< w -= rate g
  void (*momentum)(const MomentumStep& step, const float* g, float* w, float* m, std::int64_t n) noexcept;
  void (*adagrad)(float rate, float epsilon, const float* g, float* w, float* accumulator, std::int64_t n) noexcept;
  void (*proximal_adagrad)(const ProximalAdagradStep& step, const float* g, float* w, float* accumulator,
                           std::int64_t n) noexcept;
  void (*adam)(const AdamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept;
  void (*amsgrad)(const AdamStep& step, const float* g, float* w, float* m, float* v, float* most,
                  std::int64_t n) noexcept;
  void (*adamax)(const AdamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept;
  void (*nadam)(const NadamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept;
  void (*ftrl)(const FtrlStep& step, const float* g, float* w, float* accumulator, float* linear,
               std::int64_t n) noexcept;
  /// `velocity` and `mean` are null where there is no momentum, and where squares are not centered.
  void (*rmsprop)(const RmsPropStep& step, const float* g, float* w, float* squares, float* velocity, float* mean,
                  std::int64_t n) noexcept;
  void (*adadelta)(const AdadeltaStep& step, const float* g, float* w, float* gradients, float* updates,
                   std::int64_t n) noexcept;

  // The inner block of a matrix product; see tensor/gemm.cc for the packing.
  std::int64_t gemm_tile_rows;  ///< rows of C in a register tile
  std::int64_t gemm_tile_cols;  ///< columns of C in a register tile, a multiple of 16
  /// Panels of `width` lines; in panel p, k < depth:
  ///   packed[p * width * depth + k * width + l] = in[(p * width + l) * line_stride + k * k_stride]
  /// The last panel is filled up with zeros. One of the strides is 1.
  void (*gemm_pack)(const float* in, std::int64_t line_stride, std::int64_t k_stride, std::int64_t lines,
                    std::int64_t depth, std::int64_t width, float* packed) noexcept;
  /// out[r, c] (+)= sum_k left[r, k] * right[k, c], a chain of fma in rising k.
  void (*gemm_tile)(std::int64_t k, const TileLeft& left, const TileRight& right, const TileOut& out) noexcept;

  // The same for factors that are rounded to bf16, the upper half of a float: to nearest, ties to even, denormal
  // numbers to 0 of their sign. Panels and left sides are packed, into slots of the size of a float that only
  // gemm_tile_bf16 can read; a line of so many terms takes ceil(depth / 2) * 2 / gemm_bf16_terms of them.
  std::int64_t gemm_bf16_terms;  ///< terms of a sum in a slot: 1 or 2
  /// gemm_pack into slots, `depth` being terms; with width 1, lines one behind the other.
  void (*gemm_pack_bf16)(const float* in, std::int64_t line_stride, std::int64_t k_stride, std::int64_t lines,
                         std::int64_t depth, std::int64_t width, float* packed) noexcept;
  /// gemm_tile over slots. The chain takes terms 1, 0, 3, 2, 5, 4 and so on, a missing last one being 0 * 0; products
  /// are exact, sums rounded to nearest, and denormal terms, results and values of `out` are zeros of their sign. This
  /// is what VDPBF16PS does (Intel's manual of instructions, volume 2; a test compares).
  void (*gemm_tile_bf16)(std::int64_t slots, const TileLeft& left, const TileRight& right, const TileOut& out) noexcept;

  /// Finds the cells of a text; see csv_scan.h.
  void (*scan_csv)(CsvScan& scan) noexcept;

  // Cells `first` to `first + count` (1 to 64) as decimal numbers. What stands in the place of one that is empty or
  // unknown is unspecified.
  /// Known are up to 16 bytes: a minus or none, and digits without a zero in front.
  CellSets (*read_integers)(const TextCells& cells, std::size_t first, std::size_t count,
                            std::int64_t* values) noexcept;
  /// Known are up to 16 bytes: a minus or none, and digits with a point or none, at most 2^53 without it.
  CellSets (*read_numbers)(const TextCells& cells, std::size_t first, std::size_t count, char point,
                           double* values) noexcept;
  /// Copies the cells as strings.
  void (*copy_strings)(const TextCells& cells, std::size_t first, std::size_t count, StringCopies& to) noexcept;
  /// ids[i] = FarmHash's Fingerprint64 of string i modulo `divisor`, for `count` (at most 64) strings of 8 to 16 bytes;
  /// reciprocal = floor((2^64 - 1) / divisor). Returns the set of those of other lengths, whose ids are unspecified.
  std::uint64_t (*hash_strings)(const char* bytes, const TextPiece* pieces, std::size_t count, std::uint64_t divisor,
                                std::uint64_t reciprocal, std::int64_t* ids) noexcept;
};

/// Kernels of one instruction set. Errors: kNotSupported when this processor does not have it.
const Table& table(Isa isa);

/// The widest supported set, or the one that the environment variable KIN_ISA names; chosen once.
/// Errors: kInvalidArgument when KIN_ISA names none, kNotSupported when the processor does not have it.
const Table& active();

}  // namespace kin::kernels
