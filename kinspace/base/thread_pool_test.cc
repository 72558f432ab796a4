#include "kinspace/base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kinspace/base/ahead.h"

namespace kin {
namespace {

class Threads : public ::testing::TestWithParam<int> {};

TEST_P(Threads, EveryChunkRunsExactlyOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::int64_t chunks : {0, 1, 2, 3, 7, 100, 5000}) {
    std::vector<int> runs(static_cast<std::size_t>(chunks));
    pool.run(chunks, [&](std::int64_t chunk) { ++runs[static_cast<std::size_t>(chunk)]; });
    EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(chunks), 1));
  }
}

TEST_P(Threads, LoopsInQuickSuccessionDoNotMix) {
  ThreadPool pool(GetParam());
  for (int loop = 0; loop < 500; ++loop) {
    std::vector<int> values(8, -1);
    pool.run(8, [&](std::int64_t chunk) { values[static_cast<std::size_t>(chunk)] = loop; });
    ASSERT_EQ(values, std::vector<int>(8, loop));
  }
}

TEST_P(Threads, TheExceptionOfTheLowestChunkComesOut) {
  ThreadPool pool(GetParam());
  for (int repeat = 0; repeat < 20; ++repeat) {
    try {
      pool.run(100, [](std::int64_t chunk) {
        if (chunk % 10 == 7) throw std::runtime_error("chunk " + std::to_string(chunk));
      });
      ADD_FAILURE() << "chunks threw";
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "chunk 7");
    }
  }
  // The pool works on afterwards.
  std::atomic<int> count{0};
  pool.run(10, [&](std::int64_t) { ++count; });
  EXPECT_EQ(count, 10);
}

TEST_P(Threads, ALoopInsideALoopRunsAllItsChunks) {
  ThreadPool pool(GetParam());
  std::vector<std::vector<int>> runs(20, std::vector<int>(30));
  pool.run(20, [&](std::int64_t outer) {
    const auto here = std::this_thread::get_id();
    pool.run(30, [&](std::int64_t inner) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      ++runs[static_cast<std::size_t>(outer)][static_cast<std::size_t>(inner)];
    });
  });
  EXPECT_EQ(runs, (std::vector<std::vector<int>>(20, std::vector<int>(30, 1))));
}

TEST_P(Threads, AnExceptionOfAnInnerLoopPassesThroughTheOuter) {
  ThreadPool pool(GetParam());
  EXPECT_THROW(pool.run(4,
                        [&](std::int64_t) {
                          pool.run(4, [](std::int64_t inner) {
                            if (inner == 2) throw std::runtime_error("inner");
                          });
                        }),
               std::runtime_error);
}

TEST_P(Threads, SumsInChunkOrderHaveTheSameBits) {
  std::vector<float> values(10'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0F / static_cast<float>(i + 1);
  const auto total = [&](ThreadPool& pool) {
    constexpr std::int64_t kChunk = 128;
    const auto n = static_cast<std::int64_t>(values.size());
    std::vector<float> parts(static_cast<std::size_t>((n + kChunk - 1) / kChunk));
    parallel_for(pool, n, kChunk, [&](std::int64_t begin, std::int64_t end) {
      parts[static_cast<std::size_t>(begin / kChunk)] =
          std::accumulate(values.begin() + begin, values.begin() + end, 0.0F);
    });
    return std::accumulate(parts.begin(), parts.end(), 0.0F);
  };
  ThreadPool one(1);
  ThreadPool pool(GetParam());
  EXPECT_EQ(total(pool), total(one));
}

TEST_P(Threads, PoolsComeAndGoWithoutWork) {
  for (int i = 0; i < 20; ++i) ThreadPool pool(GetParam());
}

TEST_P(Threads, ASideTaskIsDoneWhenItIsFinished) {
  ThreadPool pool(GetParam());
  SideTask first(pool);
  SideTask second(pool);
  first.finish();  // there is nothing to do
  for (int repeat = 0; repeat < 200; ++repeat) {
    int done = 0;
    int done_too = 0;
    std::vector<int> values(50);
    std::vector<int> inner(9);
    first.start([&] {
      ++done;
      pool.run(9, [&](std::int64_t chunk) { ++inner[static_cast<std::size_t>(chunk)]; });
    });
    second.start([&] { ++done_too; });
    EXPECT_TRUE(first.started());
    pool.run(50, [&](std::int64_t chunk) { ++values[static_cast<std::size_t>(chunk)]; });
    first.finish();
    EXPECT_FALSE(first.started());
    EXPECT_EQ(done, 1);
    EXPECT_EQ(inner, std::vector<int>(9, 1));
    EXPECT_EQ(values, std::vector<int>(50, 1));
    second.finish();
    EXPECT_EQ(done_too, 1);
  }
}

TEST_P(Threads, LoopsGoOnWithoutAThreadThatIsInASideTask) {
  ThreadPool pool(GetParam());
  std::atomic<bool> may_end{false};
  std::atomic<bool> begun{false};
  SideTask task(pool);
  task.start([&] {
    begun = true;
    while (!may_end) std::this_thread::yield();
  });
  std::atomic<int> count{0};
  for (int loop = 0; loop < 100; ++loop) pool.run(10, [&](std::int64_t) { ++count; });
  // With one thread the task has to wait for finish().
  while (GetParam() > 1 && !begun) pool.run(10, [](std::int64_t) {});
  pool.run(10, [&](std::int64_t) { ++count; });
  may_end = true;
  task.finish();
  EXPECT_EQ(count, 1010);
}

TEST_P(Threads, ASideTaskThrowsWhereItIsFinished) {
  ThreadPool pool(GetParam());
  SideTask task(pool);
  const auto fail = [] { throw std::runtime_error("aside"); };
  for (int repeat = 0; repeat < 20; ++repeat) {
    task.start(fail);
    pool.run(10, [](std::int64_t) {});
    EXPECT_THROW(task.finish(), std::runtime_error);
    EXPECT_FALSE(task.started());
    task.start(fail);
    pool.run(10, [](std::int64_t) {});
    task.drop();
    task.finish();
  }
  task.start(fail);  // and nobody asks
}

TEST_P(Threads, WhatIsMadeAheadIsWhatIsMadeWhenAskedFor) {
  ThreadPool pool(GetParam());
  Ahead<int, std::vector<int>> squares(pool, [](const int& n, std::vector<int>& out) {
    if (n == 13) throw std::runtime_error("13");
    out.assign(3, n * n);
  });
  const auto get = [&](int n, int next) {
    const std::vector<int>& value = squares.get(n, next);
    pool.run(10, [](std::int64_t) {});
    return value;  // still that of n
  };
  for (int n = 0; n < 13; ++n) EXPECT_EQ(get(n, n + 1), std::vector<int>(3, n * n));
  EXPECT_THROW(get(13, 14), std::runtime_error);
  EXPECT_THROW(get(13, 14), std::runtime_error);
  EXPECT_EQ(get(5, 13), std::vector<int>(3, 25));
  EXPECT_EQ(get(7, 8), std::vector<int>(3, 49)) << "a wrong guess, and it failed";
  EXPECT_EQ(get(7, 8), std::vector<int>(3, 49));
  EXPECT_EQ(get(8, 9), std::vector<int>(3, 64));
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, ::testing::Values(1, 2, 3, 8));

TEST(ThreadPool, TakesAtLeastOneThreadWhenNotTold) {
  EXPECT_GE(ThreadPool().threads(), 1);
  EXPECT_EQ(ThreadPool(0).threads(), ThreadPool().threads());
}

TEST(ThreadPool, ServesOneCallerAfterAnother) {
  ThreadPool pool(3);
  for (int caller = 0; caller < 5; ++caller) {
    std::thread([&] {
      std::atomic<int> count{0};
      pool.run(50, [&](std::int64_t) { ++count; });
      EXPECT_EQ(count, 50);
    }).join();
  }
}

TEST(ParallelFor, CoversTheRangeInPiecesOfAtMostOneChunk) {
  ThreadPool pool(2);
  for (const std::int64_t n : {0, 1, 9, 10, 11, 25}) {
    std::vector<int> covered(static_cast<std::size_t>(n));
    parallel_for(pool, n, 10, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_LT(begin, end);
      EXPECT_LE(end - begin, 10);
      for (std::int64_t i = begin; i < end; ++i) ++covered[static_cast<std::size_t>(i)];
    });
    EXPECT_EQ(covered, std::vector<int>(static_cast<std::size_t>(n), 1));
  }
}

}  // namespace
}  // namespace kin
