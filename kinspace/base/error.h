#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace kin {

/// What went wrong, by whom to blame; decides the exit status (and later the HTTP status and the Python class).
enum class ErrorCode {
  kNotFound,         ///< the question has a negative answer: an unknown key            exit 1
  kInvalidArgument,  ///< the caller asked for something impossible: usage, spec        exit 2
  kBadData,          ///< the user's data do not say what they should                   exit 3
  kCorruption,       ///< a file of ours fails its checks                               exit 4
  kNotSupported,     ///< a file of a version or kind that this build does not know     exit 4
  kIo,               ///< the operating system refused: missing, permission, disk full  exit 5
  kResourceLimit,    ///< more memory than allowed would be needed                      exit 6
  kDiverged,         ///< training left the finite numbers                              exit 7
  kCancelled,        ///< the caller asked to stop                                      exit 130
  kInternal,         ///< our bug                                                       exit 70
};

/// Process exit status for `code`, as in the table above.
int exit_status(ErrorCode code) noexcept;

/// Stable lower-case name of `code` for machine output, such as "bad_data".
std::string_view error_name(ErrorCode code) noexcept;

/// The only exception type that the library throws.
///
/// `what()` says where, what came and what is needed; `fix()` says what to do and may be empty.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string fix = {});

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const noexcept { return message_; }
  const std::string& fix() const noexcept { return fix_; }
  ErrorCode code() const noexcept { return code_; }

  static Error not_found(std::string message, std::string fix = {});
  static Error invalid_argument(std::string message, std::string fix = {});
  static Error bad_data(std::string message, std::string fix = {});
  static Error corruption(std::string message, std::string fix = {});
  static Error not_supported(std::string message, std::string fix = {});
  static Error io(std::string message, std::string fix = {});
  static Error resource_limit(std::string message, std::string fix = {});
  static Error diverged(std::string message, std::string fix = {});
  static Error cancelled(std::string message, std::string fix = {});
  static Error internal(std::string message, std::string fix = {});

 private:
  ErrorCode code_;
  std::string message_;
  std::string fix_;
};

namespace detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

/// Checks an invariant of our own; untrusted input must never reach it. Throws kInternal, in every build type.
#define KIN_ASSERT(expression) \
  (static_cast<bool>(expression) ? void(0) : ::kin::detail::assertion_failed(#expression, __FILE__, __LINE__))

}  // namespace kin
