#include "data/layout.hpp"

#include <idcl/pickle/numpy.hpp>

#include <algorithm>

namespace merc::layout {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;
using pickle::Kind;
using pickle::Value;

namespace {

std::string noun(const Value& value) {
  if (value.is(Kind::Object)) return numpy::is_array(value) ? "array" : "object of class " + value.object().callable.global().full();
  return pickle::name(value.kind());
}

/// To a fixed depth and a fixed number of members: the structure may be endless.
std::string describe(const Value& value, int depth) {
  auto text = noun(value);
  if (!value.is_container()) return text;
  text += " of " + std::to_string(value.count());
  if (value.count() == 0 || depth == 0) return text;
  if (value.is(Kind::Dict)) {
    const auto& key = value.items()[0];
    const bool shown = key.is_string() && key.bytes().size() < 20 &&
                       std::all_of(key.bytes().begin(), key.bytes().end(), [](char c) { return c >= ' ' && c <= '~'; });
    return text + ", the first " + (shown ? std::string("\"").append(key.bytes()).append("\"") : noun(key)) + " -> " +
           describe(value.items()[1], depth - 1);
  }
  if (value.is(Kind::Tuple) || depth == 2) {
    constexpr std::size_t most = 16;
    text += " (";
    for (std::size_t i = 0; i < std::min(most, value.count()); ++i) text += (i == 0 ? "" : "; ") + describe(value.items()[i], depth - 1);
    return text + (value.count() > most ? "; ...)" : ")");
  }
  return text + ", the first " + describe(value.items()[0], depth - 1);
}

}  // namespace

std::string describe(const Value& value) {
  constexpr std::size_t most = 300;
  auto text = describe(value, 2);
  if (text.size() > most) text.replace(most, std::string::npos, "...");
  return text;
}

}  // namespace merc::layout
