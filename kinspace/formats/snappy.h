#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kin {

/// What `compressed` holds, in Snappy's raw format; nothing when it is damaged or longer than `most` bytes.
///
/// Memory   the result, whose length the bytes state and which is at most 32 times theirs (an element of 3 bytes gives
///          64 at most); a longer statement is damage, found before anything is allocated.
/// Source   google/snappy, format_description.txt.
std::optional<std::string> snappy_uncompress(std::string_view compressed, std::uint64_t most = UINT64_MAX);

}  // namespace kin
