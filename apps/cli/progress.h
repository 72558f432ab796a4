#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "apps/cli/stream.h"
#include "kinspace/estimator/train.h"

namespace kin::cli {

enum class ProgressMode { kBar, kPlain, kJson, kNone };

/// "auto" is a bar on a terminal and plain rows elsewhere.
ProgressMode progress_mode(const std::string& name, const Terminal& terminal, bool quiet);

/// Shows on stderr how a run goes, as the only writer there while it lives.
///
///   bar     one line that is drawn anew at most ten times a second; notes and evaluations scroll above it
///   plain   the rows that the run finds worth a line: steps 1, 2, 4, 8, ..., evaluations, the last step
///   json    the same as an object in a line, schema "kin.progress/1"
///   none    nothing but what the run must say
class ProgressPrinter : public TrainObserver {
 public:
  using Clock = std::function<double()>;  ///< seconds since some start

  ProgressPrinter(std::FILE* err, Terminal terminal, ProgressMode mode, std::function<bool()> stop, Clock clock = {});
  ~ProgressPrinter() override;
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  void on_plan(const RunPlan& plan) override;
  void on_note(const std::string& note) override;
  void on_progress(const TrainProgress& progress) override;
  bool stop_requested() override { return stop_(); }

  /// Takes the bar away, so that others can write.
  void finish();

 private:
  void resumed(const RunPlan& plan);
  void row_plan(const RunPlan& plan);
  void line(const std::string& text);
  void draw_bar(const TrainProgress& progress);
  void row(const TrainProgress& progress);

  std::FILE* err_;
  Terminal terminal_;
  ProgressMode mode_;
  std::function<bool()> stop_;
  Clock clock_;
  std::string bar_;      // what stands in the last line now
  double drawn_ = -1e9;  // when it was drawn
  bool header_ = false;
};

/// "3:07" or "1:02:09".
std::string duration_text(double seconds);

/// "412", "18.3k", "1.25M".
std::string rate_text(double per_second);

}  // namespace kin::cli
