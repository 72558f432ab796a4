#include "kinspace/formats/event_file.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>

#include "kinspace/base/random.h"
#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

EventWriterOptions at_time(double& time) {
  return {.flush_seconds = 5, .host = "host", .clock = [&time] { return time; }};
}

std::vector<Event> read_all(const std::string& path) {
  EventReader reader(path, TruncatedEnd::kDamaged);
  std::vector<Event> events;
  while (auto event = reader.next()) events.push_back(std::move(*event));
  return events;
}

std::string some_file(const std::string& directory) {
  double time = 1700000000.25;
  EventWriter writer(directory, at_time(time));
  const std::vector<EventScalar> metrics = {{"loss", 0.5}, {"auc", 0}, {"日本", -1e-3}};
  for (std::int64_t step : {0, 1, 100, 1 << 30}) writer.scalars(step, metrics);
  writer.histogram(100, "table", {.edges = {-1, 0, 1}, .counts = {3, 4}});
  writer.write({.step = 100, .session_log = SessionLog{SessionLog::Status::kCheckpoint, "model.ckpt-100", "saved"}});
  writer.flush();
  return writer.path();
}

TEST(EventFile, BeginsWithTheVersionAndIsNamedAsTensorBoardLooksForIt) {
  const TemporaryDirectory directory;
  double time = 1700000000.75;
  EventWriter writer(directory.file("deep/eval"), at_time(time));
  EXPECT_EQ(std::filesystem::path(writer.path()).filename().string().find("events.out.tfevents.1700000000.host."), 0U);
  const std::vector<Event> events = read_all(writer.path());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[0].writer, "tensorflow.core.util.events_writer");
  EXPECT_EQ(events[0].wall_time, 1700000000);
}

TEST(EventFile, GivesBackWhatWasWritten) {
  const TemporaryDirectory directory;
  const std::vector<Event> events = read_all(some_file(directory.path()));
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[4].step, 1 << 30);
  EXPECT_EQ(events[4].wall_time, 1700000000.25);
  ASSERT_EQ(events[4].values.size(), 3U);
  EXPECT_EQ(events[4].values[1].scalar(), 0);
  EXPECT_EQ(events[4].values[2].tag, "日本");
  EXPECT_EQ(events[4].values[2].scalar(), double{-1e-3F});
  EXPECT_EQ(histogram_of(events[5].values.at(0)), (Histogram{{-1, 0, 1}, {3, 4}}));
  EXPECT_EQ(events[6].session_log, (SessionLog{SessionLog::Status::kCheckpoint, "model.ckpt-100", "saved"}));
  for (const Event& event : events) EXPECT_EQ(decode_event(encode_event(event), "again"), event);
}

TEST(EventFile, IsAFunctionOfItsContentAndTheClock) {
  const TemporaryDirectory a;
  const TemporaryDirectory b;
  EXPECT_EQ(slurp(some_file(a.path())), slurp(some_file(b.path())));
}

TEST(EventFile, NaNIsLeftOutAndWhatIsTooLargeIsInfinite) {
  const TemporaryDirectory directory;
  double time = 1;
  EventWriter writer(directory.path(), at_time(time));
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  writer.scalars(1, std::vector<EventScalar>{{"a", kNan}, {"b", 1e300}, {"c", -1e300}});
  writer.scalars(2, std::vector<EventScalar>{{"a", kNan}});
  writer.flush();
  const std::vector<Event> events = read_all(writer.path());
  ASSERT_EQ(events.size(), 2U);
  ASSERT_EQ(events[1].values.size(), 2U);
  EXPECT_EQ(events[1].values[0].scalar(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(events[1].values[1].scalar(), -std::numeric_limits<double>::infinity());
}

TEST(EventFile, WaitsInMemoryUntilItsTimeOrEnoughBytes) {
  const TemporaryDirectory directory;
  double time = 1000;
  EventWriter writer(directory.path(), at_time(time));
  const std::vector<EventScalar> loss = {{"loss", 1}};
  writer.scalars(1, loss);
  EXPECT_EQ(read_all(writer.path()).size(), 1U);
  time += 4.9;
  writer.scalars(2, loss);
  EXPECT_EQ(read_all(writer.path()).size(), 1U);
  time += 0.2;
  writer.scalars(3, loss);
  EXPECT_EQ(read_all(writer.path()).size(), 4U);
  time -= 100;
  writer.scalars(4, loss);
  EXPECT_EQ(read_all(writer.path()).size(), 5U);
  for (std::int64_t step = 5; step < 3000; ++step) writer.scalars(step, loss);
  EXPECT_GT(read_all(writer.path()).size(), 1000U);
}

TEST(EventFile, EachNewFileOfADirectorySortsLastWhateverTheClockSays) {
  const TemporaryDirectory directory;
  double time = 5000;
  std::vector<std::string> paths;
  for (const double clock : {5000.0, 5000.0, 4000.0, 9000.0}) {
    time = clock;
    EventWriterOptions options = at_time(time);
    options.host = paths.size() % 2 == 0 ? "zebra" : "ape.with/odd name";
    paths.push_back(EventWriter(directory.path(), options).path());
  }
  EXPECT_EQ(event_files(directory.path()), paths);
  EXPECT_EQ(
      std::filesystem::path(paths[1]).filename().string().find("events.out.tfevents.0000005001.ape_with_odd_name."),
      0U);
}

TEST(EventFile, AResumedRunReplacesTheStepsThatItRepeats) {
  const TemporaryDirectory directory;
  double time = 1000;
  EventWriterOptions options = at_time(time);
  options.start_step = 0;
  {
    EventWriter writer(directory.path(), options);
    for (std::int64_t step = 0; step <= 50; step += 10) {
      writer.scalars(step, std::vector<EventScalar>{{"loss", double(step)}, {"other", 1}});
    }
  }
  options.start_step = 30;
  {
    EventWriter writer(directory.path(), options);
    writer.scalars(30, std::vector<EventScalar>{{"loss", -30}});
    writer.scalars(40, std::vector<EventScalar>{{"loss", -40}});
    writer.scalars(40, std::vector<EventScalar>{{"loss", -41}});
  }
  const auto rows = read_event_scalars(directory.path());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at("loss"),
            (std::vector<EventRow>{{0, 0, 1000}, {10, 10, 1000}, {20, 20, 1000}, {30, -30, 1000}, {40, -41, 1000}}));
  EXPECT_EQ(rows.at("other").back().step, 20);
}

TEST(EventFile, TheFirstStartRemovesNothingAsInTensorBoard) {
  const TemporaryDirectory directory;
  double time = 1000;
  EventWriterOptions options = at_time(time);
  EventWriter(directory.path(), options).scalars(10, std::vector<EventScalar>{{"loss", 1}});
  options.start_step = 0;
  EventWriter first(directory.path(), options);
  EXPECT_EQ(read_event_scalars(directory.path()).at("loss").size(), 1U);
  EventWriter second(directory.path(), options);
  EXPECT_TRUE(read_event_scalars(directory.path()).empty());
}

TEST(EventFile, ADirectoryThatIsNotThereHasNoValues) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(event_files(directory.file("none")).empty());
  EXPECT_TRUE(read_event_scalars(directory.file("none")).empty());
  spill(directory.file("notes.txt"), "x");
  std::filesystem::create_directory(directory.file("x.tfevents.dir"));
  EXPECT_TRUE(event_files(directory.path()).empty());
  EXPECT_EQ(error_of([&] { event_files(directory.file("notes.txt")); }).code(), ErrorCode::kIo);
  EXPECT_EQ(error_of([&] { EventReader reader(directory.file("none")); }).code(), ErrorCode::kIo);
  EXPECT_EQ(error_of([&] { EventWriter writer(directory.file("notes.txt")); }).code(), ErrorCode::kIo);
}

TEST(EventFile, AFullDiskLeavesWholeRecordsAndTheRestIsWrittenLater) {
  const TemporaryDirectory directory;
  double time = 1000;
  EventWriter writer(directory.path(), at_time(time));
  writer.scalars(1, std::vector<EventScalar>{{"loss", 1}});
  writer.flush();
  const std::uint64_t whole = file_size(writer.path());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = whole + 10;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  writer.scalars(2, std::vector<EventScalar>{{"loss", 2}});
  const Error error = error_of([&] { writer.flush(); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(file_size(writer.path()), whole);
  writer.flush();
  EXPECT_EQ(read_all(writer.path()).size(), 3U);
}

TEST(EventFile, EveryTruncationGivesTheRecordsBeforeIt) {
  const TemporaryDirectory directory;
  const std::string path = some_file(directory.path());
  const std::string content = slurp(path);
  const std::vector<Event> all = read_all(path);
  for (std::size_t length = 0; length < content.size(); ++length) {
    spill(path, content.substr(0, length));
    EventReader reader(path);
    std::size_t count = 0;
    while (const auto event = reader.next()) ASSERT_EQ(*event, all.at(count++)) << length;
    ASSERT_LE(reader.offset(), length);
    ASSERT_LT(count, all.size());
  }
}

TEST(EventFile, EveryOneOf2000BitFlipsIsNoticed) {
  const TemporaryDirectory directory;
  const std::string path = some_file(directory.path());
  const std::string content = slurp(path);
  for (std::uint64_t i = 0; i < 2000 && !HasFailure(); ++i) {
    RandomStream random(3, Purpose::kPick, 0, i);
    std::string changed = content;
    const std::size_t at = random.below(content.size());
    changed[at] = static_cast<char>(changed[at] ^ (1 << random.below(8)));
    spill(path, changed);
    const Error error = error_of([&] { read_all(path); });
    EXPECT_EQ(error.code(), ErrorCode::kCorruption) << at;
    EXPECT_NE(error.message().find(path), std::string::npos);
  }
}

TEST(EventFile, AfterAnyOf2000SplicesOnlyEventsThatWereWrittenAreRead) {
  const TemporaryDirectory directory;
  const std::string path = some_file(directory.path());
  const std::string content = slurp(path);
  const std::vector<Event> all = read_all(path);
  for (std::uint64_t i = 0; i < 2000 && !HasFailure(); ++i) {
    RandomStream random(5, Purpose::kPick, 0, i);
    std::string changed = content;
    changed.replace(random.below(content.size()), random.below(60), content, random.below(content.size()),
                    random.below(60));
    spill(path, changed);
    try {
      EventReader reader(path);
      while (const auto event = reader.next()) EXPECT_NE(std::find(all.begin(), all.end(), *event), all.end()) << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruption) << i << ": " << error.message();
    }
  }
}

TEST(EventFile, WithChecksumsMadeRightAgainTheEndIsATypedErrorOrAnEvent) {
  const TemporaryDirectory directory;
  const std::vector<Event> all = read_all(some_file(directory.path()));
  int accepted = 0;
  int refused = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    RandomStream random(4, Purpose::kPick, 0, i);
    std::string bytes = encode_event(all[random.below(all.size())]);
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next_u32());
    }
    if (random.below(5) == 0) bytes.resize(random.below(bytes.size()) + 1);
    try {
      const Event event = decode_event(bytes, "here");
      const std::string again = encode_event(event);
      EXPECT_EQ(encode_event(decode_event(again, "again")), again) << i;
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruption) << i << ": " << error.message();
      EXPECT_EQ(error.message().find("here: "), 0U);
      ++refused;
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 100);
}

TEST(EventFile, ALengthIsBelievedOnlyAsFarAsThereAreBytes) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.tfevents.1");
  for (const std::uint64_t length : {std::uint64_t{1} << 30, std::uint64_t{1} << 31, ~std::uint64_t{0}}) {
    std::string head(reinterpret_cast<const char*>(&length), sizeof length);
    // The frame of these 8 bytes as a record ends with the checksum that they have as a length.
    const std::string frame = frame_record(head);
    spill(path, head + frame.substr(frame.size() - 4) + "abc");
    EventReader reader(path);
    if (length == std::uint64_t{1} << 30) {
      EXPECT_FALSE(reader.next().has_value());
    } else {
      EXPECT_EQ(error_of([&] { reader.next(); }).code(), ErrorCode::kCorruption);
    }
  }
}

TEST(EventFile, TextsMustBeUtf8) {
  const TemporaryDirectory directory;
  double time = 1;
  EventWriter writer(directory.path(), at_time(time));
  EXPECT_EQ(error_of([&] {
              writer.scalars(1, std::vector<EventScalar>{{"\xff", 1}});
            }).code(),
            ErrorCode::kInvalidArgument);
  writer.flush();
  EXPECT_EQ(read_all(writer.path()).size(), 1U);
}

TEST(Event, ScalarsAreReadFromEveryFormInUse) {
  const auto scalar = [](std::int32_t dtype, auto number) {
    EventTensor tensor{.dtype = dtype};
    tensor.content.assign(reinterpret_cast<const char*>(&number), sizeof number);
    return EventValue{.tag = "x", .value = tensor}.scalar();
  };
  EXPECT_EQ(scalar(1, 1.5F), 1.5);
  EXPECT_EQ(scalar(2, 1.25), 1.25);
  EXPECT_EQ(scalar(3, std::int32_t{-7}), -7);
  EXPECT_EQ(scalar(9, std::int64_t{1} << 40), double(std::int64_t{1} << 40));
  EXPECT_EQ(scalar(2, 1.5F), std::nullopt);  // too few bytes
  EXPECT_EQ(scalar(7, 1.5F), std::nullopt);
  EXPECT_EQ(EventValue{.tag = "x"}.scalar(), std::nullopt);
  // float_val: 0.5 instead of tensor_content, in field 5 of the tensor in field 8 of the value.
  const std::string typed("\x2a\x0f\x0a\x0d\x0a\x01x\x42\x08\x08\x01\x2a\x04\0\0\0\x3f", 17);
  const Event event = decode_event(typed, "typed");
  ASSERT_EQ(event.values.size(), 1U);
  EXPECT_EQ(event.values[0].scalar(), 0.5);
}

TEST(Event, HistogramsOfOtherShapesAreNone) {
  EventValue value = histogram_value("h", {.edges = {0, 1}, .counts = {2}});
  EXPECT_TRUE(histogram_of(value).has_value());
  std::get<EventTensor>(value.value).shape = {3, 1};
  EXPECT_FALSE(histogram_of(value).has_value());
  std::get<EventTensor>(value.value).shape = {2, 3};
  EXPECT_FALSE(histogram_of(value).has_value());
  EXPECT_FALSE(histogram_of({.tag = "h", .value = 1.0F}).has_value());
}

}  // namespace
}  // namespace kin
