#pragma once

#include "global.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace idcl::pickle {

/// What a Value holds.
enum class Kind : std::uint8_t {
  None,
  Bool,
  Int,     ///< fits in 64 bits
  BigInt,  ///< does not; kept as its bytes
  Float,
  Text,    ///< unicode, as UTF-8
  Bytes,   ///< bytes, bytearray, and the str of Python 2
  Latin1,  ///< bytes that the file spells as text in UTF-8, one character a byte (Python 3 writing protocol 0 to 2)
  List,
  Tuple,
  Set,         ///< set and frozenset
  Dict,        ///< items are key, value, key, value, ... in the order of the file
  Global,      ///< an allowed class or function, by name; never called
  Object,      ///< what a global would have made: its name, arguments and state
  Persistent,  ///< a reference to something outside of the stream, by its id
};

/// The word Python users know a kind by.
inline const char* name(Kind kind) {
  constexpr const char* names[] = {"None", "bool",  "int", "int",  "float", "str",    "bytes",        "bytes",
                                   "list", "tuple", "set", "dict", "class", "object", "persistent id"};
  return names[static_cast<int>(kind)];
}

class Value;
struct Object;
using Items = std::vector<Value>;

/// One Python object, 16 bytes, trivially copied: a number in place, or a view of what the Document owns.
///
/// Containers are shared as in Python, so a Value may contain itself: walk to a known depth, never to the end.
/// Destroying a Document touches each node once, however deep the nesting.
class Value {
 public:
  Value() = default;
  static Value boolean(bool value) { return Value(Kind::Bool, std::int64_t{value}); }
  static Value integer(std::int64_t value) { return Value(Kind::Int, value); }
  static Value real(double value) {
    Value result(Kind::Float, 0);
    result.payload_.real = value;
    return result;
  }
  static Value span(Kind kind, std::string_view bytes) {
    Value result(kind, 0);
    result.size_ = bytes.size() & ((std::uint64_t{1} << 56) - 1);
    result.payload_.bytes = bytes.data();
    return result;
  }
  static Value items(Kind kind, Items* items) {
    Value result(kind, 0);
    result.payload_.items = items;
    return result;
  }
  static Value global(const GlobalName* name) {
    Value result(Kind::Global, 0);
    result.payload_.global = name;
    return result;
  }
  static Value object(Object* object, Kind kind = Kind::Object) {
    Value result(kind, 0);
    result.payload_.object = object;
    return result;
  }

  Kind kind() const { return static_cast<Kind>(kind_); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_none() const { return is(Kind::None); }
  bool is_integer() const { return is(Kind::Int) || is(Kind::Bool); }
  bool is_sequence() const { return is(Kind::List) || is(Kind::Tuple); }
  bool is_collection() const { return is_sequence() || is(Kind::Set); }
  bool is_string() const { return is(Kind::Text) || is(Kind::Bytes) || is(Kind::Latin1); }
  bool is_container() const { return is_collection() || is(Kind::Dict); }

  /// Int, Bool.
  std::int64_t integer() const { return payload_.integer; }
  /// Float.
  double real() const { return payload_.real; }
  /// Text, Bytes, Latin1, BigInt: the bytes as they stand in the file.
  std::string_view bytes() const { return {payload_.bytes, size_}; }
  /// List, Tuple, Set, Dict.
  std::span<const Value> items() const { return *payload_.items; }
  Items& mutable_items() const { return *payload_.items; }
  /// Global.
  const GlobalName& global() const { return *payload_.global; }
  /// Object, Persistent (the id is its `arguments`).
  Object& object() const { return *payload_.object; }

  /// How many elements a container has; pairs of a dict.
  std::size_t count() const { return items().size() / (is(Kind::Dict) ? 2 : 1); }

 private:
  Value(Kind kind, std::int64_t integer) : kind_(static_cast<std::uint64_t>(kind)) { payload_.integer = integer; }

  std::uint64_t kind_ : 8 = 0;
  std::uint64_t size_ : 56 = 0;
  union {
    std::int64_t integer;
    double real;
    const char* bytes;
    Items* items;
    const GlobalName* global;
    Object* object;
  } payload_ = {0};
};
static_assert(sizeof(Value) == 16);

/// `callable(*arguments)` followed by `__setstate__(state)`, written down and not run.
struct Object {
  Value callable;
  Value arguments;
  Value state;
};

/// The value of a text key, the last one where there are several, as Python would have it; nullptr where there is none.
inline const Value* find(const Value& dict, std::string_view key) {
  if (!dict.is(Kind::Dict)) return nullptr;
  const auto items = dict.items();
  for (std::size_t i = items.size(); i >= 2; i -= 2) {
    if (items[i - 2].is_string() && items[i - 2].bytes() == key) return &items[i - 1];
  }
  return nullptr;
}

/// Is this an object that the given global would have made?
inline bool is_made_by(const Value& value, Global global) {
  return value.is(Kind::Object) && value.object().callable.is(Kind::Global) && value.object().callable.global().id == global;
}

}  // namespace idcl::pickle
