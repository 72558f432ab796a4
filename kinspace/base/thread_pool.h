#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>

namespace kin {

/// A borrowed callable: the two words that a parallel loop needs, without an allocation.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef>>>
  FunctionRef(F&& f) noexcept  // NOLINT(google-explicit-constructor, bugprone-forwarding-reference-overload)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// A fixed number of threads that share the chunks of one loop at a time.
///
/// Determinism: how a loop is cut into chunks is the caller's choice and must not depend on `threads()`; then results
/// do not depend on it either. Which thread runs which chunk is unspecified.
class ThreadPool {
 public:
  /// The calling thread counts as one: `threads - 1` are started. 0 means one for each processor this process may use.
  /// Errors: kResourceLimit when the system refuses so many.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept;

  /// Calls body(chunk) for every chunk in [0, chunks) and returns when all have returned. If some throw, the exception
  /// of the lowest chunk that threw is rethrown after all running ones ended. A call from inside a body runs serially.
  /// One outer call at a time; the caller takes part in the work.
  void run(std::int64_t chunks, FunctionRef<void(std::int64_t)> body);

 private:
  friend class SideTask;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Work that is wanted later and done beside the loops of a pool: by one of its threads when that has nothing to do in
/// a loop, or, if none came to it, by the caller of finish(). Where a pool has one thread that is always so.
///
/// Threads   start() and finish() belong to one thread; what the work touches is the work's own in between. A loop in
///           it runs serially on a thread of the pool.
class SideTask {
 public:
  explicit SideTask(ThreadPool& pool) : pool_(&pool) {}
  ~SideTask() { drop(); }
  SideTask(const SideTask&) = delete;
  SideTask& operator=(const SideTask&) = delete;

  /// Hands over work; finish() comes before the next. Wakes no thread that sleeps: the next loop does.
  void start(std::function<void()> work);

  /// Whether there is work that was neither finished nor dropped.
  bool started() const noexcept { return work_ != nullptr; }

  /// Returns when the work has been done; rethrows what it threw. Without work it does nothing.
  void finish();

  /// Nobody wants the work any more: waits if it was begun, and forgets what it threw.
  void drop() noexcept;

 private:
  friend class ThreadPool;
  bool take_back() noexcept;
  void wait() const noexcept;
  void run() noexcept;

  ThreadPool* pool_;
  std::function<void()> work_;
  std::exception_ptr error_;
  std::atomic<bool> done_{false};
};

/// pool->run(), or the same in the calling thread where there is no pool.
void run(ThreadPool* pool, std::int64_t chunks, FunctionRef<void(std::int64_t)> body);

/// Calls body(begin, end) for consecutive ranges of at most `chunk` elements that cover [0, n).
void parallel_for(ThreadPool& pool, std::int64_t n, std::int64_t chunk,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body);

}  // namespace kin
