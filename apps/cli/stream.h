#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "kinspace/base/file.h"

namespace kin::cli {

/// Thrown when the reader of our output has gone away (`| head`): not an error, but there is nobody left to talk to.
class BrokenPipe : public std::runtime_error {
 public:
  BrokenPipe() : std::runtime_error("broken pipe") {}
};

/// Where results go. No byte is lost in silence.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// Standard output, or memory in a test.
class StreamSink : public Sink {
 public:
  /// `file` is borrowed; `name` is for messages.
  StreamSink(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}

  /// Errors: kIo naming the cause, BrokenPipe.
  void write(std::string_view bytes) override;
  void flush();

 private:
  [[noreturn]] void fail() const;

  std::FILE* file_;
  std::string name_;
};

/// A file that appears whole, by commit(), or not at all.
class FileSink : public Sink {
 public:
  explicit FileSink(const std::string& path) : file_(path) {}

  /// Errors: kIo.
  void write(std::string_view bytes) override;
  void commit();

 private:
  AtomicFile file_;
  std::string waiting_;
};

enum class ColorMode { kAuto, kAlways, kNever };

/// What is at the other end of a stream.
struct Terminal {
  bool interactive = false;
  bool color = false;
  int width = 80;

  /// Colour by the mode; "auto" wants a terminal that is not dumb and no NO_COLOR in the environment.
  static Terminal of(std::FILE* file, ColorMode mode);
};

}  // namespace kin::cli
