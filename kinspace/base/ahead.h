#pragma once

#include <array>
#include <functional>
#include <utility>

#include "kinspace/base/thread_pool.h"

namespace kin {

/// Values that are asked for one after the other: while one is used, the next is made beside the loops of a pool
/// (SideTask).
///
/// Threads   one; `make` runs on any, not on two at once, and must give the same value wherever it runs.
template <class Key, class Value>
class Ahead {
 public:
  using Make = std::function<void(const Key&, Value&)>;  ///< overwrites whatever the value was

  Ahead(ThreadPool& pool, Make make) : make_(std::move(make)), task_(pool) {}

  /// The value of `key`, good until the next call; starts on that of `next`, which is no more than a guess. Errors
  /// those of `make` for `key`.
  Value& get(const Key& key, const Key& next) {
    if (task_.started() && next_ == key) {
      task_.finish();
      current_ = 1 - current_;
    } else {
      task_.drop();
      make_(key, values_[current_]);
    }
    next_ = next;
    task_.start([this] { make_(next_, values_[1 - current_]); });
    return values_[current_];
  }

 private:
  Make make_;
  std::array<Value, 2> values_;
  std::size_t current_ = 0;
  Key next_{};
  SideTask task_;
};

}  // namespace kin
