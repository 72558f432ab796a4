// What a step asks of the allocator once the first ones have been made.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/embedding.h"
#include "kinspace/nn/nn_testing.h"
#include "kinspace/nn/reduce.h"
#include "kinspace/nn/sampled_softmax.h"
#include "kinspace/nn/softmax_loss.h"
#include "kinspace/nn/sum_rows.h"

namespace {

std::atomic<std::int64_t> allocations{0};

void* counted(std::size_t bytes) {
  ++allocations;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace kin {
namespace {

constexpr std::int64_t kItems = 2000;
constexpr std::int64_t kBatch = 150;

/// Allocations of steps 5 to 9 of training by a loss of the tape; the arena holds what the first ones needed.
std::int64_t allocations_of_later_steps(ThreadPool& pool, ParameterStore& store, FunctionRef<Var(Tape&)> loss) {
  Tape tape(pool, 9);
  std::int64_t before = 0;
  for (std::int64_t step = 0; step < 10; ++step) {
    if (step == 5) before = allocations;
    tape.begin({.step = step, .training = true});
    tape.backward(loss(tape));
    apply_gradients(tape, store, {.step = step + 1, .l2 = 1e-4F});
  }
  EXPECT_GT(before, 0);
  return allocations - before;
}

TEST(StepMemory, ARecommenderAllocatesNothing) {
  for (const bool sampled : {true, false}) {
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      ParameterStore store(5, {.name = "adagrad"});
      Parameter& table = testing::random_parameter(store, pool, "table", kItems, 40, 0.2F);
      Parameter& hidden = testing::random_parameter(store, pool, "hidden/kernel", 40, 40, 0.2F);
      Parameter& bias = testing::random_parameter(store, pool, "bias", kItems, 1, 0.2F);
      const Sampler sampler = Sampler::log_uniform(kItems);
      const testing::Ids context = testing::random_ids(1, kBatch, 1, 5, kItems);
      const testing::Ids targets = testing::random_ids(2, kBatch, 1, 7, kItems);
      const std::int64_t count = allocations_of_later_steps(pool, store, [&](Tape& tape) {
        Var x = combine(tape, table, context.tensor(), Combiner::kSqrtN);
        x = dense(tape, dropout(tape, x, 0.2F), tape.variable(hidden), Var(), kernels::Activation::kRelu);
        if (!sampled) {
          return softmax_loss(tape, x, tape.variable(table), tape.variable(bias), targets.tensor(), {});
        }
        const Negatives negatives = sampler.draw(tape, 256);
        const auto expected = sampler.log_expected(tape, targets.ids, negatives);
        return sampled_softmax_loss(tape, x, table, &bias, targets.tensor(), expected, negatives, {});
      });
      EXPECT_EQ(count, 0) << (sampled ? "sampled, " : "full, ") << threads << " threads";
    }
  }
}

TEST(StepMemory, ALinearModelAllocatesNothing) {
  ThreadPool pool(1);
  ParameterStore store(5, {.name = "ftrl"});
  Parameter& city = testing::random_parameter(store, pool, "city", kItems, 1);
  Parameter& day = testing::random_parameter(store, pool, "day", 7, 1);
  Parameter& bias = testing::random_parameter(store, pool, "bias", 1, 1);
  const testing::Ids cities = testing::random_ids(1, kBatch, 0, 3, kItems);
  const testing::Ids days = testing::random_ids(2, kBatch, 1, 1, 7);
  const std::int64_t count = allocations_of_later_steps(pool, store, [&](Tape& tape) {
    const TableRows columns[] = {{&city, cities.tensor()}, {&day, days.tensor()}};
    return sum_over_rows(tape, sum_rows(tape, columns, {}, tape.variable(bias)));
  });
  EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace kin
