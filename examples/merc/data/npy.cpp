#include "data/npy.hpp"

#include <idcl/pickle/cursor.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <string_view>

namespace merc {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;

namespace {

/// What stands behind `'key':` in the dict literal that a .npy header is.
std::string_view header_value(std::string_view header, const char* key) {
  const auto found = header.find(std::string("'").append(key).append("'"));
  const auto colon = found == std::string_view::npos ? found : header.find(':', found);
  if (colon == std::string_view::npos) throw pickle::Error(std::string("the .npy header has no '") + key + "': the file is damaged");
  const auto begin = header.find_first_not_of(' ', colon + 1);
  if (begin == std::string_view::npos) throw pickle::Error("the .npy header is cut short");
  return header.substr(begin);
}

std::vector<std::int64_t> parse_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  const auto end = text.find(')');
  if (!text.starts_with('(') || end == std::string_view::npos) throw pickle::Error("the .npy header has no shape: the file is damaged");
  text = text.substr(1, end - 1);
  while (text.find_first_of("0123456789") != std::string_view::npos) {
    text.remove_prefix(text.find_first_of("0123456789"));
    std::int64_t extent = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || shape.size() == 32) throw pickle::Error("the .npy header has an absurd shape: the file is damaged");
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
  return shape;
}

}  // namespace

NpyFile read_npy(const std::filesystem::path& path) {
  NpyFile result{pickle::File::open(path), {}};
  pickle::Cursor cursor(result.file.bytes());
  if (!result.file.bytes().starts_with("\x93NUMPY")) throw pickle::Error("is no .npy file; write it with numpy.save");
  cursor.take(6, "the .npy magic");
  const auto version = cursor.little<std::uint8_t>("the .npy version");
  cursor.take(1, "the .npy version");
  const std::uint64_t length =
      version == 1 ? cursor.little<std::uint16_t>("the .npy header") : cursor.little<std::uint32_t>("the .npy header");
  const auto header = cursor.take(length, "the .npy header");
  const auto code = header_value(header, "descr");
  const auto quote = code.find('\'', 1);
  if (!code.starts_with('\'') || quote == std::string_view::npos) throw pickle::Error("the .npy file holds records; expected numbers");
  result.array.dtype = numpy::dtype(code.substr(1, quote - 1));
  result.array.fortran = header_value(header, "fortran_order").starts_with("True");
  result.array.shape = parse_shape(header_value(header, "shape"));
  result.array.data = pickle::Value::span(pickle::Kind::Bytes, cursor.take(cursor.remaining(), "the .npy data"));
  numpy::check(result.array);
  return result;
}

std::string npy_header(std::int64_t rows, std::int64_t cols) {
  auto dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(cols) + "), }";
  constexpr std::size_t before = 10;  // magic, version, length
  dict.resize((before + dict.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  dict += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

void write_floats(std::ostream& out, std::span<const float> values) {
  if constexpr (std::endian::native == std::endian::little) {
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  } else {
    for (const float value : values) {
      auto bytes = std::bit_cast<std::array<char, sizeof(float)>>(value);
      std::reverse(bytes.begin(), bytes.end());
      out.write(bytes.data(), bytes.size());
    }
  }
}

}  // namespace merc
