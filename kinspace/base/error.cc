#include "kinspace/base/error.h"

#include <fmt/core.h>

#include <utility>

namespace kin {
namespace {

struct CodeRow {
  ErrorCode code;
  int exit_status;
  std::string_view name;
};

// The one table from which every surface derives its status.
constexpr CodeRow kCodes[] = {
    {ErrorCode::kNotFound, 1, "not_found"},
    {ErrorCode::kInvalidArgument, 2, "invalid_argument"},
    {ErrorCode::kBadData, 3, "bad_data"},
    {ErrorCode::kCorruption, 4, "corruption"},
    {ErrorCode::kNotSupported, 4, "not_supported"},
    {ErrorCode::kIo, 5, "io"},
    {ErrorCode::kResourceLimit, 6, "resource_limit"},
    {ErrorCode::kDiverged, 7, "diverged"},
    {ErrorCode::kCancelled, 130, "cancelled"},
    {ErrorCode::kInternal, 70, "internal"},
};

const CodeRow& row_of(ErrorCode code) noexcept {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[std::size(kCodes) - 1];
}

}  // namespace

int exit_status(ErrorCode code) noexcept {
  return row_of(code).exit_status;
}

std::string_view error_name(ErrorCode code) noexcept {
  return row_of(code).name;
}

Error::Error(ErrorCode code, std::string message, std::string fix)
    : code_(code), message_(std::move(message)), fix_(std::move(fix)) {}

Error Error::not_found(std::string message, std::string fix) {
  return {ErrorCode::kNotFound, std::move(message), std::move(fix)};
}
Error Error::invalid_argument(std::string message, std::string fix) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(fix)};
}
Error Error::bad_data(std::string message, std::string fix) {
  return {ErrorCode::kBadData, std::move(message), std::move(fix)};
}
Error Error::corruption(std::string message, std::string fix) {
  return {ErrorCode::kCorruption, std::move(message), std::move(fix)};
}
Error Error::not_supported(std::string message, std::string fix) {
  return {ErrorCode::kNotSupported, std::move(message), std::move(fix)};
}
Error Error::io(std::string message, std::string fix) {
  return {ErrorCode::kIo, std::move(message), std::move(fix)};
}
Error Error::resource_limit(std::string message, std::string fix) {
  return {ErrorCode::kResourceLimit, std::move(message), std::move(fix)};
}
Error Error::diverged(std::string message, std::string fix) {
  return {ErrorCode::kDiverged, std::move(message), std::move(fix)};
}
Error Error::cancelled(std::string message, std::string fix) {
  return {ErrorCode::kCancelled, std::move(message), std::move(fix)};
}
Error Error::internal(std::string message, std::string fix) {
  return {ErrorCode::kInternal, std::move(message), std::move(fix)};
}

namespace detail {
void assertion_failed(const char* expression, const char* file, int line) {
  throw Error::internal(fmt::format("{}:{}: the invariant `{}` does not hold", file, line, expression),
                        "this is a bug of Kinspace: please report it with the command that showed it");
}
}  // namespace detail

}  // namespace kin
