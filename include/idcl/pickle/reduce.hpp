#pragma once

#include "document.hpp"
#include "error.hpp"
#include "text.hpp"

#include <span>
#include <string>
#include <string_view>

namespace idcl::pickle {

/// What calling an allowed global with a tuple of arguments means, worked out here: nothing of the file's choosing is run.
///
/// Builtin containers become the containers they would be, `_codecs.encode` the bytes it spells, and all others an Object that
/// keeps the global and its arguments for the reader of arrays, samples or tensors. Throws where the arguments make no sense.
inline Value reduce(Document& document, const Value& callable, const Value& arguments);

namespace detail {

[[noreturn]] inline void refuse_call(const GlobalName& global, const char* why) {
  throw Error("cannot make sense of a call of " + global.full() + ": " + why);
}

/// set(iterable), frozenset(iterable).
inline Value make_set(Document& document, const GlobalName& global, std::span<const Value> arguments) {
  if (arguments.empty()) return Value::items(Kind::Set, document.make_items());
  if (arguments.size() != 1 || !arguments[0].is_collection()) refuse_call(global, "expected one list");
  return Value::items(Kind::Set, &arguments[0].mutable_items());
}

/// dict(), OrderedDict([[key, value], ...]), defaultdict(factory).
inline Value make_dict(Document& document, const GlobalName& global, std::span<const Value> arguments) {
  auto* items = document.make_items();
  if (arguments.size() == 1 && arguments[0].is_sequence()) {
    items->reserve(2 * arguments[0].count());
    for (const auto& pair : arguments[0].items()) {
      if (!pair.is_sequence() || pair.count() != 2) refuse_call(global, "expected a list of pairs");
      items->push_back(pair.items()[0]);
      items->push_back(pair.items()[1]);
    }
  } else if (arguments.size() == 1 && arguments[0].is(Kind::Dict)) {
    *items = arguments[0].mutable_items();
  } else if (!arguments.empty() && !arguments[0].is(Kind::Global) && !arguments[0].is_none()) {
    refuse_call(global, "expected nothing, a factory or pairs");
  }
  return Value::items(Kind::Dict, items);
}

inline bool is_latin1(const Value& encoding) {
  const auto name = encoding.is_string() ? encoding.bytes() : std::string_view();
  return name == "latin1" || name == "latin-1" || name == "iso-8859-1";
}

/// bytes(), bytearray(), bytearray(bytes), bytearray(text, "latin-1"), encode(text, "latin1").
inline Value make_bytes(const GlobalName& global, std::span<const Value> arguments) {
  if (arguments.empty()) return Value::span(Kind::Bytes, {});
  const auto& source = arguments[0];
  if (arguments.size() == 1 && (source.is(Kind::Bytes) || source.is(Kind::Latin1))) return source;
  if (arguments.size() == 2 && source.is(Kind::Text) && is_latin1(arguments[1])) return Value::span(Kind::Latin1, source.bytes());
  refuse_call(global, "expected bytes, or text and \"latin1\"");
}

/// _reconstructor(class, object, None), __newobj__(class, ...): an instance of the class, without attributes yet.
inline Value make_instance(Document& document, const GlobalName& global, std::span<const Value> arguments) {
  if (arguments.empty() || !arguments[0].is(Kind::Global)) refuse_call(global, "expected a class");
  auto* rest = document.make_items();
  if (global.id == Global::NewObject) rest->assign(arguments.begin() + 1, arguments.end());
  return reduce(document, arguments[0], Value::items(Kind::Tuple, rest));
}

}  // namespace detail

inline Value reduce(Document& document, const Value& callable, const Value& arguments) {
  if (!callable.is(Kind::Global))
    throw Error(std::string("cannot call a ") + name(callable.kind()) + ": only allowed classes and functions can make objects");
  if (!arguments.is(Kind::Tuple))
    throw Error(std::string("the arguments of ") + callable.global().full() + " are a " + name(arguments.kind()) + ", not a tuple");
  const auto& global = callable.global();
  switch (global.id) {
    case Global::Set:
    case Global::FrozenSet:
      return detail::make_set(document, global, arguments.items());
    case Global::Dict:
      return detail::make_dict(document, global, arguments.items());
    case Global::Bytes:
    case Global::ByteArray:
    case Global::Encode:
      return detail::make_bytes(global, arguments.items());
    case Global::Reconstructor:
    case Global::NewObject:
      return detail::make_instance(document, global, arguments.items());
    case Global::TorchSize:
      return arguments.count() == 1 && arguments.items()[0].is_sequence() ? arguments.items()[0] : arguments;
    case Global::Type:
    case Global::NumpyArray:
    case Global::TorchStorage:
    case Global::TorchDType:
      detail::refuse_call(global, "it only stands as an argument");
    case Global::PlainObject:
    case Global::Sample:
    case Global::NumpyReconstruct:
    case Global::NumpyDType:
    case Global::NumpyScalar:
    case Global::NumpyFromBuffer:
    case Global::TorchTensor:
    case Global::TorchParameter:
      break;
  }
  return Value::object(document.make_object({callable, arguments, {}}));
}

}  // namespace idcl::pickle
