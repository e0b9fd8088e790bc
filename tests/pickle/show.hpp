#pragma once

#include <idcl/pickle/text.hpp>
#include <idcl/pickle/value.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace idcl::pickle::test {

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    out += digits;
  }
  return out;
}

/// One line for a value, the same as `show` in make_fixtures.py.
inline std::string show(const Value& value) {
  const auto joined = [&](bool sorted) {
    std::vector<std::string> parts;
    for (const auto& item : value.items()) parts.push_back(show(item));
    if (sorted) std::sort(parts.begin(), parts.end());
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : value.is(Kind::Dict) && i % 2 == 1 ? ": " : ", ") + parts[i];
    return out;
  };
  switch (value.kind()) {
    case Kind::None:
      return "None";
    case Kind::Bool:
      return value.integer() != 0 ? "True" : "False";
    case Kind::Int:
      return std::to_string(value.integer());
    case Kind::BigInt:
      return "bigint";
    case Kind::Float: {
      const auto bits = std::bit_cast<std::uint64_t>(value.real());
      std::string bytes;
      for (int i = 7; i >= 0; --i) bytes += static_cast<char>(bits >> (8 * i) & 0xFF);
      return "float:" + hex(bytes);
    }
    case Kind::Text:
      return "str:" + hex(text(value));
    case Kind::Bytes:
      return "bytes:" + hex(value.bytes());
    case Kind::Latin1:
      return "bytes:" + hex(utf8_to_latin1(value.bytes()).value_or("?"));
    case Kind::List:
      return "[" + joined(false) + "]";
    case Kind::Tuple:
      return "(" + joined(false) + ")";
    case Kind::Set:
      return "{" + joined(true) + "}";
    case Kind::Dict:
      return "{" + joined(false) + "}";
    case Kind::Global:
      return value.global().full();
    case Kind::Persistent:
      return "persistent " + show(value.object().arguments);
    case Kind::Object:
      break;
  }
  const auto& object = value.object();
  return object.callable.global().name + (object.state.is_none() ? "{}" : show(object.state));
}

}  // namespace idcl::pickle::test
