#pragma once

#include <string>
#include <string_view>

namespace merc {

/// Text of a file as a terminal may get it, in one line: control characters as \x1B, all else as it is.
inline std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string line;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code >= 0x20 && code != 0x7F)
      line += letter;
    else
      line.append("\\x").append(1, digits[code >> 4]).append(1, digits[code & 15]);
  }
  return line;
}

}  // namespace merc
