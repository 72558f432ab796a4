#include "kinspace/formats/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/internal/convert_elements.h"

namespace kin {

TensorFile::~TensorFile() = default;

void TensorFile::set_tensors(std::vector<StoredTensor> tensors) {
  tensors_ = std::move(tensors);
  std::sort(tensors_.begin(), tensors_.end(),
            [](const StoredTensor& a, const StoredTensor& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (i > 0 && tensors_[i].name == tensors_[i - 1].name) corrupt(tensors_[i], "it comes twice");
    if (!checked_elements(tensors_[i].shape)) {
      corrupt(tensors_[i], fmt::format("no file can hold {}", tensors_[i].describe()));
    }
  }
}

void TensorFile::add_alias(const std::string& name, std::size_t index) {
  const auto [at, added] = aliases_.emplace(name, index);
  if (!added && at->second != index) at->second = kAmbiguous;
}

std::size_t TensorFile::index_of(const StoredTensor& tensor) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), tensor.name,
                                   [](const StoredTensor& t, const std::string& name) { return t.name < name; });
  KIN_ASSERT(at != tensors_.end() && at->name == tensor.name);
  return static_cast<std::size_t>(at - tensors_.begin());
}

const StoredTensor* TensorFile::find(std::string_view name) const {
  const auto search = [&](std::string_view wanted) -> const StoredTensor* {
    const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), wanted,
                                     [](const StoredTensor& t, std::string_view n) { return t.name < n; });
    if (at != tensors_.end() && at->name == wanted) return &*at;
    const auto alias = aliases_.find(wanted);
    return alias == aliases_.end() || alias->second == kAmbiguous ? nullptr : &tensors_[alias->second];
  };
  const StoredTensor* found = search(name);
  if (found == nullptr && name.ends_with(":0")) found = search(name.substr(0, name.size() - 2));
  return found;
}

const StoredTensor& TensorFile::require(std::string_view name) const {
  if (const StoredTensor* found = find(name)) return *found;
  std::vector<std::string> names;
  for (const StoredTensor& tensor : tensors_) names.push_back(tensor.name);
  for (const auto& [alias, index] : aliases_) {
    if (index == kAmbiguous && alias == name) {
      throw Error::not_found(
          fmt::format("{}: several tensors have the name {} in its object graph", path_, kin::quoted(name)),
          fmt::format("give the whole key, as 'kin info {}' lists it", path_));
    }
    names.push_back(alias);
  }
  throw Error::not_found(
      fmt::format("{} has no tensor {}{}", path_, kin::quoted(name), did_you_mean(name, names)),
      fmt::format("'kin info {}' lists its {}", path_, with_thousands(static_cast<std::int64_t>(tensors_.size()))));
}

std::string TensorFile::attributes() const {
  return {};
}

const TokenList* TensorFile::tokens(const StoredTensor& /*tensor*/) {
  return nullptr;
}

void TensorFile::read_elements(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                               const ElementSink& sink) {
  if (stored_type_bytes(tensor.type) == 0) {
    throw Error::invalid_argument(
        fmt::format("{}: tensor {} is {}; numbers are needed", path_, kin::quoted(tensor.name), tensor.describe()));
  }
  const std::int64_t all = tensor.elements();
  if (first < 0 || count < 0 || first > all || count > all - first) {
    throw Error::invalid_argument(fmt::format("{}: tensor {} has {} elements; {} from {} on are asked for", path_,
                                              kin::quoted(tensor.name), all, count, first));
  }
  if (count > 0) read_stored(tensor, first, count, sink);
}

void TensorFile::read_rows(const StoredTensor& tensor, MatrixView to, std::int64_t first) {
  const std::int64_t cols = tensor.cols();
  const std::string what = fmt::format("{}: tensor {} is {}", path_, kin::quoted(tensor.name), tensor.describe());
  if (to.cols != cols || first < 0 || to.rows < 0 || first > tensor.rows() || to.rows > tensor.rows() - first) {
    throw Error::invalid_argument(
        fmt::format("{}; rows {} to {} of {} columns are asked for", what, first, first + to.rows, to.cols));
  }
  if (stored_type_bytes(tensor.type) == 0 || tensor.type == StoredType::kComplex64 ||
      tensor.type == StoredType::kComplex128) {
    throw Error::not_supported(what + ", which are no real numbers");
  }
  const auto width = static_cast<std::int64_t>(stored_type_bytes(tensor.type));
  read_elements(tensor, first * cols, to.rows * cols, [&](std::int64_t at, std::string_view bytes) {
    std::int64_t left = static_cast<std::int64_t>(bytes.size()) / width;
    at -= first * cols;
    while (left > 0) {
      const std::int64_t row = at / cols;
      const std::int64_t col = at % cols;
      const std::int64_t run = std::min(left, cols - col);
      if (const auto bad = internal::convert_to_float(tensor.type, bytes.data(), run, to.row(row) + col)) {
        throw Error::bad_data(fmt::format("{}; its element {} is {}, which float32 does not hold exactly", what,
                                          first * cols + at + bad->at, bad->value),
                              "convert it to a floating-point type first");
      }
      bytes.remove_prefix(static_cast<std::size_t>(run * width));
      at += run;
      left -= run;
    }
  });
}

Matrix TensorFile::read_matrix(const StoredTensor& tensor) {
  Matrix matrix(tensor.rows(), tensor.cols());
  read_rows(tensor, matrix.view());
  return matrix;
}

std::vector<std::int64_t> TensorFile::read_integers(const StoredTensor& tensor) {
  if (!internal::is_integer(tensor.type)) {
    throw Error::invalid_argument(
        fmt::format("{}: tensor {} is {}; integers are needed", path_, kin::quoted(tensor.name), tensor.describe()));
  }
  const auto width = static_cast<std::int64_t>(stored_type_bytes(tensor.type));
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.elements()));
  read_elements(tensor, 0, tensor.elements(), [&](std::int64_t at, std::string_view bytes) {
    const std::int64_t count = static_cast<std::int64_t>(bytes.size()) / width;
    if (const auto bad = internal::convert_to_integer(tensor.type, bytes.data(), count, values.data() + at)) {
      throw Error::bad_data(fmt::format("{}: element {} of tensor {} is {}, beyond 64 bits with a sign", path_,
                                        at + bad->at, kin::quoted(tensor.name), bad->value));
    }
  });
  return values;
}

std::vector<std::string> TensorFile::read_strings(const StoredTensor& tensor) {
  throw Error::invalid_argument(
      fmt::format("{}: tensor {} is {}; strings are needed", path_, kin::quoted(tensor.name), tensor.describe()));
}

void TensorFile::corrupt(const StoredTensor& tensor, const std::string& what) const {
  throw Error::corruption(fmt::format("{}: tensor {}: {}", path_, kin::quoted(tensor.name), what),
                          "the file is damaged; copy it again");
}

}  // namespace kin
