#pragma once

#include "error.hpp"
#include "value.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace idcl::pickle {

/// Appends a code point in UTF-8; what Unicode has no character for becomes U+FFFD.
inline void append_utf8(std::string& out, std::uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Takes one code point from the front of UTF-8 text (surrogates as Python writes them included), or nothing where it is not UTF-8.
inline std::optional<std::uint32_t> take_utf8(std::string_view& text) {
  const auto byte = [&](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >> 5 == 0x6 ? 2 : first >> 4 == 0xE ? 3 : first >> 3 == 0x1E ? 4 : 0;
  if (length == 0 || length > text.size()) return std::nullopt;
  std::uint32_t code = length == 1 ? first : first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 0x2) return std::nullopt;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10FFFF) return std::nullopt;
  text.remove_prefix(length);
  return code;
}

/// Bytes as Latin-1, in UTF-8: byte 0x92 becomes U+0092.
inline std::string latin1_to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char byte : bytes) append_utf8(out, static_cast<unsigned char>(byte));
  return out;
}

/// The bytes that UTF-8 text of code points below 256 stands for; nothing where it holds other ones.
inline std::optional<std::string> utf8_to_latin1(std::string_view text) {
  std::string out(text.size(), '\0');
  auto* end = out.data();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      *end++ = static_cast<char>(first);
      continue;
    }
    const auto second = i + 1 < text.size() ? static_cast<unsigned char>(text[++i]) : 0;
    if ((first != 0xC2 && first != 0xC3) || (second & 0xC0) != 0x80) return std::nullopt;
    *end++ = static_cast<char>((first & 0x3) << 6 | (second & 0x3F));
  }
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

/// A Text, or bytes read as Latin-1 (the str of Python 2), as valid UTF-8. Throws for other kinds and for broken UTF-8.
inline std::string text(const Value& value) {
  if (value.is(Kind::Bytes)) return latin1_to_utf8(value.bytes());
  if (!value.is(Kind::Text) && !value.is(Kind::Latin1)) throw Error(std::string("expected a string, got ") + name(value.kind()));
  std::string out;
  out.reserve(value.bytes().size());
  for (auto rest = value.bytes(); !rest.empty();) {
    const auto code = take_utf8(rest);
    if (!code) throw Error("a string is not valid UTF-8: the file is damaged");
    append_utf8(out, *code);
  }
  return out;
}

namespace detail {

/// Takes up to `most` digits of a base from the front; nothing where there are fewer than `least`.
inline std::optional<std::uint32_t> take_digits(std::string_view& text, int base, std::size_t least, std::size_t most) {
  std::uint32_t code = 0;
  const auto* begin = text.data();
  const auto [end, error] = std::from_chars(begin, begin + std::min(most, text.size()), code, base);
  const auto count = static_cast<std::size_t>(end - begin);
  if (error != std::errc() || count < least) return std::nullopt;
  text.remove_prefix(count);
  return code;
}

}  // namespace detail

/// The argument of STRING: what Python's repr makes of bytes, quotes and backslash escapes included.
inline std::string unquote(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"')) {
    throw Error("the argument of STRING is not in quotes: the file is damaged, perhaps by a change of line ends");
  }
  line = line.substr(1, line.size() - 2);
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (line.empty()) throw Error("the argument of STRING ends in a backslash");
    const char escape = line.front();
    if (escape >= '0' && escape <= '7') {
      out += static_cast<char>(*detail::take_digits(line, 8, 1, 3));
      continue;
    }
    line.remove_prefix(1);
    constexpr std::string_view letters = "\\'\"abfnrtv";
    constexpr std::string_view meanings = "\\'\"\a\b\f\n\r\t\v";
    if (const auto i = letters.find(escape); i != std::string_view::npos) {
      out += meanings[i];
    } else if (escape == 'x') {
      const auto code = detail::take_digits(line, 16, 2, 2);
      if (!code) throw Error("the argument of STRING has a broken \\x escape");
      out += static_cast<char>(*code);
    } else {
      out += '\\';
      out += escape;
    }
  }
  return out;
}

/// The argument of UNICODE, raw-unicode-escape: Latin-1 with `\uXXXX` and `\UXXXXXXXX`. As UTF-8.
inline std::string unescape_unicode(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    const bool escape = line.size() >= 2 && line[0] == '\\' && (line[1] == 'u' || line[1] == 'U');
    if (!escape) {
      append_utf8(out, static_cast<unsigned char>(line.front()));
      line.remove_prefix(1);
      continue;
    }
    const std::size_t digits = line[1] == 'u' ? 4 : 8;
    line.remove_prefix(2);
    const auto code = detail::take_digits(line, 16, digits, digits);
    if (!code) throw Error("the argument of UNICODE has a broken escape");
    append_utf8(out, *code);
  }
  return out;
}

}  // namespace idcl::pickle
