#include "kinspace/base/thread_pool.h"

#include <fmt/core.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "kinspace/base/error.h"

namespace kin {
namespace {

thread_local bool inside_loop = false;

int usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

struct ThreadPool::Impl {
  struct Loop {
    Loop(FunctionRef<void(std::int64_t)> b, std::int64_t n) : body(b), chunks(n) {}

    FunctionRef<void(std::int64_t)> body;
    std::int64_t chunks;
    std::atomic<std::int64_t> next{0};
    std::mutex mutex;
    std::exception_ptr error;
    std::int64_t error_chunk = -1;

    void work() {
      inside_loop = true;
      for (;;) {
        const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks) break;
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
      inside_loop = false;
    }
  };

  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  Loop* loop = nullptr;
  std::uint64_t generation = 0;
  int running = 0;
  bool stop = false;

  void end_workers() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      Loop* mine = loop;
      if (mine == nullptr) continue;
      ++running;
      lock.unlock();
      mine->work();
      lock.lock();
      if (--running == 0) done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  const int count = threads > 0 ? threads : usable_processors();
  try {
    for (int i = 1; i < count; ++i) impl_->workers.emplace_back([impl = impl_.get()] { impl->serve(); });
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
  return static_cast<int>(impl_->workers.size()) + 1;
}

void ThreadPool::run(std::int64_t chunks, FunctionRef<void(std::int64_t)> body) {
  if (chunks <= 0) return;
  if (inside_loop || chunks == 1 || impl_->workers.empty()) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  Impl::Loop loop(body, chunks);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->loop = &loop;
    ++impl_->generation;
  }
  impl_->wake.notify_all();
  loop.work();
  std::unique_lock lock(impl_->mutex);
  impl_->loop = nullptr;  // a worker that wakes only now finds nothing to do
  impl_->done.wait(lock, [&] { return impl_->running == 0; });
  lock.unlock();
  if (loop.error) std::rethrow_exception(loop.error);
}

void parallel_for(ThreadPool& pool, std::int64_t n, std::int64_t chunk,
                  FunctionRef<void(std::int64_t, std::int64_t)> body) {
  const std::int64_t chunks = (n + chunk - 1) / chunk;
  pool.run(chunks, [&](std::int64_t i) { body(i * chunk, std::min(n, (i + 1) * chunk)); });
}

}  // namespace kin
