#pragma once

#include <sys/resource.h>
#include <time.h>

namespace kin::bench {

inline double seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Seconds of wall clock, and of processors in this process, since some moment or between two.
struct Moment {
  double wall = 0;
  double cpu = 0;

  static Moment now() { return {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)}; }
  Moment operator-(const Moment& other) const { return {wall - other.wall, cpu - other.cpu}; }
  Moment operator+(const Moment& other) const { return {wall + other.wall, cpu + other.cpu}; }
};

/// The most memory that this process has had, in MiB.
inline double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace kin::bench
