#pragma once

#include "error.hpp"
#include "half.hpp"
#include "text.hpp"
#include "value.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace idcl::pickle::numpy {

/// The type of an array's elements: floats of 2, 4 and 8 bytes, integers of 1 to 8, bool.
struct DType {
  char kind = 'f';  ///< 'f', 'i', 'u' or 'b', as numpy says it
  std::size_t size = 4;
  bool big_endian = false;

  /// "float32", "int64", "bool", ...
  std::string name() const {
    if (kind == 'b') return "bool";
    return (kind == 'f' ? "float" : kind == 'i' ? "int" : "uint") + std::to_string(8 * size);
  }
};

/// An array as the pickle holds it: a view, nothing is copied or converted until `visit`.
struct Array {
  DType dtype;
  std::vector<std::int64_t> shape;
  bool fortran = false;  ///< the first index runs fastest
  Value data;            ///< Bytes or Latin1

  std::int64_t elements() const {
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;  // the other extents may be absurd then
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    return count;
  }
};

/// The dtype that "<f4", ">i8", "b1", ... stands for. Throws for objects, strings, complex numbers, dates and records.
inline DType dtype(std::string_view code) {
  const auto whole = code;
  DType result;
  if (!code.empty() && std::string_view("<>=|").find(code.front()) != std::string_view::npos) {
    result.big_endian = code.front() == '>';
    code.remove_prefix(1);
  }
  constexpr std::string_view known[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
  if (std::find(std::begin(known), std::end(known), code) == std::end(known)) {
    const bool printable = std::all_of(whole.begin(), whole.end(), [](char c) { return c > ' ' && c <= '~'; });
    throw Error("an array of dtype \"" + (printable ? std::string(whole.substr(0, 20)) : "?") + "\"" +
                (code.starts_with('O') ? " (Python objects)" : "") +
                ": expected numbers (f2, f4, f8, i1 to i8, u1 to u8, b1); convert it with .astype(\"float32\")");
  }
  result.kind = code[0];
  result.size = static_cast<std::size_t>(code[1] - '0');
  return result;
}

namespace detail {

/// Bytes that a Latin1 value spells: one a code point, so bytes of the file that do not continue one.
inline std::size_t size(const Value& data) {
  const auto bytes = data.bytes();
  if (!data.is(Kind::Latin1)) return bytes.size();
  return static_cast<std::size_t>(
      std::count_if(bytes.begin(), bytes.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace detail

/// Throws where the data are not as many bytes as shape and dtype need.
inline void check(const Array& array) {
  if (!array.data.is(Kind::Bytes) && !array.data.is(Kind::Latin1)) {
    throw Error(std::string("an array whose data are a ") + name(array.data.kind()) + ": the file is damaged");
  }
  const auto have = detail::size(array.data);
  std::size_t need = array.dtype.size;
  std::string extents;
  bool fits = true;
  const bool empty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
  for (const auto extent : array.shape) {
    extents += (extents.empty() ? "" : ", ") + std::to_string(extent);
    const auto factor = static_cast<std::size_t>(extent);
    fits = fits && (empty || factor <= have / need);
    if (fits) need *= factor;
  }
  if (!fits || (empty ? 0 : need) != have) {
    throw Error("an array of shape [" + extents + "], " + array.dtype.name() + ", has " + std::to_string(have) +
                " bytes of data, which does not fit: the file is damaged");
  }
}

namespace detail {

inline const Value& at(const Value& tuple, std::size_t index, const char* what) {
  if (!tuple.is_sequence() || index >= tuple.count()) throw Error(std::string(what) + " is incomplete: the file is damaged");
  return tuple.items()[index];
}

/// numpy.dtype("f4", False, True), then __setstate__((3, "<", None, ...)), as "<f4".
inline std::string dtype_code(const Value& value) {
  if (!is_made_by(value, Global::NumpyDType))
    throw Error(std::string("an array whose dtype is a ") + name(value.kind()) + ": the file is damaged");
  const auto& object = value.object();
  const auto& code = at(object.arguments, 0, "a dtype");
  if (!code.is_string()) throw Error("a dtype without its code: the file is damaged");
  if (!object.state.is(Kind::Tuple)) return std::string(code.bytes());
  const auto& order = at(object.state, 1, "a dtype's state");
  return std::string(order.is_string() ? order.bytes() : "|") + std::string(code.bytes());
}

inline DType dtype(const Value& value) { return numpy::dtype(dtype_code(value)); }

inline std::vector<std::int64_t> shape(const Value& value) {
  if (value.is(Kind::Int)) return {value.integer()};
  if (!value.is_sequence()) throw Error("an array without a shape: the file is damaged");
  if (value.count() > 32) throw Error("an array of more than 32 dimensions: the file is damaged");
  std::vector<std::int64_t> result;
  for (const auto& extent : value.items()) {
    if (!extent.is(Kind::Int) || extent.integer() < 0) throw Error("an array with a negative or missing extent: the file is damaged");
    result.push_back(extent.integer());
  }
  return result;
}

inline Array checked(Array array) {
  check(array);
  return array;
}

/// numpy 1 and 2, protocols 0 to 4: _reconstruct(ndarray, (0,), b"b"), then __setstate__((1, shape, dtype, fortran, data)).
inline Array reconstructed(const Value& state) {
  if (!state.is(Kind::Tuple) || state.count() < 5) throw Error("an array without its state: the file is damaged");
  const auto& fortran = at(state, 3, "an array");
  return checked({dtype(at(state, 2, "an array")), shape(at(state, 1, "an array")), fortran.is_integer() && fortran.integer() != 0,
                  at(state, 4, "an array")});
}

/// Protocol 5: _frombuffer(data, dtype, shape, "C" or "F").
inline Array from_buffer(const Value& arguments) {
  const auto& order = at(arguments, 3, "an array");
  return checked({dtype(at(arguments, 1, "an array")), shape(at(arguments, 2, "an array")), order.is_string() && order.bytes() == "F",
                  at(arguments, 0, "an array")});
}

}  // namespace detail

/// The array that a value is, or nothing where it is none. Throws where it is a damaged one or one of no numbers.
///
/// Numpy scalars come as arrays of shape [].
inline std::optional<Array> array(const Value& value) {
  if (is_made_by(value, Global::NumpyReconstruct)) return detail::reconstructed(value.object().state);
  if (is_made_by(value, Global::NumpyFromBuffer)) return detail::from_buffer(value.object().arguments);
  if (is_made_by(value, Global::NumpyScalar)) {
    const auto& arguments = value.object().arguments;
    return detail::checked(
        {detail::dtype(detail::at(arguments, 0, "a numpy scalar")), {}, false, detail::at(arguments, 1, "a numpy scalar")});
  }
  return std::nullopt;
}

/// Is this an array or a numpy scalar? Says nothing about whether it is sound.
inline bool is_array(const Value& value) {
  return is_made_by(value, Global::NumpyReconstruct) || is_made_by(value, Global::NumpyFromBuffer) ||
         is_made_by(value, Global::NumpyScalar);
}

namespace detail {

/// Element `index` of packed data, of a type of T's size, in either byte order.
template <class T>
T element(const char* data, std::int64_t index, bool big_endian) {
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, data + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  if (big_endian != (std::endian::native == std::endian::big)) std::reverse(std::begin(bytes), std::end(bytes));
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// Elements [begin, end) in row-major order.
template <class T, class F>
void visit_as(const Array& array, const char* data, std::int64_t begin, std::int64_t end, F& each) {
  const auto dims = array.shape.size();
  if (!array.fortran || dims < 2) {
    for (std::int64_t i = begin; i < end; ++i) each(element<T>(data, i, array.dtype.big_endian));
    return;
  }
  std::vector<std::int64_t> index(dims, 0);
  for (std::size_t d = dims; begin < end && d-- > 0;) {
    std::int64_t below = 1;
    for (std::size_t e = d + 1; e < dims; ++e) below *= array.shape[e];
    index[d] = begin / below % array.shape[d];
  }
  for (std::int64_t i = begin; i < end; ++i) {
    std::int64_t offset = 0;
    for (std::size_t d = dims; d-- > 0;) offset = offset * array.shape[d] + index[d];
    each(element<T>(data, offset, array.dtype.big_endian));
    for (std::size_t d = dims; d-- > 0 && ++index[d] == array.shape[d];) index[d] = 0;
  }
}

}  // namespace detail

/// Calls `each(element)` for every element in row-major order, whatever the order in the file, with the element's own type
/// (Half, float, double, int8_t ... uint64_t). Cost: one pass; data spelled as Latin-1 text are decoded first.
template <class F>
void visit(const Array& array, F&& each) {
  visit(array, 0, array.elements(), each);
}

/// The same for the elements from `begin` up to `end`, 0 <= begin <= end <= elements().
template <class F>
void visit(const Array& array, std::int64_t begin, std::int64_t end, F&& each) {
  std::string decoded;
  const char* data = array.data.bytes().data();
  if (array.data.is(Kind::Latin1)) {
    auto bytes = utf8_to_latin1(array.data.bytes());
    if (!bytes) throw Error("an array whose data are text beyond Latin-1: the file is damaged");
    decoded = std::move(*bytes);
    data = decoded.data();
  }
  const auto key = std::pair(array.dtype.kind, array.dtype.size);
  using detail::visit_as;
  if (key == std::pair('f', std::size_t{4})) return visit_as<float>(array, data, begin, end, each);
  if (key == std::pair('f', std::size_t{8})) return visit_as<double>(array, data, begin, end, each);
  if (key == std::pair('f', std::size_t{2})) return visit_as<Half>(array, data, begin, end, each);
  if (key == std::pair('i', std::size_t{8})) return visit_as<std::int64_t>(array, data, begin, end, each);
  if (key == std::pair('i', std::size_t{4})) return visit_as<std::int32_t>(array, data, begin, end, each);
  if (key == std::pair('i', std::size_t{2})) return visit_as<std::int16_t>(array, data, begin, end, each);
  if (key == std::pair('i', std::size_t{1})) return visit_as<std::int8_t>(array, data, begin, end, each);
  if (key == std::pair('u', std::size_t{8})) return visit_as<std::uint64_t>(array, data, begin, end, each);
  if (key == std::pair('u', std::size_t{4})) return visit_as<std::uint32_t>(array, data, begin, end, each);
  if (key == std::pair('u', std::size_t{2})) return visit_as<std::uint16_t>(array, data, begin, end, each);
  visit_as<std::uint8_t>(array, data, begin, end, each);  // 'u1' and 'b1', which may hold any byte
}

namespace detail {

inline bool is_text(std::string_view dtype) { return dtype.find_first_of("SU") != dtype.npos; }

/// The bytes that a value spells; empty where it spells none.
inline std::string bytes_of(const Value& data) {
  if (data.is(Kind::Bytes)) return std::string(data.bytes());
  return data.is(Kind::Latin1) ? utf8_to_latin1(data.bytes()).value_or("") : "";
}

/// Bytes of a text dtype, padded by zeros at the end, in UTF-8.
inline std::string text(std::string_view bytes, std::string_view dtype) {
  if (dtype.find('U') == dtype.npos) return latin1_to_utf8(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
  std::string result;
  for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
    const auto character = element<std::uint32_t>(bytes.data(), static_cast<std::int64_t>(i), dtype.starts_with('>'));
    if (character != 0) append_utf8(result, character);
  }
  return result;
}

}  // namespace detail

/// The text of a numpy string scalar (numpy.str_, numpy.bytes_), in UTF-8; nothing for others.
inline std::optional<std::string> string(const Value& value) {
  if (!is_made_by(value, Global::NumpyScalar)) return std::nullopt;
  const auto& arguments = value.object().arguments;
  const auto code = detail::dtype_code(detail::at(arguments, 0, "a numpy scalar"));
  const auto& data = detail::at(arguments, 1, "a numpy scalar");
  if (!detail::is_text(code) || (!data.is(Kind::Bytes) && !data.is(Kind::Latin1))) return std::nullopt;
  return detail::text(detail::bytes_of(data), code);
}

/// The texts of a vector of them, numpy's own (dtypes S and U) or Python's (dtype object), in UTF-8; nothing for others. Throws for a damaged
/// one.
inline std::optional<std::vector<std::string>> strings(const Value& value) {
  const bool buffer = is_made_by(value, Global::NumpyFromBuffer);
  if (!buffer && !is_made_by(value, Global::NumpyReconstruct)) return std::nullopt;
  const auto& parts = buffer ? value.object().arguments : value.object().state;
  const auto code = detail::dtype_code(detail::at(parts, buffer ? 1 : 2, "an array"));
  const auto shape = detail::shape(detail::at(parts, buffer ? 2 : 1, "an array"));
  const auto& data = detail::at(parts, buffer ? 0 : 4, "an array");
  if (shape.size() != 1) return std::nullopt;
  const auto count = static_cast<std::size_t>(shape[0]);
  std::vector<std::string> result;
  if (code.find('O') != code.npos) {
    if (!data.is_sequence() || data.count() != count) return std::nullopt;
    for (const auto& item : data.items()) {
      auto one = item.is_string() ? pickle::text(item) : string(item);
      if (!one) return std::nullopt;
      result.push_back(std::move(*one));
    }
    return result;
  }
  if (!detail::is_text(code)) return std::nullopt;
  const auto bytes = detail::bytes_of(data);
  const auto width = count == 0 ? 0 : bytes.size() / count;
  if (width * count != bytes.size() || (count > 0 && width == 0)) throw Error("an array of text whose data do not fit: the file is damaged");
  for (std::size_t i = 0; i < count; ++i) result.push_back(detail::text(std::string_view(bytes).substr(i * width, width), code));
  return result;
}

/// The integer that an int, a bool, a numpy integer or an array of one integer is; nothing for others.
inline std::optional<std::int64_t> integer(const Value& value) {
  if (value.is_integer()) return value.integer();
  if (!is_array(value) || string(value)) return std::nullopt;
  const auto scalar = array(value);
  if (scalar->dtype.kind == 'f' || scalar->elements() != 1) return std::nullopt;
  std::int64_t result = 0;
  visit(*scalar, [&](auto element) { result = static_cast<std::int64_t>(element); });
  return result;
}

}  // namespace idcl::pickle::numpy
