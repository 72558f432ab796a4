#include "kinspace/base/thread_pool.h"

#include <fmt/core.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

thread_local bool inside_loop = false;

/// How often a thread looks before it sleeps: some 100 us, a few times what waking it would take.
constexpr int kLooks = 5000;

constexpr std::size_t kCacheLine = 64;

int usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// Waits until `value` is no longer `old`, and returns what it is.
std::uint32_t wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old, int looks) noexcept {
  for (int look = 0; look < looks; ++look) {
    const std::uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

struct ThreadPool::Impl {
  /// The chunks that a thread takes first: neighbours, which often share memory, and the same ones in loops alike.
  /// Who has none left takes from the others.
  struct alignas(kCacheLine) Share {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };

  struct Loop {
    FunctionRef<void(std::int64_t)> body;
    std::mutex mutex;
    std::exception_ptr error;
    std::int64_t error_chunk = -1;

    explicit Loop(FunctionRef<void(std::int64_t)> b) : body(b) {}

    void run(std::int64_t chunk) noexcept {
      try {
        body(chunk);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (error_chunk < 0 || chunk < error_chunk) {
          error = std::current_exception();
          error_chunk = chunk;
        }
      }
    }
  };

  static constexpr std::uint32_t kOpen = 1U << 31;

  std::vector<std::thread> workers;
  std::vector<Share> shares;
  int looks;
  Loop* loop = nullptr;
  std::atomic<std::uint32_t> started{0};  // number of loops and side tasks so far
  std::atomic<std::uint32_t> inside{0};   // workers in the loop, and kOpen while more may join
  std::atomic<bool> stop{false};
  std::mutex side_mutex;
  std::vector<SideTask*> side;  // tasks that nobody has begun
  std::atomic<std::size_t> side_waiting{0};
  std::atomic<std::uint32_t> side_done{0};  // number of tasks that threads of the pool have done

  explicit Impl(int threads)
      : shares(static_cast<std::size_t>(threads)), looks(threads <= usable_processors() ? kLooks : 0) {}

  void wake_workers() {
    started.fetch_add(1, std::memory_order_release);
    started.notify_all();
  }

  void add(SideTask* task) {
    const std::lock_guard lock(side_mutex);
    side.push_back(task);
    side_waiting.store(side.size(), std::memory_order_relaxed);
    started.fetch_add(1, std::memory_order_release);
  }

  /// Takes the task, or the first one, from those that nobody has begun; null when it is not there.
  SideTask* take(SideTask* wanted) noexcept {
    if (side_waiting.load(std::memory_order_relaxed) == 0) return nullptr;
    const std::lock_guard lock(side_mutex);
    const auto found = wanted != nullptr ? std::find(side.begin(), side.end(), wanted) : side.begin();
    if (found == side.end()) return nullptr;
    SideTask* const task = *found;
    side.erase(found);
    side_waiting.store(side.size(), std::memory_order_relaxed);
    return task;
  }

  void run_side_tasks() noexcept {
    inside_loop = true;
    while (SideTask* const task = take(nullptr)) {
      task->run();
      side_done.fetch_add(1, std::memory_order_release);
      side_done.notify_all();
    }
    inside_loop = false;
  }

  void end_workers() {
    stop = true;
    wake_workers();
    for (std::thread& worker : workers) worker.join();
  }

  void work(std::size_t self) noexcept {
    inside_loop = true;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      Share& share = shares[(self + i) % shares.size()];
      for (;;) {
        const std::int64_t chunk = share.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= share.end) break;
        loop->run(chunk);
      }
    }
    inside_loop = false;
  }

  bool join() noexcept {
    std::uint32_t now = inside.load(std::memory_order_relaxed);
    while ((now & kOpen) != 0) {
      if (inside.compare_exchange_weak(now, now + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  void serve(std::size_t self) {
    std::uint32_t seen = 0;
    for (;;) {
      seen = wait_for_change(started, seen, looks);
      if (stop) return;
      if (join()) {
        work(self);
        if (inside.fetch_sub(1, std::memory_order_release) == 1) inside.notify_one();
      }
      run_side_tasks();
    }
  }

  void share_out(std::int64_t chunks) noexcept {
    const auto threads = static_cast<std::int64_t>(shares.size());
    for (std::int64_t i = 0; i < threads; ++i) {
      Share& share = shares[static_cast<std::size_t>(i)];
      share.next.store(chunks * i / threads, std::memory_order_relaxed);
      share.end = chunks * (i + 1) / threads;
    }
  }

  void run(std::int64_t chunks, Loop& mine) {
    share_out(chunks);
    loop = &mine;
    inside.store(kOpen, std::memory_order_release);
    wake_workers();
    work(0);
    std::uint32_t left = inside.fetch_and(~kOpen, std::memory_order_acquire) & ~kOpen;
    while (left != 0) left = wait_for_change(inside, left, looks);
  }
};

ThreadPool::ThreadPool(int threads) {
  const int count = threads > 0 ? threads : usable_processors();
  impl_ = std::make_unique<Impl>(count);
  try {
    for (int i = 1; i < count; ++i) {
      impl_->workers.emplace_back([impl = impl_.get(), i] { impl->serve(static_cast<std::size_t>(i)); });
    }
  } catch (const std::system_error& error) {
    impl_->end_workers();
    throw Error::resource_limit(fmt::format("{} threads could not be started: {}", count, error.what()),
                                "ask for fewer threads");
  }
}

ThreadPool::~ThreadPool() {
  impl_->end_workers();
}

int ThreadPool::threads() const noexcept {
  return static_cast<int>(impl_->shares.size());
}

void ThreadPool::run(std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (chunks <= 0) return;
  if (inside_loop || chunks == 1 || impl_->workers.empty()) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  Impl::Loop loop(body);
  impl_->run(chunks, loop);
  if (loop.error) std::rethrow_exception(loop.error);
}

void SideTask::start(std::function<void()> work) {
  work_ = std::move(work);
  done_.store(false, std::memory_order_relaxed);
  if (!pool_->impl_->workers.empty()) pool_->impl_->add(this);
}

void SideTask::finish() {
  if (work_ == nullptr) return;
  if (take_back()) return std::exchange(work_, nullptr)();
  wait();
  work_ = nullptr;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void SideTask::drop() noexcept {
  if (work_ != nullptr && !take_back()) wait();
  work_ = nullptr;
  error_ = nullptr;
}

bool SideTask::take_back() noexcept {
  return pool_->impl_->workers.empty() || pool_->impl_->take(this) != nullptr;
}

void SideTask::wait() const noexcept {
  ThreadPool::Impl& pool = *pool_->impl_;
  for (;;) {
    const std::uint32_t seen = pool.side_done.load(std::memory_order_acquire);
    if (done_.load(std::memory_order_acquire)) return;
    wait_for_change(pool.side_done, seen, pool.looks);
  }
}

void SideTask::run() noexcept {
  try {
    work_();
  } catch (...) {
    error_ = std::current_exception();
  }
  done_.store(true, std::memory_order_release);
}

void run(ThreadPool* pool, std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (pool != nullptr) return pool->run(chunks, body);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
}

void parallel_for(ThreadPool& pool, std::int64_t n, std::int64_t chunk,
                  FunctionRef<void(std::int64_t, std::int64_t)> body) {
  const std::int64_t chunks = (n + chunk - 1) / chunk;
  pool.run(chunks, [&](std::int64_t i) { body(i * chunk, std::min(n, (i + 1) * chunk)); });
}

}  // namespace kin
