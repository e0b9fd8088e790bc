#include "data/layout.hpp"

#include <idcl/pickle/numpy.hpp>

#include <algorithm>
#include <span>

namespace merc::layout {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;
using pickle::Kind;
using pickle::Value;

namespace {

constexpr std::size_t few = 8;

std::string noun(const Value& value) {
  if (value.is(Kind::Object)) return numpy::is_array(value) ? "array" : "object of class " + value.object().callable.global().full();
  return pickle::name(value.kind());
}

std::string counted(const Value& value) { return noun(value) + (value.is_container() ? " of " + std::to_string(value.count()) : ""); }

/// The keys of a dict, `("vid", "labels", ...)`; empty where the first is no short text.
std::string keys(const Value& dict) {
  std::string text;
  const auto items = dict.items();
  for (std::size_t i = 0; i < std::min(2 * few, items.size()); i += 2) {
    const auto& key = items[i];
    const bool shown = key.is_string() && key.bytes().size() < 20 &&
                       std::all_of(key.bytes().begin(), key.bytes().end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!shown) return text.empty() ? "" : text + ", ...)";
    text.append(i == 0 ? " (\"" : ", \"").append(key.bytes()).append("\"");
  }
  return text + (dict.count() > few ? ", ...)" : ")");
}

/// A member in a few words, to a fixed depth, as the structure may be endless: "dict of 20 str -> list of 5 array".
std::string brief(const Value& value) {
  auto text = counted(value);
  if (!value.is_container() || value.count() == 0) return text;
  if (!value.is(Kind::Dict)) return text + ' ' + noun(value.items()[0]);
  if (value.count() <= few)
    if (const auto names = keys(value); !names.empty()) return text + names;
  const auto& first = value.items()[1];
  return text + ' ' + noun(value.items()[0]) + " -> " + counted(first) +
         (first.is_sequence() && first.count() > 0 ? ' ' + noun(first.items()[0]) : "");
}

/// The members of a tuple or list, those alike told once: "(4 x dict of 20 str -> list of 5 array; list of 12 str)".
std::string members(std::span<const Value> values) {
  constexpr std::size_t most = 16;
  std::string text;
  const auto shown = std::min(most, values.size());
  for (std::size_t i = 0, next = 0; i < shown; i = next) {
    const auto one = brief(values[i]);
    for (next = i + 1; next < shown && brief(values[next]) == one;) ++next;
    text += (i == 0 ? "" : "; ") + (next - i > 1 ? std::to_string(next - i) + " x " : "") + one;
  }
  return text + (values.size() > most ? "; ..." : "");
}

}  // namespace

std::string describe(const Value& value) {
  constexpr std::size_t most = 440;
  auto text = counted(value);
  if (value.is_container() && value.count() > 0)
    text += value.is(Kind::Dict) ? keys(value) + ", the first " + noun(value.items()[0]) + " -> " + brief(value.items()[1])
                                 : " (" + members(value.items()) + ")";
  if (text.size() > most) text.replace(most, std::string::npos, "...");
  return text;
}

}  // namespace merc::layout
