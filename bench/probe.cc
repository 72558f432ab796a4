// The limits of this machine at this moment, that speed is measured against: fused multiply-adds, random cache lines,
// reading, and reading with writing (the triad of STREAM). Prints one line of JSON; rates are per second of wall clock
// over all threads, and per second of CPU time.
//
//   kin_probe [--threads 1] [--mib 1024] [--ms 200]

#include <immintrin.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "kinspace/base/buffer.h"

namespace {

using kin::bench::seconds;

// A chain of fused multiply-adds has a latency of 4 cycles and starts two a cycle: 8 chains at least keep the units
// busy, 16 leave room for slower ones and fit the registers.
constexpr int kChains = 16;

__attribute__((target("avx512f"))) float fma_avx512(std::int64_t rounds) {
  __m512 chain[kChains];
  for (auto& c : chain) c = _mm512_set1_ps(0.5F);
  const __m512 a = _mm512_set1_ps(0.999F), b = _mm512_set1_ps(0.001F);
  for (std::int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (auto& c : chain) c = _mm512_fmadd_ps(c, a, b);
  }
  float lanes[16];
  for (int i = 1; i < kChains; ++i) chain[0] = _mm512_add_ps(chain[0], chain[i]);
  _mm512_storeu_ps(lanes, chain[0]);
  return lanes[0] + lanes[15];
}

__attribute__((target("avx2,fma"))) float fma_avx2(std::int64_t rounds) {
  // 12 chains and two factors fit the 16 registers; 16 would spill.
  __m256 chain[12];
  for (auto& c : chain) c = _mm256_set1_ps(0.5F);
  const __m256 a = _mm256_set1_ps(0.999F), b = _mm256_set1_ps(0.001F);
  for (std::int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& c : chain) c = _mm256_fmadd_ps(c, a, b);
  }
  float lanes[8];
  for (int i = 1; i < 12; ++i) chain[0] = _mm256_add_ps(chain[0], chain[i]);
  _mm256_storeu_ps(lanes, chain[0]);
  return lanes[0] + lanes[7];
}

float fma_plain(std::int64_t rounds) {
  float chain[kChains];
  for (auto& c : chain) c = 0.5F;
  for (std::int64_t i = 0; i < rounds; ++i) {
    for (auto& c : chain) c = c * 0.999F + 0.001F;
  }
  return chain[0] + chain[kChains - 1];
}

struct Isa {
  const char* name;
  float (*run)(std::int64_t rounds);
  double flop_per_round;
};

Isa widest_isa() {
  if (__builtin_cpu_supports("avx512f")) return {"avx512", fma_avx512, 2.0 * 16 * kChains};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {"avx2", fma_avx2, 2.0 * 8 * 12};
  return {"scalar", fma_plain, 2.0 * kChains};
}

struct Rate {
  double per_second = 0;
  double per_cpu_second = 0;
};

volatile float sink;  // keeps results, so that the work is not optimised away

/// Calls work(thread, n) on every thread until `ms` have passed; work returns the units that it did.
Rate measure(int threads, double ms, const std::function<double(int thread, std::int64_t n)>& work) {
  std::vector<double> units(static_cast<std::size_t>(threads)), cpu(units.size());
  const double start = seconds(CLOCK_MONOTONIC);
  std::vector<std::thread> team;
  team.reserve(units.size());
  for (int t = 0; t < threads; ++t) {
    team.emplace_back([&, t] {
      const double began = seconds(CLOCK_THREAD_CPUTIME_ID);
      std::int64_t n = 0;
      do {
        units[static_cast<std::size_t>(t)] += work(t, n++);
      } while (seconds(CLOCK_MONOTONIC) - start < ms / 1e3);
      cpu[static_cast<std::size_t>(t)] = seconds(CLOCK_THREAD_CPUTIME_ID) - began;
    });
  }
  for (auto& thread : team) thread.join();
  const double wall = seconds(CLOCK_MONOTONIC) - start;
  double all = 0, used = 0;
  for (std::size_t t = 0; t < units.size(); ++t) all += units[t], used += cpu[t];
  return {all / wall, all / used};
}

/// Sums `count` random rows of `floats` values, the next 16 rows on their way; returns the lines touched.
double read_rows(const kin::Buffer<float>& table, std::int64_t floats, std::uint64_t seed, std::int64_t count) {
  constexpr int kAhead = 16;
  const std::uint64_t rows = table.size() / static_cast<std::uint64_t>(floats);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
  const auto next = [&] {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;  // xorshift64
    return table.data() + static_cast<std::uint64_t>((static_cast<unsigned __int128>(state) * rows) >> 64) *
                              static_cast<std::uint64_t>(floats);
  };
  const float* queue[kAhead];
  for (auto& row : queue) row = next();
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const float* row = queue[i % kAhead];
    const float* ahead = queue[i % kAhead] = next();
    for (std::int64_t f = 0; f < floats; f += 16) __builtin_prefetch(ahead + f);
    for (std::int64_t f = 0; f < floats; f += 16) sum += row[f];
  }
  sink = sum;
  return static_cast<double>(count) * static_cast<double>(floats) / 16;
}

/// a[i] = b[i] + 2 c[i] over the thirds of a slice; returns the bytes that it read and wrote.
double triad(float* from, std::int64_t floats) {
  const std::int64_t n = floats / 3;
  float* const a = from;
  const float* const b = from + n;
  const float* const c = b + n;
  for (std::int64_t i = 0; i < n; ++i) a[i] = b[i] + 2 * c[i];
  return 3.0 * static_cast<double>(n) * sizeof(float);
}

/// Reads a slice of the table from end to end; returns its bytes.
double read_slice(const float* from, std::int64_t floats) {
  float sums[64] = {};
  for (std::int64_t i = 0; i + 64 <= floats; i += 64) {
    for (int l = 0; l < 64; ++l) sums[l] += from[i + l];
  }
  sink = sums[0] + sums[63];
  return static_cast<double>(floats) * sizeof(float);
}

}  // namespace

int main(int argc, char** argv) {
  const kin::bench::Arguments arguments(argc, argv);
  const int threads = static_cast<int>(arguments.number("threads", 1));
  const double ms = static_cast<double>(arguments.number("ms", 200));
  kin::Buffer<float> table(static_cast<std::size_t>(arguments.number("mib", 1024)) << 18);
  for (std::size_t i = 0; i < table.size(); i += 1024) table[i] = 1;  // a page is there once it was written

  const Isa isa = widest_isa();
  const Rate fma = measure(threads, ms, [&](int, std::int64_t) {
    sink = isa.run(100'000);
    return 1e5 * isa.flop_per_round;
  });
  const auto rows = [&](std::int64_t floats) {
    return measure(threads, ms, [&](int thread, std::int64_t n) {
      return read_rows(table, floats, static_cast<std::uint64_t>(n * threads + thread + 1), 20'000);
    });
  };
  const Rate lines64 = rows(16), lines256 = rows(64);
  const auto slice = static_cast<std::int64_t>(table.size()) / threads, piece = std::int64_t{1} << 22;
  const Rate bytes = measure(threads, ms, [&](int thread, std::int64_t n) {
    const std::int64_t pieces = slice / piece;
    return read_slice(table.data() + thread * slice + n % pieces * piece, piece);
  });
  const Rate three = measure(threads, ms, [&](int thread, std::int64_t n) {
    const std::int64_t pieces = slice / piece;
    return triad(table.data() + thread * slice + n % pieces * piece, piece);
  });
  std::printf(
      "{\"isa\": \"%s\", \"threads\": %d, \"fma_gflops\": %.2f, \"fma_gflops_per_cpu_s\": %.2f, "
      "\"lines_64b_m\": %.2f, \"lines_64b_m_per_cpu_s\": %.2f, \"lines_256b_m\": %.2f, \"lines_256b_m_per_cpu_s\": "
      "%.2f, "
      "\"read_gbs\": %.2f, \"read_gbs_per_cpu_s\": %.2f, \"triad_gbs\": %.2f, \"triad_gbs_per_cpu_s\": %.2f}\n",
      isa.name, threads, fma.per_second / 1e9, fma.per_cpu_second / 1e9, lines64.per_second / 1e6,
      lines64.per_cpu_second / 1e6, lines256.per_second / 1e6, lines256.per_cpu_second / 1e6, bytes.per_second / 1e9,
      bytes.per_cpu_second / 1e9, three.per_second / 1e9, three.per_cpu_second / 1e9);
}
