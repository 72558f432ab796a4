#pragma once

#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/formats/manifest.h"

namespace kin {

/// For a second encoder that starts fitted.
FittedColumns copy_of(const FittedColumns& columns);

/// Writes the vocabularies of what columns learned below `directory`, and returns the records of the files.
/// Errors: kIo.
std::vector<FileRecord> save_vocabularies(const std::string& directory, const FittedColumns& columns);

/// The numbers that columns learned as a JSON object: name -> list, exact to the last bit.
std::string fitted_numbers_json(const FittedColumns& columns);

/// Reads both back: numbers from the JSON, vocabularies from the files that the manifest names.
/// Errors   kCorruption, kIo.
FittedColumns load_fitted_columns(const std::string& directory, const Manifest& manifest,
                                  const std::string& numbers_json);

/// One vocabulary of a manifest. Errors   kCorruption, also when there is none of that column; kIo.
Vocabulary load_vocabulary(const std::string& directory, const Manifest& manifest, const std::string& column);

/// The files of one vocabulary: keys with counts, and labels where it has some. Errors: kIo.
std::vector<FileRecord> save_vocabulary(const std::string& directory, const std::string& column,
                                        const Vocabulary& vocabulary);

}  // namespace kin
