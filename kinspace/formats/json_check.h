#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "kinspace/base/error.h"

namespace kin {

/// What a JSON text may be at most.
struct JsonLimits {
  std::size_t depth = 32;          ///< of arrays and objects within one another
  std::size_t keys = 450'000;      ///< of all objects together; they cost a library most
  std::size_t values = 2'000'000;  ///< of all kinds together
};

/// Checks that `text` is one JSON object in UTF-8, within the limits, in which no object has a key twice; what passes
/// can be given to a JSON library that builds trees.
/// Errors: `code`, with a message that starts with `where`.
void check_json_object(std::string_view text, const std::string& where, ErrorCode code, const JsonLimits& limits = {});

}  // namespace kin
