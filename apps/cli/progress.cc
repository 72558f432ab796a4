#include "apps/cli/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "apps/cli/report.h"
#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

constexpr double kRedraw = 0.1;  // seconds

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string metric_text(const TrainProgress& p) {
  return p.metric ? fmt::format("{:.4f}", *p.metric) : "-";
}

double share_done(const TrainProgress& p) {
  return p.steps > 0 ? std::clamp(static_cast<double>(p.step) / static_cast<double>(p.steps), 0.0, 1.0) : 0.0;
}

std::string json_line(const TrainProgress& p) {
  const Report report{"kin.progress/1",
                      {{"event", std::string("progress")},
                       {"step", p.step},
                       {"steps", p.steps},
                       {"epoch", p.epoch},
                       {"loss", p.loss},
                       {"loss_since", p.loss_since},
                       {"learning_rate", static_cast<float>(p.learning_rate)},
                       {"examples_per_second", p.examples_per_second},
                       {"seconds_left", p.seconds_left},
                       {"checkpoint_age", p.checkpoint_age},
                       {"metric", p.metric ? Cell(*p.metric) : Cell()},
                       {"evaluated", p.evaluated},
                       {"last", p.last}},
                      {},
                      {}};
  return fields_json(report);
}

std::string json_line(const RunPlan& plan) {
  const Report report{"kin.progress/1",
                      {{"event", std::string("plan")},
                       {"events", plan.events},
                       {"groups", plan.groups},
                       {"train_groups", plan.train_groups},
                       {"train_rows", plan.train_rows},
                       {"valid_rows", plan.valid_rows},
                       {"test_rows", plan.test_rows},
                       {"items", plan.items},
                       {"dim", plan.dim},
                       {"parameters", plan.parameters},
                       {"negatives", plan.negatives},
                       {"examples", plan.examples},
                       {"steps", plan.steps},
                       {"resumed_at", plan.resumed_at},
                       {"memory_bytes", static_cast<std::int64_t>(plan.memory_bytes)}},
                      {},
                      {}};
  return fields_json(report);
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = std::llround(std::clamp(std::isfinite(seconds) ? seconds : 0.0, 0.0, 1e9));
  const std::int64_t hours = whole / 3600;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, whole / 60 % 60, whole % 60)
                   : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string rate_text(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.3g}M", per_second / 1e6);
  if (per_second >= 1e3) return fmt::format("{:.3g}k", per_second / 1e3);
  return fmt::format("{:.3g}", per_second);
}

ProgressMode progress_mode(const std::string& name, const Terminal& terminal, bool quiet) {
  if (name == "json") return ProgressMode::kJson;
  if (name == "none" || quiet) return ProgressMode::kNone;
  if (name == "bar") return ProgressMode::kBar;
  return name == "auto" && terminal.interactive ? ProgressMode::kBar : ProgressMode::kPlain;
}

ProgressPrinter::ProgressPrinter(std::FILE* err, Terminal terminal, ProgressMode mode, std::function<bool()> stop,
                                 Clock clock)
    : err_(err),
      terminal_(terminal),
      mode_(mode),
      stop_(std::move(stop)),
      clock_(clock ? std::move(clock) : steady_seconds) {}

ProgressPrinter::~ProgressPrinter() {
  finish();
}

void ProgressPrinter::finish() {
  if (!bar_.empty()) std::fputs("\r\x1b[K", err_);
  bar_.clear();
  std::fflush(err_);
}

void ProgressPrinter::line(const std::string& text) {
  const std::string bar = bar_;
  finish();
  std::fprintf(err_, "%s\n", text.c_str());
  if (!bar.empty()) std::fputs(bar.c_str(), err_);
  bar_ = bar;
  std::fflush(err_);
}

void ProgressPrinter::on_note(const std::string& note) {
  if (mode_ == ProgressMode::kJson) {
    line(fields_json({"kin.progress/1", {{"event", std::string("note")}, {"text", note}}, {}, {}}));
  } else if (mode_ != ProgressMode::kNone) {
    line(note);
  }
}

void ProgressPrinter::resumed(const RunPlan& plan) {
  if (plan.resumed_at > 0)
    line(fmt::format("going on from the checkpoint of step {}", with_thousands(plan.resumed_at)));
}

void ProgressPrinter::row_plan(const RunPlan& plan) {
  line(fmt::format("{} rows ({} to train, {} to validate, {} to test), {} columns", with_thousands(plan.events),
                   with_thousands(plan.train_rows), with_thousands(plan.valid_rows), with_thousands(plan.test_rows),
                   with_thousands(plan.columns)));
  line(fmt::format("{} examples an epoch, {} steps, {} of encoded rows", with_thousands(plan.examples),
                   with_thousands(plan.steps), human_bytes(plan.memory_bytes)));
  resumed(plan);
}

void ProgressPrinter::on_plan(const RunPlan& plan) {
  if (mode_ == ProgressMode::kJson) return line(json_line(plan));
  if (mode_ == ProgressMode::kNone) return;
  if (plan.columns > 0) return row_plan(plan);
  line(fmt::format("{} events of {} groups ({} to train, {} to validate, {} to test)", with_thousands(plan.events),
                   with_thousands(plan.groups), with_thousands(plan.train_groups), with_thousands(plan.valid_groups),
                   with_thousands(plan.test_groups)));
  line(fmt::format("{} items ({} left out), width {}{}, {} parameters, {}", with_thousands(plan.items),
                   with_thousands(plan.dropped_items), plan.dim,
                   plan.dim_by_rule ? " (fourth root of the number of values; larger often helps when data allow)" : "",
                   with_thousands(plan.parameters),
                   plan.negatives == 0 ? "full softmax"
                                       : fmt::format("{} shared negatives", with_thousands(plan.negatives)) +
                                             (plan.negatives_by_cost ? " (chosen by cost)" : "")));
  line(fmt::format("{} examples an epoch, {} steps, about {} of memory", with_thousands(plan.examples),
                   with_thousands(plan.steps), human_bytes(plan.memory_bytes)));
  resumed(plan);
}

void ProgressPrinter::on_progress(const TrainProgress& p) {
  if (mode_ == ProgressMode::kJson && p.row) line(json_line(p));
  if (mode_ == ProgressMode::kPlain && p.row) row(p);
  if (mode_ != ProgressMode::kBar) return;
  if (p.evaluated || p.last) row(p);
  if (p.last) return finish();
  const double now = clock_();
  if (now - drawn_ < kRedraw) return;
  drawn_ = now;
  draw_bar(p);
}

void ProgressPrinter::row(const TrainProgress& p) {
  if (!header_) line("    step   epoch      loss     since        lr      ex/s    metric      left");
  header_ = true;
  line(fmt::format("{:8} {:7.2f} {:9.4f} {:9.4f} {:9.3g} {:>9} {:>9} {:>9}", p.step, p.epoch, p.loss, p.loss_since,
                   p.learning_rate, rate_text(p.examples_per_second), metric_text(p), duration_text(p.seconds_left)));
}

void ProgressPrinter::draw_bar(const TrainProgress& p) {
  constexpr int kCells = 20;
  const double share = share_done(p);
  const int full = static_cast<int>(share * kCells);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < kCells) bar += '>';
  bar.resize(kCells, ' ');
  std::string text = fmt::format("[{}] {:3.0f}% epoch {:.1f}  loss {:.4f}  {} ex/s", bar, std::floor(share * 100),
                                 p.epoch, p.loss_since, rate_text(p.examples_per_second));
  if (p.metric) text += fmt::format("  metric {}", metric_text(p));
  text += fmt::format("  ETA {}  ckpt {:.0f} s ago", duration_text(p.seconds_left), p.checkpoint_age);
  const auto width = static_cast<std::size_t>(std::max(terminal_.width, 20));
  if (text.size() >= width) text.resize(width - 1);
  bar_ = "\r\x1b[K" + text;
  std::fputs(bar_.c_str(), err_);
  std::fflush(err_);
}

}  // namespace kin::cli
