#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace idcl::pickle {

/// A pickle, array or archive that cannot be read: one line that says where, what and, where it helps, why.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  /// "at byte N: what", for what is wrong at a place of the stream.
  static Error at(std::size_t offset, const std::string& what) { return Error("at byte " + std::to_string(offset) + ": " + what); }
};

}  // namespace idcl::pickle
