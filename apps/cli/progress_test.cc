#include "apps/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/testing.h"

namespace kin::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TrainProgress at(std::int64_t step, bool row = false) {
  TrainProgress p;
  p.step = step;
  p.steps = 100;
  p.epoch = static_cast<double>(step) / 10;
  p.loss = 7;
  p.loss_since = 7.5;
  p.row = row;
  p.learning_rate = 0.003;
  p.examples_per_second = 18'300;
  p.seconds_left = 187;
  p.checkpoint_age = 14;
  return p;
}

bool never() {
  return false;
}

TEST(Progress, PlainPrintsTheRowsThatAreWorthALine) {
  MemoryStream err;
  ProgressPrinter printer(err.file(), {}, ProgressMode::kPlain, never);
  printer.on_progress(at(1, true));
  printer.on_progress(at(2, true));
  printer.on_progress(at(3));
  printer.on_progress(at(4, true));
  const std::string text = err.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4) << text;  // with the header
  EXPECT_THAT(text, HasSubstr("       4    0.40    7.0000    7.5000     0.003     18.3k         -      3:07\n"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Progress, JsonIsAnObjectALine) {
  MemoryStream err;
  ProgressPrinter printer(err.file(), {}, ProgressMode::kJson, never);
  RunPlan plan;
  plan.steps = 100;
  printer.on_plan(plan);
  printer.on_note("a \"note\"");
  TrainProgress p = at(10, true);
  p.metric = 0.25;
  printer.on_progress(p);
  std::istringstream lines(err.text());
  std::vector<nlohmann::json> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.size(), 3U);
  for (const auto& event : events) EXPECT_EQ(event["schema"], "kin.progress/1");
  EXPECT_EQ(events[0]["event"], "plan");
  EXPECT_EQ(events[0]["steps"], 100);
  EXPECT_EQ(events[1]["text"], "a \"note\"");
  EXPECT_EQ(events[2]["step"], 10);
  EXPECT_EQ(events[2]["metric"], 0.25);
}

TEST(Progress, ABarIsDrawnAtMostTenTimesASecond) {
  MemoryStream err;
  double now = 100;
  ProgressPrinter printer(err.file(), {.width = 200}, ProgressMode::kBar, never, [&] { return now; });
  for (std::int64_t step = 1; step <= 100; ++step) {
    now += 0.01;
    printer.on_progress(at(step));
  }
  const std::string text = err.text();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 11);
  EXPECT_GE(std::count(text.begin(), text.end(), '\r'), 9);
  EXPECT_THAT(text, HasSubstr("ETA 3:07  ckpt 14 s ago"));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST(Progress, ABarNeverWrapsAndGivesWayToNotes) {
  MemoryStream err;
  double now = 0;
  ProgressPrinter printer(err.file(), {.width = 40}, ProgressMode::kBar, never, [&] { return now += 1; });
  printer.on_progress(at(50));
  const std::string bar = err.text();
  EXPECT_EQ(bar.size(), std::string("\r\x1b[K").size() + 39);
  printer.on_note("a note");
  EXPECT_EQ(err.text(), bar + "\r\x1b[Ka note\n" + bar);
  printer.finish();
  EXPECT_THAT(err.text(), testing::EndsWith("\r\x1b[K"));
}

TEST(Progress, NoneIsSilent) {
  MemoryStream err;
  ProgressPrinter printer(err.file(), {}, ProgressMode::kNone, never);
  printer.on_plan({});
  printer.on_note("x");
  printer.on_progress(at(1, true));
  EXPECT_EQ(err.text(), "");
}

TEST(Progress, ModeFollowsFlagTerminalAndQuiet) {
  const Terminal pipe{};
  const Terminal screen{.interactive = true};
  EXPECT_EQ(progress_mode("auto", pipe, false), ProgressMode::kPlain);
  EXPECT_EQ(progress_mode("auto", screen, false), ProgressMode::kBar);
  EXPECT_EQ(progress_mode("auto", screen, true), ProgressMode::kNone);
  EXPECT_EQ(progress_mode("plain", screen, false), ProgressMode::kPlain);
  EXPECT_EQ(progress_mode("json", pipe, true), ProgressMode::kJson);
  EXPECT_EQ(progress_mode("bar", pipe, false), ProgressMode::kBar);
}

TEST(Progress, TextsAreShort) {
  EXPECT_EQ(duration_text(0), "0:00");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(3729), "1:02:09");
  EXPECT_EQ(duration_text(-1), "0:00");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "0:00");
  EXPECT_EQ(rate_text(412), "412");
  EXPECT_EQ(rate_text(18'300), "18.3k");
  EXPECT_EQ(rate_text(1.25e6), "1.25M");
}

}  // namespace
}  // namespace kin::cli
