#pragma once

#include "error.hpp"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace idcl::pickle {

/// Reads a stretch of bytes from front to back and never past its end.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

  /// The next `count` bytes. Throws where fewer are left: the count comes from the file and may be anything.
  std::string_view take(std::uint64_t count, const char* what) {
    if (count > remaining()) {
      throw Error::at(offset_, std::string(what) + " of " + std::to_string(count) + " bytes, but only " + std::to_string(remaining()) +
                                   " are left: the file is cut short or damaged");
    }
    const auto taken = bytes_.substr(offset_, count);
    offset_ += count;
    return taken;
  }

  /// The next sizeof(T) bytes as a little-endian integer.
  template <std::integral T>
  T little(const char* what) {
    const auto bytes = take(sizeof(T), what);
    std::make_unsigned_t<T> value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<std::make_unsigned_t<T>>(
          value | static_cast<std::make_unsigned_t<T>>(std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i)));
    }
    return static_cast<T>(value);
  }

  /// The next eight bytes as a big-endian double.
  double big_double(const char* what) {
    const auto bytes = take(8, what);
    std::uint64_t bits = 0;
    for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
    return std::bit_cast<double>(bits);
  }

  /// The next bytes up to a line feed, which is dropped.
  std::string_view line(const char* what) {
    const auto end = bytes_.find('\n', offset_);
    if (end == std::string_view::npos)
      throw Error::at(offset_, std::string(what) + " without a line end: the file is cut short or damaged");
    const auto text = bytes_.substr(offset_, end - offset_);
    if (text.ends_with('\r')) {
      throw Error::at(
          offset_, std::string(what) +
                       " ends in CR LF: a checkout or copy in text mode turned the line ends of this protocol 0 pickle into Windows ones; "
                       "fetch it again in binary mode");
    }
    offset_ = end + 1;
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
};

}  // namespace idcl::pickle
