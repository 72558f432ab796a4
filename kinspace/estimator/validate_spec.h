#pragma once

#include <map>
#include <string>

#include "kinspace/estimator/spec.h"

namespace kin {

/// Where settings stood: path -> place, such as "train.epochs" -> "movies.toml:7:52".
using Places = std::map<std::string, std::string>;

/// validate() with places in its messages, where they are known.
void validate_at(const Spec& spec, const Places& places);

}  // namespace kin
