#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// The words of a name, in lower case: "userId", "user_id" and "User ID" are user, id; "C14" is c, 14.
std::vector<std::string> words_of_name(std::string_view name);

/// Whether the words of a name, joined ("userid"), or its last one are among `words`.
bool is_named(std::string_view name, std::initializer_list<std::string_view> words);

}  // namespace kin
